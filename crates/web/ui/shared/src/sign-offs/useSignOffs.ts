import { reactive, watch } from 'vue';
import { answer, type Api } from '../api/client.ts';
import type { SignOffRow } from '../api/types.ts';
import { useLoad } from '../composables/useLoad.ts';

/** Colleges with so few of them show their classes at once. */
const FEW = 2;

/** Who has signed what off on a day: the colleges, and the classes of those that are opened. */
export function useSignOffs(api: Api, form: () => string, day: () => string) {
  const opened = reactive(new Set<number>());
  const rows = async (college: number | undefined, signal: AbortSignal) =>
    (await answer(api.GET('/api/v1/sign-offs', { params: { query: { form: form(), day: day(), college } }, signal }))).items;

  const list = useLoad(async (signal) => {
    const colleges = await rows(undefined, signal);
    if (colleges.length <= FEW) for (const one of colleges) opened.add(one.department.id);
    return Promise.all(
      colleges.map(async (college) => ({
        college,
        classes: opened.has(college.department.id) ? await rows(college.department.id, signal) : null,
      })),
    );
  });
  watch([form, day], () => void list.restart());

  async function toggle(college: number): Promise<void> {
    if (!opened.delete(college)) opened.add(college);
    await list.reload();
  }

  async function sign(row: SignOffRow, note: string): Promise<void> {
    try {
      await answer(api.POST('/api/v1/sign-offs', { body: { form: form(), day: day(), department: row.department.id, note } }));
    } finally {
      await list.reload();
    }
  }

  async function revoke(row: SignOffRow): Promise<void> {
    if (!row.signed) return;
    try {
      await answer(api.DELETE('/api/v1/sign-offs/{id}', { params: { path: { id: row.signed.id } } }));
    } finally {
      await list.reload();
    }
  }

  return { ...list, opened, toggle, sign, revoke };
}
