import { onScopeDispose, shallowRef } from 'vue';
import { answer, type Api } from '../api/client.ts';
import { asProblem, type Problem } from '../api/problem.ts';
import type { CorrectionValues } from '../api/types.ts';

/**
 * What a request is about in full, fetched only when asked for (the server records a look at a phone)
 * and forgotten after the seconds the server allows.
 */
export function useValues(api: Api) {
  const values = shallowRef<CorrectionValues | null>(null);
  const problem = shallowRef<Problem | null>(null);
  const busy = shallowRef(false);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asked = 0;

  function hide() {
    asked++;
    clearTimeout(timer);
    values.value = null;
    problem.value = null;
    busy.value = false;
  }

  async function show(id: number): Promise<void> {
    hide();
    const mine = asked;
    busy.value = true;
    try {
      const shown = await answer(api.POST('/api/v1/corrections/{id}/values', { params: { path: { id } } }));
      if (mine !== asked) return;
      values.value = shown;
      timer = setTimeout(hide, shown.shown_for_seconds * 1000);
    } catch (error) {
      if (mine === asked) problem.value = asProblem(error);
    } finally {
      if (mine === asked) busy.value = false;
    }
  }

  onScopeDispose(hide);
  return { values, problem, busy, show, hide };
}
