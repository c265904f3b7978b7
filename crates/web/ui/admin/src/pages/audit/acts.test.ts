import { expect, test } from 'vitest';
import { zh } from '../../locale/zh.ts';
import { ACTS, exportOf, numbersOf } from './acts.ts';

test('every act has words', () => {
  expect(new Set(ACTS).size).toBe(ACTS.length);
  expect(ACTS.filter((act) => !(`audit.act.${act}` in zh))).toEqual([]);
});

test('an address names an export by its number or not at all', () => {
  expect(exportOf('12')).toBe('12');
  expect([exportOf(undefined), exportOf(['12']), exportOf('1e3'), exportOf('1'.repeat(16))]).toEqual(['', '', '', '']);
});

test('numbers are taken apart however they are separated', () => {
  expect(numbersOf(' 201801,201802\n201803；201804、 ')).toEqual(['201801', '201802', '201803', '201804']);
  expect(numbersOf('  ')).toEqual([]);
});
