import { shallowRef, watch } from 'vue';
import { answer } from '#shared/api/client.ts';
import { asProblem, type Problem } from '#shared/api/problem.ts';
import type { Notes } from '#shared/storage.ts';
import { asBatch, batchOf, isShort, type Batch } from '#shared/gate/batch.ts';
import { api } from '../../api.ts';
import { useLooking } from '../../components/useLooking.ts';
import { useShown } from '../../components/useShown.ts';
import { PLACE } from './place.ts';

/** Whose codes they are, as the page says it. */
export type Owner = { userid: string; name: string; place: string; timeZone: string };
type Kept = { batch: Batch; owner: Owner };

/** What was kept in this tab. */
export function keptIn(notes: Notes): Kept | null {
  const kept = notes.read(PLACE) as Partial<Kept> | null;
  const batch = asBatch(kept?.batch);
  return batch && typeof kept?.owner?.userid === 'string' ? { batch, owner: kept.owner } : null;
}

/** Milliseconds between two tries while codes are wanted. */
const AGAIN = 10_000;

/** My codes: fetched ahead, kept, and the one of now. Ends with the scope. */
export function useGateCodes(notes: Notes, owner: () => Owner | null) {
  const kept = keptIn(notes);
  const batch = shallowRef<Batch | null>(kept && kept.owner.userid === (owner()?.userid ?? kept.owner.userid) ? kept.batch : null);
  const problem = shallowRef<Problem | null>(null);
  const loading = shallowRef(false);
  const { shown, now } = useShown(batch);
  /** Whose the batch is: where somebody else signed in, it is nobody's. */
  let whose = batch.value ? kept?.owner.userid : undefined;

  async function fetchMore(): Promise<void> {
    if (loading.value) return;
    loading.value = true;
    const asked = Date.now();
    try {
      const codes = await answer(api.POST('/api/v1/me/gate-codes', {}));
      batch.value = batchOf(codes, asked, Date.now());
      problem.value = null;
      keep();
    } catch (error) {
      problem.value = asProblem(error);
    } finally {
      loading.value = false;
    }
  }

  function keep() {
    const mine = owner();
    if (!mine || !batch.value) return;
    whose = mine.userid;
    notes.write(PLACE, { batch: batch.value, owner: mine } satisfies Kept);
  }

  watch(
    () => owner()?.userid,
    (userid) => {
      if (userid === undefined) return;
      if (whose === undefined || whose === userid) return keep();
      whose = undefined;
      batch.value = null;
      notes.remove(PLACE);
      void again();
    },
  );

  /** Fetches while too few are left; what the server refuses is not asked for again. */
  const again = useLooking(async () => {
    const refused = problem.value?.kind === 'refused' && !problem.value.passing;
    if (!refused && isShort(batch.value, Date.now())) await fetchMore();
  }, AGAIN);

  return { shown, now, problem, loading, retry: fetchMore };
}
