import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isCounty, loadRegions, regionPath, regionsUnder } from './regions.ts';

const regions = await loadRegions();

test('the names are those of the server', () => {
  const lines = [...regions].map(([code, name]) => `${code} ${name}`).sort();
  const file = readFileSync(new URL('../../../../../../fixtures/regions.txt', import.meta.url), 'utf8');
  expect(file.trimEnd().split('\n')).toEqual(lines);
});

test('a path says each name once', () => {
  expect(regionPath(regions, '410105')).toBe('河南省郑州市金水区');
  expect(regionPath(regions, '110101')).toBe('北京市东城区');
  expect(regionPath(regions, '429004')).toBe('湖北省仙桃市');
  expect(regionPath(regions, '410000')).toBe('河南省');
  expect(regionPath(regions, 'x')).toBe('x');
});

test('from the provinces down to the counties', () => {
  const provinces = regionsUnder(regions, null);
  expect(provinces.length).toBeGreaterThan(30);
  expect(provinces.every(({ code }) => code.endsWith('0000'))).toBe(true);
  expect(regionsUnder(regions, '410000').map(({ name }) => name)).toContain('郑州市');
  expect(regionsUnder(regions, '110000').map(({ name }) => name)).toEqual(['北京市']);
  const counties = regionsUnder(regions, '410100');
  expect(counties).toContainEqual({ code: '410105', name: '金水区' });
  expect(counties.every(({ code }) => isCounty(regions, code))).toBe(true);
});
