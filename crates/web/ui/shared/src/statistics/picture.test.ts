import { expect, test } from 'vitest';
import { columnEnds, fit, wrap } from './picture.ts';

// Every sign is ten wide.
const measure = (text: string) => [...text].length * 10;

test('a sentence breaks where it no longer fits', () => {
  expect(wrap('截至3月4日10:00', 50, measure)).toEqual(['截至3月4', '日10:0', '0']);
  expect(wrap('', 50, measure)).toEqual([]);
});

test('a name that is too long ends in dots', () => {
  expect(fit('信息工程学院', 60, measure)).toBe('信息工程学院');
  expect(fit('信息工程学院', 40, measure)).toBe('信息工…');
});

test('columns go on to the right and end at the edge', () => {
  const ends = columnEnds(6);
  expect([...ends].sort((one, other) => one - other)).toEqual(ends);
  expect(ends[5]).toBeCloseTo(722);
});
