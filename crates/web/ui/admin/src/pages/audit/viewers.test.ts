import { expect, test } from 'vitest';
import { cell, csvOf } from './viewers.ts';

test('no cell is taken for a formula', () => {
  for (const formula of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '＝1']) expect(cell(formula)).toBe(`"'${formula}"`);
  expect(cell('张三')).toBe('"张三"');
  expect(cell('a"b')).toBe('"a""b"');
});

test('a row says who saw how many, what and when', () => {
  const viewer = { number: '1001', name: '=王', people: 2, looks: 3, fields: ['phone'], first_at: 'a', last_at: 'b' };
  const text = csvOf(['学号'], [viewer], (one) => one.fields.join('、'), (at) => `at ${at}`);
  expect(text).toBe('\ufeff"学号"\r\n"1001","\'=王","2","3","phone","at a","at b"\r\n');
});
