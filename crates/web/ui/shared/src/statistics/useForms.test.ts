import { effectScope, ref } from 'vue';
import { expect, test, vi } from 'vitest';
import type { Api } from '../api/client.ts';
import { createNotes } from '../storage.ts';
import { useForms } from './useForms.ts';

const form = (code: string) => ({ code, title: code, cadence: 'daily', slots: [], categories: false, trips: false, abnormal: false, starts_on: '2020-03-01', ends_on: '2021-03-01' });
const api = (...codes: string[]) => ({ GET: () => Promise.resolve({ data: { items: codes.map(form) }, response: new Response('') }) }) as unknown as Api;
const notes = () =>
  createNotes(() => {
    throw new Error('none');
  });

test('the address says which form, and that is remembered', async () => {
  const kept = notes();
  const named = ref<string | undefined>('basic-info');
  const scope = effectScope();
  const first = scope.run(() => useForms({ api: api('health-daily', 'basic-info'), named: () => named.value, notes: kept }));
  await vi.waitFor(() => expect(first?.form.value?.code).toBe('basic-info'));
  const next = scope.run(() => useForms({ api: api('health-daily', 'basic-info'), named: () => undefined, notes: kept }));
  await vi.waitFor(() => expect(next?.form.value?.code).toBe('basic-info'));
  scope.stop();
});

test('a form that is no more gives way to the first there is', async () => {
  const kept = notes();
  kept.write('rollcall.form', 'gone');
  const scope = effectScope();
  const forms = scope.run(() => useForms({ api: api('other'), named: () => undefined, notes: kept }));
  expect(forms?.code.value).toBe('gone');
  await vi.waitFor(() => expect(forms?.code.value).toBe('other'));
  scope.stop();
});
