import { describe, expect, test } from 'vitest';
import { field } from '../testing/forms.ts';
import { readNumber, showNumber, tidyNumber } from './numbers.ts';

describe('tidyNumber, for a temperature', () => {
  test.each([
    ['36.5', '36.5'],
    ['365', '36.5'],
    ['37', '37'],
    ['370', '37.0'],
    ['36.55', '36.5'],
    ['３６．５', '36.5'],
    ['36。5', '36.5'],
    ['36,5', '36.5'],
    ['36.5℃', '36.5'],
    ['.5', '5'],
    ['3..6', '3.6'],
    ['-36', '36'],
    ['abc', ''],
    // 99.9 is nobody's temperature either: no point is invented, and the range is told.
    ['999', '999'],
  ])('%s reads %s', (typed, tidy) => {
    expect(tidyNumber(typed, field('temperature'))).toBe(tidy);
  });

  test('digit by digit, as the pad types', () => {
    let text = '';
    const shown = ['3', '6', '5'].map((key) => (text = tidyNumber(text + key, field('temperature'))));
    expect(shown).toEqual(['3', '36', '36.5']);
  });
});

test('a whole number takes no point', () => {
  expect(tidyNumber('12.5', { maximum: 999, decimals: 0 })).toBe('125');
});

test('reads numbers, and nothing else', () => {
  expect([readNumber('36.5'), readNumber('37.'), readNumber('0')]).toEqual([36.5, 37, 0]);
  expect([readNumber(''), readNumber('.'), readNumber('x')]).toEqual([undefined, undefined, undefined]);
});

test('shows the decimals of the field', () => {
  expect(showNumber(37, { decimals: 1 })).toBe('37.0');
  expect(showNumber(3, {})).toBe('3');
});
