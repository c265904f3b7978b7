import { expect, test } from 'vitest';
import type { Field } from '../api/types.ts';
import { field, fields } from '../testing/forms.ts';
import { checkAnswer, checkAnswers } from './validate.ts';

const kind = (name: string, value: unknown) => checkAnswer(field(name), value)?.kind ?? null;

test.each<[string, unknown, string | null]>([
  ['temperature', 36.5, null],
  ['temperature', 34, null],
  ['temperature', 43, null],
  ['temperature', 33.9, 'out_of_range'],
  ['temperature', 99, 'out_of_range'],
  ['temperature', undefined, 'missing'],
  ['temperature', '36.5', 'missing'],
  ['place', '非疫区', null],
  ['place', '火星', 'unknown_choice'],
  ['place', '', 'missing'],
  ['abnormal', false, null],
  ['abnormal', undefined, 'missing'],
  ['abnormal', '否', 'missing'],
  ['symptoms', ['发热', '其他'], null],
  ['symptoms', ['头痛'], 'unknown_choice'],
  ['symptoms', [], 'missing'],
  ['treatment', '', null],
  ['treatment', '好'.repeat(200), null],
  ['treatment', '好'.repeat(201), 'too_long'],
  // One character for people and for the schema, two for UTF-16.
  ['treatment', '𠮷'.repeat(200), null],
])('%s %j: %s', (name, value, expected) => {
  expect(kind(name, value)).toBe(expected);
});

test('tells the limits as the field writes its numbers', () => {
  expect(checkAnswer(field('temperature'), 50)).toMatchObject({ minimum: '34.0', maximum: '43.0' });
  const open: Field = { name: 'n', title: 'N', kind: 'number', required: true, sensitive: false, carry_over: 'ask' };
  expect(checkAnswer({ ...open, minimum: 1 }, 0)).toMatchObject({ kind: 'too_small', minimum: '1' });
  expect(checkAnswer({ ...open, maximum: 5 }, 6)).toMatchObject({ kind: 'too_large', maximum: '5' });
  expect(checkAnswer(open, 6)).toBeNull();
});

test('finds every mistake of what is asked, in the order of the form, and none of what is not', () => {
  expect([...checkAnswers(fields, { abnormal: true }).keys()]).toEqual(['temperature', 'place', 'condition', 'symptoms']);
  expect([...checkAnswers(fields, { abnormal: false, temperature: 36.5, place: '湖北', condition: '不存在' }).keys()]).toEqual([]);
});
