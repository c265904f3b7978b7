import { describe, expect, test } from 'vitest';
import type { Condition, Field } from '../api/types.ts';
import { fields } from '../testing/forms.ts';
import { askedFields, holds, isAnswered } from './conditions.ts';

const names = (asked: Field[]) => asked.map((field) => field.name);

describe('holds', () => {
  test.each<[Condition, Record<string, unknown>, boolean]>([
    [{ field: 'abnormal', equals: true }, { abnormal: true }, true],
    [{ field: 'abnormal', equals: true }, { abnormal: false }, false],
    [{ field: 'abnormal', equals: false }, { abnormal: false }, true],
    [{ field: 'place', one_of: ['湖北', '广东'] }, { place: '广东' }, true],
    [{ field: 'place', one_of: ['湖北', '广东'] }, { place: '南阳' }, false],
    [{ field: 'temperature', at_least: 37.3 }, { temperature: 37.3 }, true],
    [{ field: 'temperature', at_least: 37.3 }, { temperature: 37.2 }, false],
    [{ field: 'temperature', at_most: 36 }, { temperature: 36.1 }, false],
    [{ field: 'temperature', at_least: 36, at_most: 37 }, { temperature: 36.5 }, true],
    [{ field: 'temperature', at_least: 36 }, { temperature: '36.5' }, false],
    [{ field: 'symptoms', equals: ['发热', '咳嗽'] }, { symptoms: ['发热', '咳嗽'] }, true],
    [{ field: 'symptoms', equals: '发热' }, { symptoms: ['发热'] }, false],
    [{ field: 'symptoms', one_of: ['咳嗽'] }, { symptoms: ['发热', '咳嗽'] }, true],
    [{ field: 'symptoms', one_of: ['乏力'] }, { symptoms: ['发热', '咳嗽'] }, false],
    [{ field: 'home', within: ['42', '4101'] }, { home: '410105' }, true],
    [{ field: 'home', within: ['42'] }, { home: '410105' }, false],
    [{ field: 'home', outside: ['42'] }, { home: '410105' }, true],
    [{ field: 'home', outside: ['41'] }, { home: '410105' }, false],
    [{ field: 'home', outside: ['42'] }, {}, false],
    [{ field: 'home', within: ['4'] }, { home: 410105 }, false],
    [{ field: 'home', outside: ['9'] }, { home: 410105 }, false],
  ])('%j on %j is %s', (condition, answers, expected) => {
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
