import { computed, onScopeDispose, ref } from 'vue';
import { answer } from '#shared/api/client.ts';
import { asProblem } from '#shared/api/problem.ts';
import { problemTitle } from '#shared/i18n/sentences.ts';
import { api } from '../../api.ts';
import { t } from '../../locale/index.ts';
import { madeSmall, MAX_FILE, sendPhoto } from './photos.ts';

/** For whose answers to which form. */
export type PhotoOwner = { form: string; person?: number };

/** A photo on its way. */
export type PendingPhoto = {
  key: number;
  /** So much of it is sent, 0 to 1. */
  part: number;
  /** Why it did not arrive; empty while it is on its way. */
  problem: string;
};

type PhotosOptions = {
  owner: PhotoOwner;
  /** Ids of those that arrived. */
  ids: () => readonly string[];
  set: (ids: string[]) => void;
  /** So many at most. */
  room: () => number;
  /** Told of each that arrived. */
  done?: () => void;
  /** For tests. */
  send?: typeof sendPhoto;
  shrink?: typeof madeSmall;
};

let lastKey = 0;

/** Photos of one question: sent one after the other, so that a slow network finishes at least the first. */
export function usePhotos({ owner, ids, set, room, done, send = sendPhoto, shrink = madeSmall }: PhotosOptions) {
  const pending = ref<PendingPhoto[]>([]);
  const busy = computed(() => pending.value.some((photo) => photo.problem === ''));
  const files = new Map<number, Blob>();
  const ended = new AbortController();
  let line: Promise<void> = Promise.resolve();

  function add(chosen: readonly Blob[]) {
    const free = room() - ids().length - pending.value.length;
    for (const file of chosen.slice(0, Math.max(0, free))) {
      const key = (lastKey += 1);
      files.set(key, file);
      pending.value.push({ key, part: 0, problem: '' });
      queue(key);
    }
  }

  function queue(key: number) {
    line = line.then(() => go(key));
  }

  async function go(key: number) {
    const photo = pending.value.find((one) => one.key === key);
    const file = files.get(key);
    if (!photo || !file || ended.signal.aborted) return;
    try {
      const small = await shrink(file);
      if (small.size > MAX_FILE) {
        photo.problem = t('photos.too_large');
        return;
      }
      const id = await send({ ...owner, file: small, signal: ended.signal, on: (part) => (photo.part = part) });
      // Taken away while it was sent: it is forgotten on the server by itself.
      if (!pending.value.some((one) => one.key === key)) return;
      drop(key);
      set([...ids(), id]);
      done?.();
    } catch (error) {
      const problem = asProblem(error);
      photo.problem = problem.fields.file ?? problemTitle(problem, t);
    }
  }

  function retry(key: number) {
    const photo = pending.value.find((one) => one.key === key);
    if (!photo) return;
    photo.problem = '';
    photo.part = 0;
    queue(key);
  }

  /** Gives up one that did not arrive. */
  function drop(key: number) {
    files.delete(key);
    pending.value = pending.value.filter((one) => one.key !== key);
  }

  /** Takes away one that arrived. One that no report shows is gone at once; a report's stays with its revision. */
  function remove(id: string) {
    set(ids().filter((one) => one !== id));
    void answer(api.DELETE('/api/v1/attachments/{id}', { params: { path: { id } } })).catch(() => undefined);
  }

  onScopeDispose(() => ended.abort());
  return { pending, busy, add, retry, drop, remove };
}
