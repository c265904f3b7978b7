/**
 * Who stands before the camera: a code in view is one scan, however long it is held up. A phone shows another code every
 * ten seconds, so that it is whose code it is that counts. Gone for a moment, it is a new scan: somebody may show a picture
 * of the same code, and is told.
 */

/** Milliseconds a code must have been out of view. */
const GONE = 1500;

export class Presence {
  private who = '';
  private way = '';
  private seen = -Infinity;

  /** Whether whoever is in view was there a moment ago. `way`: switched to the other direction, everybody is new. */
  stays(who: string, way: string, at: number): boolean {
    const there = who === this.who && way === this.way && at - this.seen < GONE;
    if (there) this.seen = at;
    return there;
  }

  /** Somebody else is in view now. */
  arrives(who: string, way: string, at: number): void {
    this.who = who;
    this.way = way;
    this.seen = at;
  }
}
