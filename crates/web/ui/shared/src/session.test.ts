import { computed } from 'vue';
import { expect, test } from 'vitest';
import { createApi } from './api/client.ts';
import { createSession, createSignInGuard, signInAddress } from './session.ts';
import { createNotes } from './storage.ts';
import { json, serve } from './testing/server.ts';

const memory = () =>
  createNotes(() => {
    throw new Error('no storage');
  });

test('a browser that keeps no session is not sent round and round', () => {
  let now = 1_000_000;
  const guard = createSignInGuard(memory(), () => now);
  expect([guard.mayLeave(), guard.mayLeave(), guard.mayLeave(), guard.mayLeave()]).toEqual([true, true, true, false]);
  now += 30_001;
  expect(guard.mayLeave()).toBe(true);
});

test('arriving starts the count anew', () => {
  const guard = createSignInGuard(memory(), () => 0);
  guard.mayLeave();
  guard.mayLeave();
  guard.arrived();
  expect([guard.mayLeave(), guard.mayLeave(), guard.mayLeave()]).toEqual([true, true, true]);
});

test('the way back is part of the address', () => {
  expect(signInAddress('/h5/statistics?day=2020-03-04&by=grade')).toBe('/auth/start?to=%2Fh5%2Fstatistics%3Fday%3D2020-03-04%26by%3Dgrade');
});

test('a session is known, or says why not and can be asked again', async () => {
  let up = false;
  const { origin } = await serve((_, response) => {
    if (up) json(response, 200, { name: '陈晓雨', school: { name: '示范大学', time_zone: 'America/New_York' } });
    else json(response, 500, { title: '服务内部错误' });
  });
  const session = createSession(createApi({ origin, signedOut: () => undefined }), computed(() => 'zh-CN' as const));
  await session.load();
  expect(session.me).toBeNull();
  expect(session.problem).toMatchObject({ kind: 'server' });
  expect(() => session.known).toThrow();
  up = true;
  await session.load();
  expect(session.problem).toBeNull();
  expect(session.known.name).toBe('陈晓雨');
  expect(session.format.time('2020-03-03T23:42:10Z')).toBe('18:42');
});
