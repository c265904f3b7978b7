import { describe, expect, test } from 'vitest';
import type { Role, Row } from '../api/types.ts';
import { asDay, asDepartment, asLevel, asSlot, levelBelow, startLevel, trailOf } from './levels.ts';
import { sortRows } from './sort.ts';

const grants = (...given: [Role, number][]) => ({ grants: given.map(([role, id]) => ({ role, department: { id, name: String(id) }, until: '2027-08-31' })) });

test.each<[string, ReturnType<typeof grants>, string]>([
  ['the whole school', grants(['school_leader', 1]), 'college'],
  ['an administrator', grants(['administrator', 1]), 'college'],
  ['one college', grants(['college_leader', 102]), 'grade'],
  ['the same college twice', grants(['college_leader', 102], ['college_office', 102]), 'grade'],
  ['two colleges', grants(['college_leader', 102], ['college_office', 103]), 'college'],
  ['classes', grants(['counsellor', 301], ['counsellor', 302]), 'class'],
  ['a college and classes of it', grants(['college_leader', 102], ['counsellor', 301]), 'grade'],
  ['a school office that also counsels', grants(['school_office', 1], ['counsellor', 301]), 'college'],
  ['nothing', grants(), 'college'],
])('%s starts at its level', (_, me, level) => {
  expect(startLevel(me)).toBe(level);
});

test('the way down ends at the classes', () => {
  expect([levelBelow('college'), levelBelow('grade'), levelBelow('class'), levelBelow('department')]).toEqual(['grade', 'class', null, null]);
});

describe('the trail', () => {
  const trail = [
    { id: 102, name: '信息工程学院' },
    { id: 202, name: '2018级' },
  ];
  test('is taken from a history entry that ends where the address is', () => {
    expect(trailOf({ trail }, 202)).toEqual(trail);
  });
  test('is none where it ends elsewhere, or is nothing of the kind', () => {
    expect(trailOf({ trail }, 102)).toEqual([]);
    expect(trailOf({ trail: 'x' }, 202)).toEqual([]);
    expect(trailOf(null, 202)).toEqual([]);
    expect(trailOf({ trail }, undefined)).toEqual([]);
  });
});

test('addresses are read with care', () => {
  expect([asLevel('grade'), asLevel('department'), asLevel('school'), asLevel(null)]).toEqual(['grade', 'department', undefined, undefined]);
  expect([asSlot('1'), asSlot('-1'), asSlot(undefined)]).toEqual([1, undefined, undefined]);
  expect([asDepartment('102'), asDepartment('-1'), asDepartment('1e3'), asDepartment(['1'])]).toEqual([102, undefined, undefined, undefined]);
  expect([asDay('2020-03-04'), asDay('4.3.2020')]).toEqual(['2020-03-04', undefined]);
});

describe('sorting', () => {
  const row = (id: number, expected: number, reported: number): Row => ({
    department: { id, name: String(id) },
    expected,
    reported,
    unreported: expected - reported,
    normal: reported,
    abnormal: 0,
    late: 0,
  });
  const rows = [row(1, 10, 10), row(2, 20, 15), row(3, 10, 8), row(4, 0, 0)];
  const ids = (sorted: readonly Row[]) => sorted.map((one) => one.department?.id);

  test('by a number, both ways; equal ones stay in their order', () => {
    expect(ids(sortRows(rows, { column: 'unreported', descending: true }))).toEqual([2, 3, 1, 4]);
    expect(ids(sortRows(rows, { column: 'expected', descending: false }))).toEqual([4, 1, 3, 2]);
  });
  test('by rate; where nobody is expected nobody is missing', () => {
    expect(ids(sortRows(rows, { column: 'rate', descending: false }))).toEqual([2, 3, 1, 4]);
  });
  test('not at all leaves the order, and sorting never changes what it was given', () => {
    expect(sortRows(rows, null)).toBe(rows);
    expect(ids(rows)).toEqual([1, 2, 3, 4]);
  });
});
