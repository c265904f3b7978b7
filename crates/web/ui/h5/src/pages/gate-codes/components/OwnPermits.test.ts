// @vitest-environment happy-dom
import { createApp, type App } from 'vue';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { components } from '#shared/api/schema.d.ts';
import { setLocale } from '../../../locale/index.ts';
import { session } from '../../../session.ts';
import OwnPermits from './OwnPermits.vue';

type Permit = components['schemas']['OwnGatePermit'];

// Nine in the morning at the school.
const NOW = '2020-03-04T01:00:00Z';
const ME = { userid: 's1', name: '学生', school: { name: '学校', time_zone: 'Asia/Shanghai' }, today: '2020-03-04', grants: [] };
const today: Permit = {
  id: 1,
  kind: 'standing',
  from: '2020-03-04T00:00:00Z',
  until: '2020-03-04T10:00:00Z',
  zones: [],
  reason: '企业微信审批：出校申请',
  used: [],
};
const tomorrow: Permit = { ...today, id: 2, from: '2020-03-05T00:00:00Z', until: '2020-03-05T16:00:00Z', reason: '校外实习' };
const usedOnce: Permit = { ...today, id: 3, kind: 'single', until: '2020-03-04T16:00:00Z', zones: ['南区', '宿舍'], reason: '就医', used: ['out'] };

/** What the server holds; the network's other end is played here. */
let held: Permit[] = [];
let asked = 0;
let app: App | undefined;

beforeEach(async () => {
  vi.useFakeTimers({ now: Date.parse(NOW), toFake: ['Date'] });
  vi.stubGlobal('fetch', (request: Request) => {
    const isPermits = request.url.endsWith('/me/gate-permits');
    if (isPermits) asked += 1;
    const body = JSON.stringify(isPermits ? { items: held } : ME);
    return Promise.resolve(new Response(body, { status: 200, headers: { 'Content-Type': 'application/json' } }));
  });
  asked = 0;
  await setLocale('zh-CN');
  await session.load();
});

afterEach(() => {
  app?.unmount();
  document.body.innerHTML = '';
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function show(permits: Permit[]) {
  held = permits;
  const place = document.createElement('div');
  document.body.append(place);
  app = createApp(OwnPermits);
  app.mount(place);
}

const text = (element: Element | null) => element?.textContent?.replace(/\s+/g, ' ').trim();
const section = () => document.querySelector('section');
/** Kind, reason and zones, and when, of each permit on the page. */
const shown = () => [...document.querySelectorAll('.permit')].map((one) => ['.kind', '.about', '.at'].map((part) => text(one.querySelector(part))));
/** Comes back to the page, which then asks again. */
const look = () => document.dispatchEvent(new Event('visibilitychange'));

test('a permit by an approval that holds today says until when', async () => {
  show([today]);
  await vi.waitFor(() => expect(shown()).toEqual([['长期', '企业微信审批：出校申请 所有区域', '至 18:00']]));
  expect(text(document.querySelector('h2'))).toBe('我的通行证');
  await setLocale('en');
  await vi.waitFor(() => expect(shown()).toEqual([['Standing', '企业微信审批：出校申请 All zones', 'until 18:00']]));
  expect(text(document.querySelector('h2'))).toBe('My permits');
});

test('one of tomorrow says from when, and the midnight it ends at is the end of its day', async () => {
  show([tomorrow]);
  await vi.waitFor(() => expect(shown()).toEqual([['长期', '校外实习 所有区域', '3月5日 08:00 起，至 3月5日 24:00']]));
  await setLocale('en');
  await vi.waitFor(() => expect(shown()).toEqual([['Standing', '校外实习 All zones', 'from 5 Mar 08:00 until 5 Mar 24:00']]));
});

test('a single one says which way it was used, and in which zones it holds', async () => {
  show([usedOnce]);
  await vi.waitFor(() => expect(shown()).toEqual([['单次', '就医 南区、宿舍 · 已用：出', '至 24:00']]));
  await setLocale('en');
  await vi.waitFor(() => expect(shown()).toEqual([['Single', '就医 南区, 宿舍 · Used: Out', 'until 24:00']]));
});

test('whoever holds none sees nothing of permits', async () => {
  show([]);
  await vi.waitFor(() => expect(asked).toBe(1));
  expect(section()).toBeNull();
  held = [today];
  look();
  await vi.waitFor(() => expect(section()).not.toBeNull());
});

test('one that is withdrawn goes when the page is looked at again, and the others stay', async () => {
  show([today, tomorrow]);
  await vi.waitFor(() => expect(shown()).toHaveLength(2));
  held = [tomorrow];
  look();
  await vi.waitFor(() => expect(shown().map(([, about]) => about)).toEqual(['校外实习 所有区域']));
  held = [];
  look();
  await vi.waitFor(() => expect(section()).toBeNull());
});
