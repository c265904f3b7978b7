// Somebody who goes through the pages: signed in once, then moving within the app as its own links do.

import assert from 'node:assert/strict';

const { SERVER_URL, SIMULATOR_URL, SCREENSHOTS } = process.env;
const API = `${SERVER_URL}/api/v1`;
/** What is on its way: a page that was left, something that loads, something that fades. */
const MOVING = 'h1[data-left], .boot, .loading, [class*="-leave-active"], [class*="-enter-active"]';

export async function visitor(browser, app, userid) {
  const { isMobile = false, hasTouch = false } = app;
  const context = await browser.newContext({ viewport: app.wide, isMobile, hasTouch, locale: 'zh-CN', timezoneId: 'Asia/Shanghai', reducedMotion: 'reduce', serviceWorkers: 'block' });
  const page = await context.newPage();
  page.setDefaultTimeout(8_000);
  const person = { page, app, said: new Set(), complaints: [], forgiving: false, language: 'zh', route: undefined, visit, speak, picture, resize, menu, settled, quiet, end };
  /** Requests under way, and answers being read. */
  const waiting = new Set();
  const reading = new Set();

  page.on('pageerror', (error) => person.complaints.push(error.message));
  page.on('console', (message) => {
    // Where an answer was kept back on purpose, the browser says so.
    const meant = person.forgiving && message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !message.text().includes('401') && !meant) person.complaints.push(message.text());
  });
  page.on('request', (request) => waiting.add(request));
  for (const end of ['requestfinished', 'requestfailed']) page.on(end, (request) => waiting.delete(request));
  page.on('response', (response) => {
    if (!response.url().startsWith(API)) return;
    const read = response.json().then((body) => collect(body, person.said), () => undefined);
    reading.add(read);
    void read.finally(() => reading.delete(read));
  });

  await page.goto(`${SIMULATOR_URL}/choose?userid=${userid}`);
  await page.goto(`${SERVER_URL}/auth/start?to=/${app.name}/`);
  await page.locator('h1').first().waitFor();
  await settled();
  return person;

  /** Goes there as a link would. With `early`, does not wait until all is there. */
  async function visit(at, { route, moves = false, early = false } = {}) {
    // The same page again would stay as it is.
    if (person.route === undefined || person.route === route || early) await go('/nothing-here');
    person.route = route;
    if (early) await go(at, true);
    else {
      await go(at);
      const here = new URL(page.url()).pathname.replace(/\/$/, '');
      if (!moves) assert.equal(here, `/${app.name}${new URL(at, SERVER_URL).pathname}`.replace(/\/$/, ''), 'it stays where it was sent');
    }
  }

  async function go(at, early = false) {
    if (page.url() === `${SERVER_URL}/${app.name}${at}`) return;
    await page.evaluate((path) => {
      for (const heading of document.querySelectorAll('h1')) heading.setAttribute('data-left', '');
      history.pushState(null, '', path);
      dispatchEvent(new PopStateEvent('popstate', { state: null }));
    }, `/${app.name}${at}`);
    if (!early) await settled();
  }

  /** Waits until the page one came for is there whole: its heading, its answers, and nothing that moves. */
  async function settled() {
    for (let still = 0; still < 2; ) {
      const there = page.waitForFunction((moving) => document.querySelector('h1') && !document.querySelector(moving), MOVING);
      await there.catch(async () => {
        const left = await page.locator(MOVING).evaluateAll((found) => found.map((one) => one.className || one.tagName));
        assert.fail(`is never there whole: ${left.join(', ') || 'no heading'}; ${await page.locator('body').innerText()}`);
      });
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      still = waiting.size === 0 ? still + 1 : 0;
    }
    await Promise.all(reading);
  }

  /** Chooses the language where people do. */
  async function speak(language) {
    if (person.language === language) return;
    if (app.name === 'h5') await visit('/me', { route: 'me to choose' });
    else if (!(await page.locator('header .text-button').count())) await visit('/', { route: 'home to choose', moves: true });
    await page.getByRole('button', { name: language === 'en' ? 'English' : '中文', exact: true }).click();
    await page.locator(`html[lang="${language === 'en' ? 'en' : 'zh-CN'}"]`).waitFor({ state: 'attached' });
    await settled();
    person.language = language;
  }

  async function picture(name, fullPage = false) {
    await page.screenshot({ path: `${SCREENSHOTS}/pages/${name}.png`, fullPage });
  }

  async function resize(viewport) {
    await page.setViewportSize(viewport);
    await settled();
  }

  /** Where the main menu of the data hall leads. */
  async function menu() {
    const links = await page.locator('nav .entry').evaluateAll((entries) => entries.map((entry) => entry.getAttribute('href')));
    return links.map((href) => href.replace(/^\/admin/, ''));
  }

  /** Nothing has complained. */
  function quiet() {
    assert.deepEqual(person.complaints.splice(0), []);
  }

  async function end() {
    await context.close();
    quiet();
  }
}

/** Every text of an answer. */
function collect(value, into) {
  if (typeof value === 'string') into.add(value.replace(/\s+/g, ' ').trim());
  else if (value !== null && typeof value === 'object') for (const part of Object.values(value)) collect(part, into);
}
