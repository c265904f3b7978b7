import { expect, test } from 'vitest';
import type { Field } from '../api/types.ts';
import { field, fields } from '../testing/forms.ts';
import { checkAnswer, checkAnswers } from './validate.ts';

const given = { today: '2020-03-04', fields, answers: {} };
const kind = (name: string, value: unknown) => checkAnswer(field(name), value, given)?.kind ?? null;

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
  expect(checkAnswer(field('temperature'), 50, given)).toMatchObject({ minimum: '34.0', maximum: '43.0' });
  const open: Field = { name: 'n', title: 'N', kind: 'number', required: true, sensitive: false, carry_over: 'ask' };
  expect(checkAnswer({ ...open, minimum: 1 }, 0, given)).toMatchObject({ kind: 'too_small', minimum: '1' });
  expect(checkAnswer({ ...open, maximum: 5 }, 6, given)).toMatchObject({ kind: 'too_large', maximum: '5' });
  expect(checkAnswer(open, 6, given)).toBeNull();
});

test('finds every mistake of what is asked, in the order of the form, and none of what is not', () => {
  expect([...checkAnswers(fields, { abnormal: true }, given.today).keys()]).toEqual(['temperature', 'place', 'condition', 'symptoms']);
  expect([...checkAnswers(fields, { abnormal: false, temperature: 36.5, place: '湖北', condition: '不存在' }, given.today).keys()]).toEqual([]);
});

const asked = (kind: Field['kind'], rest: Partial<Field> = {}): Field => ({ name: 'x', title: '此项', kind, required: true, sensitive: false, carry_over: 'ask', ...rest });

test.each<[Field, unknown, string | null]>([
  [asked('date', { days_back: 30, days_ahead: 0 }), '2020-03-04', null],
  [asked('date', { days_back: 30, days_ahead: 0 }), '2020-03-05', 'too_late'],
  [asked('date', { days_back: 30, days_ahead: 0 }), '2020-02-02', 'too_early'],
  [asked('date', { days_back: 30 }), '2020-02-03', null],
  [asked('date'), '2020-02-30', 'no_date'],
  [asked('date'), '3月4日', 'no_date'],
  [asked('region'), '410105', null],
  [asked('region'), '410100', 'no_county'],
  [asked('region'), '河南', 'no_county'],
  [asked('phone'), '0371-66666666', null],
  [asked('phone'), '12', 'no_phone'],
  [asked('phone'), '-1234567-', 'no_phone'],
  [asked('photos', { at_most: 1 }), ['a'], null],
  [asked('photos', { at_most: 1 }), ['a', 'b'], 'too_many'],
  [asked('photos', { at_most: 1 }), [], 'missing'],
  [asked('location'), { latitude: 1, longitude: 2 }, null],
  [asked('location'), 'here', 'no_location'],
  [asked('location', { required: false }), undefined, null],
])('%j %j: %s', (field, value, expected) => {
  expect(checkAnswer(field, value, given)?.kind ?? null).toBe(expected);
});

test('a day is held to the other day it may not be before', () => {
  const pair = [asked('date', { name: 'left_on' }), asked('date', { name: 'returned_on', not_before: 'left_on' })];
  const mistakes = (answers: Record<string, unknown>) => [...checkAnswers(pair, answers, '2020-03-04').values()].map((mistake) => mistake.kind);
  expect(mistakes({ left_on: '2020-03-02', returned_on: '2020-03-01' })).toEqual(['before_other']);
  expect(mistakes({ left_on: '2020-03-02', returned_on: '2020-03-02' })).toEqual([]);
  expect(mistakes({ returned_on: '2020-03-02' })).toEqual(['missing']);
});
