import { expect, test } from 'vitest';
import { draftOf, enteredOf, isComplete, movedId, type Entry } from './draft.ts';

const ENTRY: Entry = {
  id: 4,
  title: '省平台上报',
  note: '每天 10 点前',
  icon: 'report',
  address: 'https://report.province.example/',
  kinds: ['student'],
  departments: [{ id: 7, name: '信息学院' }],
  form: 'health-daily',
  from: '2020-03-04',
  last: '2020-07-01',
  revision: 2,
  today: 0,
  by: '某老师',
  changed_at: '2020-03-04T00:00:00Z',
  ended_at: null,
};

test('an entry goes through the editor as it is', () => {
  const { title, note, icon, address, kinds, form, from, last } = ENTRY;
  expect(draftOf(enteredOf(ENTRY, '2020-03-05'))).toEqual({ title, note, icon, address, kinds, departments: [7], form, from, last });
});

test('a new one begins today, for the whole school, and is not complete', () => {
  const entered = enteredOf(null, '2020-03-05');
  expect(draftOf(entered)).toMatchObject({ from: '2020-03-05', last: null, departments: null, form: null, kinds: ['student', 'staff'] });
  expect(isComplete(entered)).toBe(false);
  const whole = { ...entered, title: '图书馆', address: 'https://lib.school.example' };
  expect(isComplete(whole)).toBe(true);
  expect(isComplete({ ...whole, parts: true })).toBe(false);
  expect(isComplete({ ...whole, kinds: [] })).toBe(false);
  expect(isComplete({ ...whole, last: '2020-03-04' })).toBe(false);
});

test('one moves a place, and stays at the ends', () => {
  expect(movedId([1, 2, 3], 2, -1)).toEqual([2, 1, 3]);
  expect(movedId([1, 2, 3], 2, 1)).toEqual([1, 3, 2]);
  expect(movedId([1, 2, 3], 1, -1)).toEqual([1, 2, 3]);
  expect(movedId([1, 2, 3], 3, 1)).toEqual([1, 2, 3]);
  expect(movedId([1, 2, 3], 9, 1)).toEqual([1, 2, 3]);
});
