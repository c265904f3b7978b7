import { describe, expect, test } from 'vitest';
import { fields, healthDaily, receipt as receiptOf } from '../testing/forms.ts';
import { answersToSend, changedFields, openingAnswers, sameAnswer, stillCarried, stillFitting } from './answers.ts';

const receipt = receiptOf({ receipt: 'ABCD2345EFGH6789' });

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

test('places are compared by what they say', () => {
  const place = { latitude: 34.75, longitude: 113.63, accuracy: 30 };
  expect(sameAnswer(place, { ...place })).toBe(true);
  expect(sameAnswer(place, { ...place, accuracy: 31 })).toBe(false);
});

test('of answers to another version, what the present one still takes is kept', () => {
  const before = { temperature: 36.5, place: '火星', abnormal: true, symptoms: ['发热'], gone: 'x' };
  expect(stillFitting(fields, before, '2020-03-04')).toEqual({ temperature: 36.5, abnormal: true, symptoms: ['发热'] });
});
