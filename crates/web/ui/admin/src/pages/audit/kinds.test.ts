import { expect, test } from 'vitest';
import { zh } from '../../locale/zh.ts';
import { KINDS, REASONS } from './kinds.ts';

test('every kind and every reason has words', () => {
  expect(KINDS.filter((kind) => !(`security.kind.${kind}` in zh))).toEqual([]);
  expect(REASONS.filter((reason) => !(`security.reason.${reason}` in zh))).toEqual([]);
});
