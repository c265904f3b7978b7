import { describe, expect, test } from 'vitest';
import cases from '../../../../../../fixtures/conditions.json' with { type: 'json' };
import type { Condition, Field } from '../api/types.ts';
import { fields } from '../testing/forms.ts';
import { askedFields, holds, isAnswered } from './conditions.ts';

const names = (asked: Field[]) => asked.map((field) => field.name);

describe('holds', () => {
  // The server's rule is held to the same cases (domain::form::condition).
  test.each(cases as { condition: Condition; answers: Record<string, unknown>; holds: boolean }[])('$condition on $answers is $holds', ({ condition, answers, holds: expected }) => {
    expect(holds(condition, answers)).toBe(expected);
  });

  test('what was not answered meets nothing', () => {
    for (const answers of [{}, { place: '' }, { place: null }, { place: '  ' }]) {
      expect(holds({ field: 'place', one_of: ['', '湖北'] }, answers)).toBe(false);
    }
  });
});

describe('askedFields', () => {
  test('asks about the illness only of those who say they are ill', () => {
    expect(names(askedFields(fields, { abnormal: false }))).toEqual(['temperature', 'place', 'abnormal']);
    expect(names(askedFields(fields, { abnormal: true }))).toEqual(names(fields));
  });

  test('a field that depends on a hidden field is hidden too', () => {
    const chain: Field[] = [
      { name: 'a', title: 'A', kind: 'boolean', required: true, sensitive: false, carry_over: 'ask' },
      { name: 'b', title: 'B', kind: 'boolean', required: true, sensitive: false, carry_over: 'ask', show_if: { field: 'a', equals: true } },
      { name: 'c', title: 'C', kind: 'text', required: true, sensitive: false, carry_over: 'ask', show_if: { field: 'b', equals: true } },
    ];
    expect(names(askedFields(chain, { a: true, b: true }))).toEqual(['a', 'b', 'c']);
    expect(names(askedFields(chain, { a: false, b: true }))).toEqual(['a']);
  });
});

test('no and zero are answers', () => {
  expect([false, 0, ['x'], 'x'].every(isAnswered)).toBe(true);
  expect([undefined, null, '', ' ', []].some(isAnswered)).toBe(false);
});
