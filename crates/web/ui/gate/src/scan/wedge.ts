/**
 * A hand scanner that types: characters come faster than any person types them, and end with Enter. What a person types is
 * left alone.
 */

/** Milliseconds between two characters at most. */
const FAST = 80;
/** Nothing shorter is a code. */
const SHORTEST = 6;

export class Wedge {
  private text = '';
  private last = -Infinity;

  /** Whether a scanner is typing: its keys are no presses of buttons. */
  isTyping(at: number): boolean {
    return this.text.length > 1 && at - this.last <= FAST;
  }

  /** Takes a key; gives what was scanned when it was the last of it. */
  key(key: string, at: number): string | null {
    const fast = at - this.last <= FAST;
    // Shift, and whatever else is no character: part of it only while it is typed.
    if (key.length !== 1 && key !== 'Enter') {
      if (fast) this.last = at;
      return null;
    }
    this.last = at;
    if (key === 'Enter') {
      const { text } = this;
      this.text = '';
      return fast && text.length >= SHORTEST ? text : null;
    }
    this.text = fast ? this.text + key : key;
    return null;
  }
}

/** What a scanner meant that typed while caps lock was on: our codes have capitals only. */
export function asCode(text: string): string {
  return /^g1:/i.test(text) ? text.toUpperCase() : text;
}
