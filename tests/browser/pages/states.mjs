// A list while it loads, when it can't be had, with nothing in it, and with more than fits on a page of it.

import assert from 'node:assert/strict';

const { SERVER_URL } = process.env;
const JSON_TYPE = { 'Content-Type': 'application/json' };
let turn = 0;

/** Answers the GETs of one address otherwise; gives what ends it. */
export async function instead({ page }, api, handler) {
  const here = (url) => url.origin === SERVER_URL && url.pathname === `/api/v1${api}`;
  const only = (route) => (route.request().method() === 'GET' ? handler(route) : route.continue());
  await page.route(here, only);
  return () => page.unroute(here, only);
}

/** Goes to where the list is. */
async function open(person, { at, route, open: show }) {
  await person.visit(at, { route, early: true });
  await show?.(person.page);
}

/** Keeps the answer back: something says that it loads. Fails it: what is wrong is told, and asking again helps. */
export async function failing(person, list) {
  const { page } = person;
  person.forgiving = true;
  let fail;
  const held = new Promise((resolve) => (fail = resolve));
  turn += 1;
  const cut = turn % 3 === 0;
  const end = await instead(person, list.api, async (route) => {
    await held;
    // Whoever asked may have gone.
    if (cut) await route.abort('connectionfailed').catch(() => undefined);
    else await route.fulfill({ status: 500, headers: JSON_TYPE, body: '{}' }).catch(() => undefined);
  });
  await open(person, list);
  const loading = page.locator('.loading:visible, [aria-busy="true"]:visible');
  await loading.first().waitFor().catch(() => assert.fail('nothing says that it loads'));
  fail();
  const told = page.locator('[role="alert"]').filter({ has: page.getByRole('button', { name: '重试' }) });
  await told.first().waitFor().catch(() => assert.fail('nothing says that it could not be had, with a way to try again'));
  await end();
  // Two lists may ask the same.
  while ((await told.count()) > 0) {
    const before = await told.count();
    await told.first().getByRole('button', { name: '重试' }).click();
    await page.waitForFunction((many) => [...document.querySelectorAll('[role="alert"]')].filter((one) => one.innerText.includes('重试')).length < many, before)
      .catch(() => assert.fail('trying again does not help'));
  }
  await person.settled();
  person.forgiving = false;
}

/** The real answer of an address, with its lists made empty and its figures nought. */
function emptied(body) {
  const keep = /^(id|version|slot|year|revision|limit|round|page)$/;
  const nothing = (value, name) => {
    if (Array.isArray(value)) return [];
    if (typeof value === 'number') return keep.test(name) ? value : 0;
    if (value !== null && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, nothing(part, key)]));
    return name === 'next_cursor' ? null : value;
  };
  return nothing(body, '');
}

/** Says what would be here, and what to do. */
export async function empty(person, list) {
  const { page } = person;
  const end = await instead(person, list.api, async (route) => {
    const body = await real(person, route);
    await route.fulfill({ status: 200, headers: JSON_TYPE, body: JSON.stringify(emptied(body)) }).catch(() => undefined);
  });
  await open(person, list);
  const notice = page.locator('.empty:visible');
  await notice.first().waitFor().catch(() => assert.fail('nothing says that there is nothing'));
  await person.settled();
  for (const one of await notice.all()) {
    assert.ok(await one.locator('.help').count(), `says what would be here and what to do: ${await one.innerText()}`);
  }
  await end();
}

const ROWS = 60;
const MORE = 'the-next-page';

/** Has more rows than one page of it: the rest comes on request. */
export async function long(person, list) {
  const { page } = person;
  let asked = 0;
  const end = await instead(person, list.api, async (route) => {
    const second = new URL(route.request().url()).searchParams.get('cursor') === MORE;
    if (second) asked += 1;
    const body = await real(person, route, second);
    const rows = list.row ? [list.row] : body.items;
    // Nothing to make more of: what is looked for does not come.
    const items = rows.length === 0 ? [] : Array.from({ length: second ? 5 : ROWS }, (_, place) => another(rows[place % rows.length], place + (second ? ROWS : 0)));
    await route.fulfill({ status: 200, headers: JSON_TYPE, body: JSON.stringify({ ...body, items, next_cursor: second ? null : MORE }) }).catch(() => undefined);
  });
  await open(person, list);
  const more = page.getByRole('button', { name: '加载更多' });
  await more.first().waitFor().catch(() => assert.fail('nothing offers more'));
  await person.settled();
  const { scrollWidth, clientWidth } = await page.evaluate(() => ({ scrollWidth: document.documentElement.scrollWidth, clientWidth: document.documentElement.clientWidth }));
  assert.ok(scrollWidth <= clientWidth, 'stays within the window');
  while ((await more.count()) > 0) {
    const before = await more.count();
    await more.first().click();
    await page.waitForFunction((many) => [...document.querySelectorAll('button')].filter((one) => one.innerText.includes('加载更多')).length < many, before)
      .catch(() => assert.fail('more never comes'));
  }
  assert.ok(asked > 0, 'the next page was asked for');
  await person.settled();
  await end();
}

/** What the server says to the same request; its first page where the next is asked for. */
async function real({ page }, route, first = false) {
  const url = new URL(route.request().url());
  if (first) url.searchParams.delete('cursor');
  const response = await page.context().request.get(url.href, { headers: { 'X-Requested-With': 'rollcall' } });
  return response.json();
}

/** A row like another, of somebody or something else. */
function another(row, place) {
  const copy = structuredClone(row);
  for (const name of ['id', 'person', 'receipt', 'number', 'userid', 'code', 'room', 'subject']) {
    if (typeof copy[name] === 'number') copy[name] += 1_000_000 * (place + 1);
    else if (typeof copy[name] === 'string') copy[name] = `${copy[name]}${place}`;
  }
  return copy;
}
