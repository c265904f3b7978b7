import { describe, expect, test } from 'vitest';
import type { Receipt } from '../api/types.ts';
import { fields, healthDaily } from '../testing/forms.ts';
import { answersToSend, changedFields, openingAnswers, sameAnswer, stillCarried } from './answers.ts';

const receipt: Receipt = {
  form: 'health-daily',
  day: '2020-03-04',
  receipt: 'ABCD2345EFGH6789',
  revision: 1,
  state: 'normal',
  submitted_at: '2020-03-03T23:42:00Z',
  revised_at: '2020-03-03T23:42:00Z',
};

describe('openingAnswers', () => {
  test('carries over what may be carried over and asks the temperature anew, whatever the server sent', () => {
    const form = healthDaily({ answers: { temperature: 36.5, place: '非疫区', abnormal: false }, carried: ['temperature', 'place', 'abnormal'] });
    expect(openingAnswers(form)).toEqual({ place: '非疫区' });
  });

  test("shows today's own answers whole when changing them", () => {
    const form = healthDaily({ answers: { temperature: 36.5, place: '非疫区', abnormal: false }, receipt });
    expect(openingAnswers(form)).toEqual({ temperature: 36.5, place: '非疫区', abnormal: false });
  });
});

describe('stillCarried', () => {
  const form = healthDaily({ answers: { place: '非疫区' }, carried: ['place'] });

  test('marks a carried value until it is changed, and again when it is changed back', () => {
    expect([...stillCarried(form, { place: '非疫区' })]).toEqual(['place']);
    expect([...stillCarried(form, { place: '湖北' })]).toEqual([]);
    expect([...stillCarried(form, { place: '' })]).toEqual([]);
  });

  test('marks nothing once there is a report of today', () => {
    expect(stillCarried({ ...form, receipt }, { place: '非疫区' }).size).toBe(0);
  });
});

test('sends no hidden, no empty and no untrimmed answer', () => {
  const answers = { temperature: 36.5, place: '非疫区', abnormal: true, condition: '其他', symptoms: ['发热'], treatment: '  休息 ', contacts: ' ' };
  expect(answersToSend(fields, answers)).toEqual({
    temperature: 36.5,
    place: '非疫区',
    abnormal: true,
    condition: '其他',
    symptoms: ['发热'],
    treatment: '休息',
  });
  expect(answersToSend(fields, { ...answers, abnormal: false })).toEqual({ temperature: 36.5, place: '非疫区', abnormal: false });
});

test('names what two revisions differ in', () => {
  expect([...changedFields({ a: 1, b: ['x', 'y'], c: 'gone' }, { a: 2, b: ['y', 'x'], d: true })]).toEqual(['a', 'c', 'd']);
  expect(sameAnswer(['x'], ['x', 'y'])).toBe(false);
});
