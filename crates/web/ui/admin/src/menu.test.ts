import { expect, test } from 'vitest';
import type { Me } from '#shared/api/types.ts';
import { menuOf, standsOpen } from './menu.ts';

const everything = new Proxy({}, { get: () => true }) as Me['may'];
const figures = { see_statistics: true } as Me['may'];

test('every entry has a sign of its own', () => {
  const icons = menuOf(everything).flatMap(({ entries }) => entries.map(({ icon }) => icon));
  expect(icons.length).toBeGreaterThan(20);
  expect(new Set(icons).size).toBe(icons.length);
});

test('a long menu folds, but for every day and where one is', () => {
  const long = menuOf(everything);
  const open = (here: Parameters<typeof standsOpen>[2]) => long.filter(({ group }) => standsOpen(long, group, here)).map(({ group }) => group);
  expect(open('statistics')).toEqual(['daily']);
  expect(open('kinds')).toEqual(['daily', 'directory']);
  const short = menuOf(figures);
  expect(short.every(({ group }) => standsOpen(short, group, undefined))).toBe(true);
});
