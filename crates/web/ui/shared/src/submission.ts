import { newIdempotencyKey } from './api/client.ts';
import { asProblem, type Problem } from './api/problem.ts';
import type { Pending } from './forms/draft.ts';

/** A server that asks for more patience than this (seconds) gets it from the person, not from a spinner. */
const LONGEST_WAIT = 30;

/** Where a submission stands, for the page to show. */
export type SubmissionState =
  | { phase: 'idle' }
  | { phase: 'sending' }
  /** The network dropped; the next try comes by itself. `attempt` counts tries so far. */
  | { phase: 'waiting'; attempt: number }
  | { phase: 'failed'; problem: Problem };

type SubmissionOptions<Body, Result> = {
  send: (body: Body, key: string) => Promise<Result>;
  /** Called with every change of state. */
  changed?: (state: SubmissionState) => void;
  /** A submission of an earlier page life that was never answered. */
  pending?: Pending | null;
  /** Told what to remember until the answer is known; null when it is. */
  remember?: (pending: Pending | null) => void;
  /** Milliseconds before each repeat; their number bounds the repeats. */
  delays?: readonly number[];
  /** Resolves after so many milliseconds, or sooner when the network is back. */
  pause?: (milliseconds: number) => Promise<void>;
  newKey?: () => string;
};

/**
 * Sends a write until its answer is known. The same body goes out under the same Idempotency-Key
 * however often it is tried, by itself or by hand; another body gets a new key. So a dropped network
 * never makes two reports, and a retry after a lost answer gets that answer.
 */
export function createSubmission<Body, Result>(options: SubmissionOptions<Body, Result>) {
  const { send, changed, remember, delays = [1000, 3000, 8000], pause = untilOnlineOr, newKey = newIdempotencyKey } = options;
  let pending = options.pending ?? null;

  function keep(next: Pending | null) {
    pending = next;
    remember?.(next);
  }

  async function submit(body: Body): Promise<Result> {
    const text = JSON.stringify(body);
    if (pending?.body !== text) keep({ key: newKey(), body: text });
    const key = pending?.key ?? newKey();
    for (let attempt = 1; ; attempt++) {
      changed?.({ phase: 'sending' });
      try {
        const result = await send(body, key);
        keep(null);
        changed?.({ phase: 'idle' });
        return result;
      } catch (error) {
        const problem = asProblem(error);
        // A refusal is an answer: what is sent next is another submission.
        if (problem.kind === 'refused' && !problem.passing) keep(null);
        const delay = delays[attempt - 1];
        if (!problem.passing || delay === undefined || problem.retryAfter > LONGEST_WAIT) {
          changed?.({ phase: 'failed', problem });
          throw problem;
        }
        changed?.({ phase: 'waiting', attempt });
        await pause(Math.max(delay, problem.retryAfter * 1000));
      }
    }
  }

  return { submit };
}

/** Waits so many milliseconds, but goes on at once when the browser says the network is back. */
export function untilOnlineOr(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener('online', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    addEventListener('online', done);
  });
}
