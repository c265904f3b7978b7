// @vitest-environment happy-dom
import { effectScope } from 'vue';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Problem } from '../api/problem.ts';
import { useLoad } from './useLoad.ts';
import { usePages } from './usePages.ts';
import { usePolling } from './usePolling.ts';

/** A promise to be settled by the test. */
function later<T>() {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** Lets everything that is ready happen. */
const settle = () => new Promise((resolve) => setTimeout(resolve));

describe('useLoad', () => {
  test('an answer that was overtaken is dropped', async () => {
    const first = later<string>();
    const answers = [first.promise, Promise.resolve('second')];
    const scope = effectScope();
    const load = scope.run(() => useLoad(() => answers.shift() ?? Promise.reject(new Error('too many'))));
    await load?.reload();
    first.resolve('first');
    await settle();
    expect(load?.data.value).toBe('second');
    expect(load?.loading.value).toBe(false);
    scope.stop();
  });

  test('a failed refresh keeps what is shown, and says so', async () => {
    const answers: (() => Promise<string>)[] = [() => Promise.resolve('shown'), () => Promise.reject(new Problem('offline'))];
    const scope = effectScope();
    const load = scope.run(() => useLoad(() => answers.shift()?.() ?? Promise.reject(new Error('too many'))));
    await settle();
    await load?.reload();
    expect(load?.data.value).toBe('shown');
    expect(load?.problem.value).toMatchObject({ kind: 'offline' });
    scope.stop();
  });

  test('the request ends with the page', () => {
    let signal: AbortSignal | undefined;
    const scope = effectScope();
    scope.run(() =>
      useLoad((given) => {
        signal = given;
        return new Promise(() => undefined);
      }),
    );
    scope.stop();
    expect(signal?.aborted).toBe(true);
  });
});

describe('usePages', () => {
  /** Numbers 0 to `total`-1 in pages of two; `total` may change between calls. */
  function numbers(total: { value: number }) {
    const calls: (string | undefined)[] = [];
    const scope = effectScope();
    const list = scope.run(() =>
      usePages((cursor) => {
        calls.push(cursor);
        const from = Number(cursor ?? 0);
        const items = [from, from + 1].filter((number) => number < total.value);
        return Promise.resolve({ items, next_cursor: from + 2 < total.value ? String(from + 2) : null });
      }),
    );
    if (!list) throw new Error('the scope gave nothing');
    return { list, calls, scope };
  }

  test('goes on page by page to the end', async () => {
    const { list, calls, scope } = numbers({ value: 5 });
    await settle();
    await list.more();
    await list.more();
    await list.more();
    expect(list.items.value).toEqual([0, 1, 2, 3, 4]);
    expect(list.hasMore.value).toBe(false);
    expect(calls).toEqual([undefined, '2', '4']);
    scope.stop();
  });

  test('refreshes all that is shown, and no more', async () => {
    const total = { value: 9 };
    const { list, calls, scope } = numbers(total);
    await settle();
    await list.more();
    total.value = 3;
    await list.reload();
    expect(list.items.value).toEqual([0, 1, 2]);
    expect(calls).toEqual([undefined, '2', undefined, '2']);
    scope.stop();
  });

  test('starts at the first page when the question changes', async () => {
    const { list, calls, scope } = numbers({ value: 9 });
    await settle();
    await list.more();
    await list.restart();
    expect(list.items.value).toEqual([0, 1]);
    expect(calls.slice(-1)).toEqual([undefined]);
    scope.stop();
  });

  test('a page that failed can be asked for again', async () => {
    let broken = false;
    const scope = effectScope();
    const list = scope.run(() =>
      usePages((cursor) =>
        broken ? Promise.reject(new Problem('timeout')) : Promise.resolve({ items: [cursor ?? 'first'], next_cursor: cursor ? null : 'second' }),
      ),
    );
    await settle();
    broken = true;
    await list?.more();
    expect(list?.problem.value).toMatchObject({ kind: 'timeout' });
    expect(list?.items.value).toEqual(['first']);
    broken = false;
    await list?.more();
    expect(list?.problem.value).toBeNull();
    expect(list?.items.value).toEqual(['first', 'second']);
    scope.stop();
  });
});

describe('usePolling', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  let visibility: DocumentVisibilityState = 'visible';
  const look = (state: DocumentVisibilityState) => {
    visibility = state;
    document.dispatchEvent(new Event('visibilitychange'));
  };
  beforeEach(() => {
    visibility = 'visible';
    vi.spyOn(document, 'visibilityState', 'get').mockImplementation(() => visibility);
  });

  test('works at its pace while visible, rests while hidden, and catches up at once', async () => {
    const work = vi.fn(() => Promise.resolve());
    const scope = effectScope();
    scope.run(() => usePolling(work, { every: 15_000 }));
    await vi.advanceTimersByTimeAsync(30_000);
    expect(work).toHaveBeenCalledTimes(2);
    look('hidden');
    await vi.advanceTimersByTimeAsync(300_000);
    expect(work).toHaveBeenCalledTimes(2);
    look('visible');
    expect(work).toHaveBeenCalledTimes(3);
    scope.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(work).toHaveBeenCalledTimes(3);
  });

  test('never runs twice at the same time', async () => {
    const turn = later<undefined>();
    const work = vi.fn(() => turn.promise);
    const scope = effectScope();
    scope.run(() => usePolling(work, { every: 1000 }));
    await vi.advanceTimersByTimeAsync(1000);
    look('visible');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(work).toHaveBeenCalledTimes(1);
    turn.resolve(undefined);
    await vi.advanceTimersByTimeAsync(1000);
    expect(work).toHaveBeenCalledTimes(2);
    scope.stop();
  });

  test('sleeps while it is not wanted', async () => {
    let wanted = false;
    const work = vi.fn(() => Promise.resolve());
    const scope = effectScope();
    scope.run(() => usePolling(work, { every: 1000, while: () => wanted }));
    await vi.advanceTimersByTimeAsync(5000);
    expect(work).not.toHaveBeenCalled();
    wanted = true;
    await vi.advanceTimersByTimeAsync(1000);
    expect(work).toHaveBeenCalledTimes(1);
    scope.stop();
  });
});
