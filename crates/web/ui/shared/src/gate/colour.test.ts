import { expect, test } from 'vitest';
import fixture from '../../../../../../fixtures/gate/codes.json';
import { COLOURS, colourOfKey, keyOfCode } from './colour.ts';

test('a code tells the name of its keys', () => {
  for (const { code } of fixture.codes) expect(keyOfCode(code)).toBe(fixture.kid);
  for (const strange of ['', 'G1:', 'HC1:ABC', 'G1:BB8', 'https://example.com/']) expect(keyOfCode(strange)).toBeNull();
});

test('a name has one colour, and every colour is some name’s', () => {
  const found = new Set(Array.from({ length: 256 }, (_, byte) => colourOfKey(`${byte.toString(16).padStart(2, '0')}b2c3d4`)));
  expect(found).toEqual(new Set(COLOURS));
  expect(colourOfKey('a1b2c3d4')).toBe(colourOfKey('a1ffffff'));
});
