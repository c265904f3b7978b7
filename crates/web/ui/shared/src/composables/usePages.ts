import { computed, onScopeDispose, shallowRef, type ShallowRef } from 'vue';
import { asProblem, type Problem } from '../api/problem.ts';

export type KeysetPage<Row> = { items: Row[]; next_cursor?: string | null };

/**
 * A list that is fetched page by page: idle, loading, there, or failed, and then more of the same.
 * `fetchPage` gets the cursor of the page, undefined for the first. The last page fetched is kept
 * whole in `last`, for the totals that come with it.
 */
export function usePages<Page extends KeysetPage<unknown>>(
  fetchPage: (cursor: string | undefined, signal: AbortSignal) => Promise<Page>,
) {
  type Row = Page['items'][number];
  const items: ShallowRef<Row[]> = shallowRef([]);
  const last: ShallowRef<Page | null> = shallowRef(null);
  const problem = shallowRef<Problem | null>(null);
  const loading = shallowRef(false);
  const loadingMore = shallowRef(false);
  let pages = 0;
  let current: AbortController | null = null;

  async function run(work: (signal: AbortSignal) => Promise<void>, busy: typeof loading) {
    current?.abort();
    const mine = new AbortController();
    current = mine;
    loading.value = loadingMore.value = false;
    busy.value = true;
    try {
      await work(mine.signal);
      if (mine.signal.aborted) return;
      problem.value = null;
    } catch (error) {
      if (mine.signal.aborted) return;
      problem.value = asProblem(error);
    }
    busy.value = false;
  }

  /** Fetches what is shown again, as many pages as there are, and swaps it in at once. */
  function reload(): Promise<void> {
    const wanted = Math.max(1, pages);
    return run(async (signal) => {
      const fresh: Row[] = [];
      let page = await fetchPage(undefined, signal);
      fresh.push(...page.items);
      let fetched = 1;
      while (fetched < wanted && page.next_cursor) {
        page = await fetchPage(page.next_cursor, signal);
        fresh.push(...page.items);
        fetched++;
      }
      if (signal.aborted) return;
      items.value = fresh;
      last.value = page;
      pages = fetched;
    }, loading);
  }

  /** Fetches the next page, if there is one and nothing else is under way. */
  async function more(): Promise<void> {
    const cursor = last.value?.next_cursor;
    if (!cursor || loading.value || loadingMore.value) return;
    await run(async (signal) => {
      const page = await fetchPage(cursor, signal);
      if (signal.aborted) return;
      items.value = [...items.value, ...page.items];
      last.value = page;
      pages++;
    }, loadingMore);
  }

  /** Forgets everything and starts at the first page, for when the question has changed. */
  function restart(): Promise<void> {
    pages = 0;
    items.value = [];
    last.value = null;
    problem.value = null;
    return reload();
  }

  onScopeDispose(() => current?.abort());
  void reload();
  return {
    items,
    last,
    problem,
    loading,
    loadingMore,
    hasMore: computed(() => Boolean(last.value?.next_cursor)),
    reload,
    more,
    restart,
  };
}
