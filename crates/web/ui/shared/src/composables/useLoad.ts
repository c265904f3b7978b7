import { onScopeDispose, shallowRef, type ShallowRef } from 'vue';
import { asProblem, type Problem } from '../api/problem.ts';

export type UseLoadReturn<T> = {
  /** The last good answer; stays while a newer one is fetched. */
  data: Readonly<ShallowRef<T | null>>;
  /** Why the last try failed; null while all is well. */
  problem: Readonly<ShallowRef<Problem | null>>;
  loading: Readonly<ShallowRef<boolean>>;
  /** Fetches again. An answer that was overtaken by a later call is dropped. */
  reload: () => Promise<void>;
  /** Forgets the answer first, for when the question has changed. */
  restart: () => Promise<void>;
};

/** Something to be fetched, with its loading and error states. Starts by itself and ends with the scope. */
export function useLoad<T>(load: (signal: AbortSignal) => Promise<T>): UseLoadReturn<T> {
  const data = shallowRef<T | null>(null);
  const problem = shallowRef<Problem | null>(null);
  const loading = shallowRef(false);
  let current: AbortController | null = null;

  async function reload() {
    current?.abort();
    const mine = new AbortController();
    current = mine;
    loading.value = true;
    try {
      const answer = await load(mine.signal);
      if (mine.signal.aborted) return;
      data.value = answer;
      problem.value = null;
    } catch (error) {
      if (mine.signal.aborted) return;
      problem.value = asProblem(error);
    }
    loading.value = false;
  }

  async function restart() {
    data.value = null;
    problem.value = null;
    await reload();
  }

  onScopeDispose(() => current?.abort());
  void reload();
  return { data, problem, loading, reload, restart };
}
