// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { effectScope } from 'vue';
import type { Api } from '../api/client.ts';
import { useValues } from './useValues.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('full values are shown as long as the server allows, and forgotten with the page', async () => {
  const asked: number[] = [];
  const api = {
    POST: (_path: string, { params }: { params: { path: { id: number } } }) => {
      asked.push(params.path.id);
      const data = { current: '10012345678', proposed: '10087654321', shown_for_seconds: 60 };
      return Promise.resolve({ data, response: new Response(null, { status: 200 }) });
    },
  } as unknown as Api;
  const scope = effectScope();
  const shown = scope.run(() => useValues(api));
  if (!shown) throw new Error('the scope gave nothing');
  expect(shown.values.value).toBeNull();
  await shown.show(7);
  expect(asked).toEqual([7]);
  expect(shown.values.value?.proposed).toBe('10087654321');
  vi.advanceTimersByTime(59_000);
  expect(shown.values.value).not.toBeNull();
  vi.advanceTimersByTime(1_000);
  expect(shown.values.value).toBeNull();
  await shown.show(7);
  scope.stop();
  expect(shown.values.value).toBeNull();
});
