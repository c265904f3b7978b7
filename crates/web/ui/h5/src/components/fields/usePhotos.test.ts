import { effectScope } from 'vue';
import { expect, test, vi } from 'vitest';
import { Problem } from '#shared/api/problem.ts';
import type { sendPhoto } from './photos.ts';

vi.mock('../../api.ts', () => ({ api: { DELETE: () => Promise.resolve({ response: new Response(null, { status: 204 }) }) } }));
const { usePhotos } = await import('./usePhotos.ts');

const file = () => new Blob(['a picture']);

/** A question for at most three photos, and a server that answers when told to. */
function ask() {
  const sent: { resolve: (id: string) => void; reject: (problem: Problem) => void; on: (part: number) => void }[] = [];
  const send = ((given) => new Promise((resolve, reject) => sent.push({ resolve, reject, on: given.on }))) as typeof sendPhoto;
  let ids: string[] = [];
  const scope = effectScope();
  const photos = scope.run(() =>
    usePhotos({ owner: { form: 'notes' }, ids: () => ids, set: (next) => (ids = next), room: () => 3, send, shrink: (blob) => Promise.resolve(blob) }),
  );
  if (!photos) throw new Error('no scope');
  return { photos, sent, ids: () => ids, settle: () => new Promise((resolve) => setTimeout(resolve, 0)) };
}

test('photos go out one after the other and their ids come in that order', async () => {
  const { photos, sent, ids, settle } = ask();
  photos.add([file(), file()]);
  await settle();
  expect(sent).toHaveLength(1);
  sent[0]?.on(0.5);
  expect(photos.pending.value[0]?.part).toBe(0.5);
  expect(photos.busy.value).toBe(true);
  sent[0]?.resolve('one');
  await settle();
  sent[1]?.resolve('two');
  await settle();
  expect(ids()).toEqual(['one', 'two']);
  expect(photos.busy.value).toBe(false);
});

test('no more are taken than there is room for', async () => {
  const { photos, settle } = ask();
  photos.add([file(), file(), file(), file()]);
  await settle();
  expect(photos.pending.value).toHaveLength(3);
});

test('one that failed says why, can be tried again, and holds up nobody', async () => {
  const { photos, sent, ids, settle } = ask();
  photos.add([file(), file()]);
  await settle();
  sent[0]?.reject(new Problem('refused', { status: 422, body: { errors: [{ field: 'file', message: '这不是能打开的照片' }] } }));
  await settle();
  expect(photos.pending.value[0]?.problem).toBe('这不是能打开的照片');
  sent[1]?.resolve('two');
  await settle();
  expect(photos.busy.value).toBe(false);
  photos.retry(photos.pending.value[0]?.key ?? 0);
  await settle();
  sent[2]?.resolve('one');
  await settle();
  expect(ids()).toEqual(['two', 'one']);
});

test('one that was taken away while it was sent does not come back', async () => {
  const { photos, sent, ids, settle } = ask();
  photos.add([file()]);
  await settle();
  photos.drop(photos.pending.value[0]?.key ?? 0);
  sent[0]?.resolve('one');
  await settle();
  expect(ids()).toEqual([]);
});
