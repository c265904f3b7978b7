import { computed, onScopeDispose, shallowRef } from 'vue';
import { answer, newIdempotencyKey, type Api } from '../api/client.ts';
import { asProblem, type Problem } from '../api/problem.ts';
import type { components } from '../api/schema.d.ts';
import type { ExportDefinition } from '../api/types.ts';

type Export = components['schemas']['Export'];

/** Milliseconds between two looks at how far it is. */
const EVERY = 800;

/** Fetches the file of an export: the link it gets is good for one fetch. The page stays where it is. */
export async function fetchExport(api: Api, id: number): Promise<void> {
  const { path } = await answer(api.POST('/api/v1/exports/{id}/file', { params: { path: { id } } }));
  location.assign(path);
}

/** One sheet that is asked for, made behind the scenes, and fetched. */
export function useExport(api: Api) {
  const made = shallowRef<Export | null>(null);
  const problem = shallowRef<Problem | null>(null);
  const asking = shallowRef(false);
  let key = newIdempotencyKey();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ended = false;

  async function look(id: number): Promise<void> {
    try {
      const now = await answer(api.GET('/api/v1/exports/{id}', { params: { path: { id } } }));
      if (ended) return;
      made.value = now;
      problem.value = null;
      if (now.state !== 'waiting' && now.state !== 'running') return;
    } catch (error) {
      if (ended) return;
      problem.value = asProblem(error);
      if (problem.value.kind === 'refused') return;
    }
    timer = setTimeout(() => void look(id), EVERY);
  }

  async function ask(name: string, definition: ExportDefinition, purpose: string): Promise<void> {
    asking.value = true;
    problem.value = null;
    try {
      const body = { name: name.slice(0, 30), definition, purpose, full_phones: false };
      const { id } = await answer(api.POST('/api/v1/exports', { params: { header: { 'Idempotency-Key': key } }, body }));
      key = newIdempotencyKey();
      if (!ended) await look(id);
    } catch (error) {
      // Sent again as it was, it is the same export; changed, it needs another key.
      key = newIdempotencyKey();
      problem.value = asProblem(error);
    } finally {
      asking.value = false;
    }
  }

  async function fetchFile(): Promise<void> {
    if (!made.value) return;
    problem.value = null;
    try {
      await fetchExport(api, made.value.id);
    } catch (error) {
      problem.value = asProblem(error);
    }
  }

  function restart() {
    clearTimeout(timer);
    made.value = null;
    problem.value = null;
  }

  onScopeDispose(() => {
    ended = true;
    clearTimeout(timer);
  });
  const running = computed(() => made.value?.state === 'waiting' || made.value?.state === 'running');
  const ready = computed(() => made.value?.state === 'done');
  return { made, problem, asking, running, ready, ask, fetchFile, restart };
}
