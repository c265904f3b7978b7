/** How this device's clock stands to the server's. */

/** A device that is off by more refuses, and says so. */
const MOST_OFF = 30_000;

/** What was found out when the guide came. */
export type ClockNote = {
  /** Milliseconds the server's clock is ahead of ours. */
  offset: number;
  /** When that was, by ours. */
  at: number;
};

/** What an answer says that came to a question asked at `asked` and came at `came`, by our clock. */
export function noteOf(serverNow: string, asked: number, came: number): ClockNote {
  return { offset: Date.parse(serverNow) - (asked + came) / 2, at: came };
}

/** The server's clock now, as far as it is known. */
export const serverNow = (note: ClockNote | null, ours: number): number => ours + (note?.offset ?? 0);

/** Whether decisions may be made by it. A clock that went backwards is worth nothing, whatever it was before. */
export function isRight(note: ClockNote | null, ours: number): boolean {
  return note !== null && Math.abs(note.offset) <= MOST_OFF && ours >= note.at - 1000;
}
