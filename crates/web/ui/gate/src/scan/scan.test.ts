import { expect, test } from 'vitest';
import { Presence } from './presence.ts';
import { asCode, Wedge } from './wedge.ts';

/** Types it, a key every so many milliseconds; gives what came of it. */
function typed(text: string, every: number, wedge = new Wedge(), from = 0): (string | null)[] {
  return [...Array.from(text), 'Enter'].map((key, nth) => wedge.key(key, from + nth * every)).filter((found) => found !== null);
}

test('what a scanner types is a scan, what a person types is none', () => {
  expect(typed('G1:ABC $%*+-./:', 8)).toEqual(['G1:ABC $%*+-./:']);
  expect(typed('G1:ABC $%*+-./:', 120)).toEqual([]);
  expect(typed('', 8)).toEqual([]);
  expect(typed('ABC', 8)).toEqual([]);
});

test('shift is no letter, and what a person typed before is not part of it', () => {
  const wedge = new Wedge();
  for (const [nth, key] of ['x', 'y', 'z'].entries()) expect(wedge.key(key, nth * 300)).toBeNull();
  const keys = ['Shift', 'G', '1', 'Shift', ':', 'A', 'B', 'C', 'Enter'];
  expect(keys.map((key, nth) => wedge.key(key, 5000 + nth * 5)).pop()).toBe('G1:ABC');
  expect(typed('G1:DEF', 5, wedge, 6000)).toEqual(['G1:DEF']);
});

test('caps lock does not matter to a code of ours', () => {
  expect(asCode('g1:abc 1')).toBe('G1:ABC 1');
  expect(asCode('https://example.com/a')).toBe('https://example.com/a');
});

test('a phone held up is one scan, although its code changes; gone and back it is another', () => {
  const presence = new Presence();
  const isNew = (who: string, way: string, at: number) => {
    if (presence.stays(who, way, at)) return false;
    presence.arrives(who, way, at);
    return true;
  };
  expect(isNew('one', 'in', 0)).toBe(true);
  for (let at = 100; at <= 30_000; at += 100) expect(isNew('one', 'in', at)).toBe(false);
  expect(isNew('two', 'in', 30_100)).toBe(true);
  expect(isNew('one', 'in', 30_200)).toBe(true);
  expect(isNew('one', 'in', 32_000)).toBe(true);
  expect(isNew('one', 'out', 32_100)).toBe(true);
});
