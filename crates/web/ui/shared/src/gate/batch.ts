/** Ten minutes of codes, and which of them is to be shown now. A phone's clock may be off: what counts is the server's. */

export type Batch = {
  /** Milliseconds the server's clock is ahead of the phone's. */
  offset: number;
  codes: { from: number; code: string }[];
};

/** Milliseconds a code is shown. */
export const STEP = 10_000;
/** With less than this left another batch is fetched. */
export const ENOUGH = 300_000;

/** What came of asking at `asked`, when the answer came at `came`, both by the phone's clock. */
export function batchOf(answer: { now: string; codes: { from: string; code: string }[] }, asked: number, came: number): Batch {
  return {
    offset: Date.parse(answer.now) - (asked + came) / 2,
    codes: answer.codes.map(({ from, code }) => ({ from: Date.parse(from), code })),
  };
}

export type Shown = {
  code: string;
  /** Milliseconds it has been shown, of `STEP`. */
  shown: number;
  /** Milliseconds for which there are codes. */
  left: number;
};

/** The server's clock now. */
export const serverNow = (batch: Batch | null, phone: number): number => phone + (batch?.offset ?? 0);

/** What is to be shown now; null where all codes are over, or none has begun. */
export function current(batch: Batch, phone: number): Shown | null {
  const now = serverNow(batch, phone);
  const last = batch.codes[batch.codes.length - 1];
  const at = batch.codes.filter(({ from }) => from <= now).pop();
  if (!at || !last || now >= last.from + STEP) return null;
  return { code: at.code, shown: Math.min(now - at.from, STEP), left: last.from + STEP - now };
}

/** Whether another batch is to be fetched. */
export function isShort(batch: Batch | null, phone: number): boolean {
  const shown = batch && current(batch, phone);
  return !shown || shown.left < ENOUGH;
}

/** A batch that was kept, if it is one. */
export function asBatch(value: unknown): Batch | null {
  if (typeof value !== 'object' || value === null) return null;
  const { offset, codes } = value as Partial<Batch>;
  const isCode = (one: unknown) => typeof one === 'object' && one !== null && typeof (one as { from?: unknown }).from === 'number' && typeof (one as { code?: unknown }).code === 'string';
  return typeof offset === 'number' && Array.isArray(codes) && codes.every(isCode) ? { offset, codes } : null;
}
