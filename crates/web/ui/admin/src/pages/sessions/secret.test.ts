import { expect, test } from 'vitest';
import { inFours } from './secret.ts';

test('a secret is read in fours', () => {
  expect(inFours('GEZDGNBVGY3TQOJQ')).toBe('GEZD GNBV GY3T QOJQ');
  expect(inFours('ABCDE')).toBe('ABCD E');
  expect(inFours('')).toBe('');
});
