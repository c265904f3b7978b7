import { expect, test } from 'vitest';
import { zh } from '../../locale/zh.ts';
import { ACTS, numbersOf } from './acts.ts';

test('every act has words', () => {
  expect(new Set(ACTS).size).toBe(ACTS.length);
  expect(ACTS.filter((act) => !(`audit.act.${act}` in zh))).toEqual([]);
});

test('numbers are taken apart however they are separated', () => {
  expect(numbersOf(' 201801,201802\n201803；201804、 ')).toEqual(['201801', '201802', '201803', '201804']);
  expect(numbersOf('  ')).toEqual([]);
});
