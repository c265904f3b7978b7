// @vitest-environment happy-dom
import { createApp, nextTick, type App } from 'vue';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { secondFactor, wantsCode } from '../../api.ts';
import CodeSheet from './CodeSheet.vue';

const RIGHT = '123456';
const REFUSED = { title: '填写有误', status: 422, code: 'invalid', errors: [{ field: 'code', message: '验证码不对或已经用过' }] };

/** What the server was sent; the network's other end is played here. */
let codes: string[] = [];
let app: App | undefined;

beforeEach(() => {
  codes = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    const { code } = (await request.json()) as { code: string };
    codes.push(code);
    if (code === RIGHT) return new Response(null, { status: 204 });
    return new Response(JSON.stringify(REFUSED), { status: 422, headers: { 'Content-Type': 'application/problem+json' } });
  });
  const place = document.createElement('div');
  document.body.append(place);
  app = createApp(CodeSheet);
  app.mount(place);
});

afterEach(() => {
  app?.unmount();
  document.body.innerHTML = '';
  vi.unstubAllGlobals();
});

const input = () => document.querySelector<HTMLInputElement>('input');
async function send(code: string) {
  const field = input();
  if (!field) throw new Error('no input');
  field.value = code;
  field.dispatchEvent(new Event('input', { bubbles: true }));
  await nextTick();
  field.closest('form')?.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }));
}

test('a wrong code is told where it was typed, and the right one lets go on what waits', async () => {
  expect(input()).toBeNull();
  const proven = secondFactor();
  await vi.waitFor(() => expect(input()).not.toBeNull());
  await send('000000');
  await vi.waitFor(() => expect(document.querySelector('[role=alert]')?.textContent).toBe('验证码不对或已经用过'));
  expect(wantsCode.value).not.toBeNull();
  await send(RIGHT);
  await expect(proven).resolves.toBe(true);
  expect(codes).toEqual(['000000', RIGHT]);
  expect(wantsCode.value).toBeNull();
});

test('whoever closes it has shown nothing', async () => {
  const proven = secondFactor();
  await vi.waitFor(() => expect(input()).not.toBeNull());
  document.querySelector<HTMLButtonElement>('button[aria-label="关闭"]')?.click();
  await expect(proven).resolves.toBe(false);
  expect(codes).toEqual([]);
});
