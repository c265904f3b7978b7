import { shallowRef } from 'vue';
import { answer, createApi } from '#shared/api/client.ts';
import { asProblem, type Problem } from '#shared/api/problem.ts';
import type { components } from '#shared/api/schema.d.ts';
import { batchOf, isShort, type Batch } from '#shared/gate/batch.ts';
import { useLooking } from '../../components/useLooking.ts';
import { useShown } from '../../components/useShown.ts';

export type Visit = components['schemas']['Visit'];

/** Milliseconds between two looks whether something is to be asked. */
const LOOK = 10_000;
/** Milliseconds after which is asked again whether the invitation stands and whether one is inside. */
const FRESH = 30_000;

// A visitor has no session to lose.
const api = createApi({ signedOut: () => undefined });

/** A visit by what its link has behind the `#`: how it stands, and the code of now. Ends with the scope. */
export function useVisit(token: string) {
  const visit = shallowRef<Visit | null>(null);
  const batch = shallowRef<Batch | null>(null);
  const problem = shallowRef<Problem | null>(null);
  const loading = shallowRef(false);
  const { shown, now } = useShown(batch);
  let came = 0;

  async function load(): Promise<void> {
    if (loading.value) return;
    loading.value = true;
    const asked = Date.now();
    try {
      const found = await answer(api.POST('/api/v1/visit', { headers: { Authorization: `Visit ${token}` } }));
      came = Date.now();
      visit.value = found;
      batch.value = found.codes.length > 0 ? batchOf(found, asked, came) : null;
      problem.value = null;
    } catch (error) {
      problem.value = asProblem(error);
      // What is no invitation any more shows nothing; without a network the codes at hand go on.
      if (!problem.value.passing) visit.value = batch.value = null;
    } finally {
      loading.value = false;
    }
  }

  /** Whether nothing changes any more by waiting. */
  const isOver = () => (problem.value !== null && !problem.value.passing) || (visit.value !== null && !visit.value.inside && ['over', 'cancelled'].includes(visit.value.state));

  useLooking(async () => {
    const stale = Date.now() - came >= FRESH || (visit.value?.codes.length && isShort(batch.value, Date.now()));
    if (stale && !isOver()) await load();
  }, LOOK);

  return { visit, shown, now, problem, loading, retry: load };
}
