import { describe, expect, test } from 'vitest';
import { Problem } from './api/problem.ts';
import type { Pending } from './forms/draft.ts';
import { createSubmission, type SubmissionState } from './submission.ts';

/** A server that answers as told, one outcome a try, and remembers by key as the real one does. */
function harness(outcomes: ('ok' | 'lost' | Problem)[], { pending = null as Pending | null } = {}) {
  const tries: { body: unknown; key: string }[] = [];
  const stored = new Map<string, number>();
  const states: SubmissionState[] = [];
  const pauses: number[] = [];
  let kept = pending;
  let keys = 0;
  const submission = createSubmission<unknown, number>({
    pending,
    remember: (next) => (kept = next),
    changed: (state) => states.push(state),
    pause: (milliseconds) => {
      pauses.push(milliseconds);
      return Promise.resolve();
    },
    newKey: () => `key-${++keys}`,
    send(body, key) {
      tries.push({ body, key });
      const outcome = outcomes.shift() ?? 'ok';
      if (outcome instanceof Problem) return Promise.reject(outcome);
      if (!stored.has(key)) stored.set(key, stored.size + 1);
      return outcome === 'lost' ? Promise.reject(new Problem('offline')) : Promise.resolve(stored.get(key) ?? 0);
    },
  });
  return { submission, tries, stored, states, pauses, kept: () => kept, phases: () => states.map((state) => state.phase) };
}

const keysOf = (tries: { key: string }[]) => tries.map((one) => one.key);

describe('a submission', () => {
  test('goes out once when all is well', async () => {
    const { submission, tries, phases, kept } = harness(['ok']);
    await expect(submission.submit({ a: 1 })).resolves.toBe(1);
    expect(keysOf(tries)).toEqual(['key-1']);
    expect(phases()).toEqual(['sending', 'idle']);
    expect(kept()).toBeNull();
  });

  test('repeats by itself under the same key when the network drops, and stores once', async () => {
    const { submission, tries, stored, phases, pauses } = harness([new Problem('offline'), 'lost', 'ok']);
    await expect(submission.submit({ a: 1 })).resolves.toBe(1);
    expect(keysOf(tries)).toEqual(['key-1', 'key-1', 'key-1']);
    expect(stored.size).toBe(1);
    expect(phases()).toEqual(['sending', 'waiting', 'sending', 'waiting', 'sending', 'idle']);
    expect(pauses).toEqual([1000, 3000]);
  });

  test('gives up after its repeats, and a try by hand still uses the same key', async () => {
    const { submission, tries, kept } = harness(Array.from({ length: 4 }, () => new Problem('timeout')));
    await expect(submission.submit({ a: 1 })).rejects.toMatchObject({ kind: 'timeout' });
    expect(tries).toHaveLength(4);
    expect(kept()).toEqual({ key: 'key-1', body: '{"a":1}' });
    await expect(submission.submit({ a: 1 })).resolves.toBe(1);
    expect(new Set(keysOf(tries))).toEqual(new Set(['key-1']));
  });

  test('of changed words goes out under a new key', async () => {
    const { submission, tries } = harness(Array.from({ length: 4 }, () => new Problem('offline')));
    await expect(submission.submit({ a: 1 })).rejects.toThrow();
    await submission.submit({ a: 2 });
    expect(keysOf(tries)).toEqual(['key-1', 'key-1', 'key-1', 'key-1', 'key-2']);
  });

  test('that was refused is over: not repeated, and what follows has a new key', async () => {
    const refused = new Problem('refused', { status: 422, body: { title: '填写有误', errors: [{ field: 'a', message: '太大' }] } });
    const { submission, tries, kept } = harness([refused]);
    await expect(submission.submit({ a: 1 })).rejects.toBe(refused);
    expect(kept()).toBeNull();
    await submission.submit({ a: 1 });
    expect(keysOf(tries)).toEqual(['key-1', 'key-2']);
  });

  test('that met an ended session keeps its key for after the sign-in', async () => {
    const first = harness([new Problem('signed_out', { status: 401 })]);
    await expect(first.submission.submit({ a: 1 })).rejects.toMatchObject({ kind: 'signed_out' });
    const second = harness(['ok'], { pending: first.kept() });
    await second.submission.submit({ a: 1 });
    expect(keysOf(second.tries)).toEqual(['key-1']);
  });

  test('is not repeated by itself after an unknown failure of the server', async () => {
    const { submission, tries, kept } = harness([new Problem('server', { status: 500 })]);
    await expect(submission.submit({ a: 1 })).rejects.toMatchObject({ status: 500 });
    expect(tries).toHaveLength(1);
    expect(kept()?.key).toBe('key-1');
  });

  test('waits as long as a busy server asks, unless that is too long to watch', async () => {
    const busy = harness([new Problem('server', { status: 503, retryAfter: 5 }), 'ok']);
    await busy.submission.submit({ a: 1 });
    expect(busy.pauses).toEqual([5000]);
    const long = harness([new Problem('refused', { status: 429, retryAfter: 60 })]);
    await expect(long.submission.submit({ a: 1 })).rejects.toMatchObject({ status: 429 });
    expect(long.pauses).toEqual([]);
    expect(long.kept()?.key).toBe('key-1');
  });
});
