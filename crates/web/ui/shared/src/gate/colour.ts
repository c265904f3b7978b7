/**
 * The colour of the day: what the guard's screen and every phone show alike, and a screenshot of yesterday does not. It
 * follows from the name of the day's keys, which nobody can guess the day before. An aid for eyes; nothing is decided by it.
 */
import { decodeBase45 } from './base45.ts';

/** Each is told apart by its name too; white is read on all of them. */
export const COLOURS = ['red', 'orange', 'green', 'teal', 'blue', 'purple', 'pink', 'brown'] as const;
export type Colour = (typeof COLOURS)[number];

/** The colour of a day's keys, by their name in hex. */
export function colourOfKey(kid: string): Colour {
  return COLOURS[(Number.parseInt(kid.slice(0, 2), 16) || 0) % COLOURS.length] ?? 'blue';
}

/** The name in hex of the keys a code says it is signed with; null where it is no code. */
export function keyOfCode(code: string): string | null {
  const bytes = code.startsWith('G1:') ? decodeBase45(code.slice(3)) : null;
  // The protected header comes first: { 1: -8, 4: h'four bytes' }.
  if (!bytes || bytes[5] !== 0x04 || bytes[6] !== 0x44 || bytes.length < 11) return null;
  return Array.from(bytes.slice(7, 11), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
