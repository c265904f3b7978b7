// The gate's page in every state, at the sizes of what stands at gates, in both languages.

import assert from 'node:assert/strict';

import axe from 'axe-core';

const { SERVER_URL, SCREENSHOTS } = process.env;
const SIZES = { phone: { width: 390, height: 844 }, tablet: { width: 820, height: 1180 }, pc: { width: 1440, height: 900 } };
const nothing = () => Promise.resolve();
const PERSON = { name: '某同学', place: '2018软件技术1班', photo: null };
/** What the server may say of a scan. */
const DECISIONS = {
  allowed: { allowed: true, reason: null, message: null, flags: [], person: PERSON },
  flagged: { allowed: true, reason: null, message: null, flags: ['passback', 'travel'], person: PERSON },
  refused: { allowed: false, reason: 'no_report', message: '今天还没有填报，请先填报', flags: [], person: PERSON },
  visitor: { allowed: true, reason: null, message: null, flags: [], person: { name: '来访人', place: null, photo: null, guest: { host: '某老师', until: '2020-03-04T09:00:00Z', reason: '设备检修', company: '某某公司', plate: '豫C00001' } } },
  unreadable: { allowed: false, reason: 'unreadable', message: '不是本校的通行码', flags: [], person: null },
};

export async function gate(browser, administrator, id) {
  const context = await browser.newContext({ viewport: SIZES.phone, locale: 'zh-CN', timezoneId: 'Asia/Shanghai', reducedMotion: 'reduce', serviceWorkers: 'block' });
  const headers = { 'X-Requested-With': 'rollcall' };
  // A device whose clock is not the server's says so, and nothing else.
  const { as_of: now } = await (await administrator.page.context().request.get(`${SERVER_URL}/api/v1/passages/inside`, { headers })).json();
  await context.clock.setFixedTime(now);
  const page = await context.newPage();
  page.setDefaultTimeout(8_000);
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  const zh = { pair: '绑定', code: '配对码', wrong: /配对码不对/, show: '出示门岗码，让对方扫', shown: '请用企业微信“扫一扫”', read: '改为扫通行码', online: '在线', offline: /断网了/, language: 'English' };
  const en = { pair: 'Pair', code: 'Pairing code', wrong: /code is wrong/, show: 'Show a code instead', shown: 'Scan it with WeCom', read: 'Read codes instead', online: 'Online', offline: /No network/, language: '中文' };

  /** Pictures of what is there, and whether everybody can use it and it fits. */
  async function picture(name, language, { show = nothing, hide = nothing } = {}) {
    for (const [size, viewport] of Object.entries(SIZES)) {
      await page.setViewportSize(viewport);
      await show();
      await page.screenshot({ path: `${SCREENSHOTS}/pages/gate-${name}-${size}-${language}.png` });
      const { scrollWidth, clientWidth } = await page.evaluate(() => ({ scrollWidth: document.documentElement.scrollWidth, clientWidth: document.documentElement.clientWidth }));
      assert.ok(scrollWidth <= clientWidth, `${name} stays within a ${size}: ${scrollWidth} > ${clientWidth}`);
      if (language === 'en') {
        const chinese = await page.evaluate(() => [...document.querySelectorAll('body *:not([lang^="zh"])')].filter((one) => one.children.length === 0 && one.checkVisibility()).map((one) => one.textContent).filter((text) => /[\u3400-\u9fff]/.test(text)));
        const known = /^(某同学|来访人|.*某老师.*|设备检修 · 某某公司 · 豫C00001|2018软件技术1班|东校区|东门|.*一号闸机)$/;
        assert.deepEqual(chinese.filter((text) => !known.test(text.trim())), [], `${name} is English`);
      }
      await hide();
    }
    await show();
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate(() => globalThis.axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa'], resultTypes: ['violations'] }));
    assert.deepEqual(violations.map((found) => `${found.id}: ${found.nodes[0]?.html}`), [], `${name} is accessible`);
    await hide();
  }

  for (const language of ['zh', 'en']) {
    const words = { zh, en }[language];
    const offered = await administrator.page.context().request.post(`${SERVER_URL}/api/v1/gates/${id}/pairing`, { headers, data: { name: '一号闸机' } });
    const { code } = await offered.json();
    await page.goto(`${SERVER_URL}/gate/`);
    await page.getByLabel(words.code).waitFor();
    await picture('pairing', language);
    await page.getByLabel(words.code).fill('AAAABBBBCCCC');
    await page.getByRole('button', { name: words.pair, exact: true }).click();
    await page.getByText(words.wrong).waitFor();
    await picture('pairing-wrong', language);
    await page.getByLabel(words.code).fill(code);
    await page.getByRole('button', { name: words.pair, exact: true }).click();
    await page.getByText(words.online, { exact: true }).waitFor();
    await picture('scanner', language);
    await page.getByRole('button', { name: words.show }).click();
    await page.getByText(words.shown).waitFor();
    await picture('shown', language);
    await page.getByRole('button', { name: words.read }).click();
    for (const [name, decision] of Object.entries(DECISIONS)) {
      await page.route('**/api/v1/gate/scans', (route) => route.fulfill({ status: 200, contentType: 'application/json', body: JSON.stringify({ ...decision, at: '2020-03-04T00:00:00Z' }) }));
      // It goes by itself: each picture is of one more scan.
      const show = async () => {
        await page.evaluate((keys) => keys.forEach((key) => document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }))), [...'G1:SOMECODE', 'Enter']);
        await page.locator('.decision').waitFor();
      };
      const hide = async () => {
        await page.locator('.decision .on').click({ timeout: 1_000 }).catch(() => undefined);
        await page.locator('.decision').waitFor({ state: 'detached' });
      };
      await picture(name, language, { show, hide });
      await page.unroute('**/api/v1/gate/scans');
    }
    await context.setOffline(true);
    await page.getByText(words.offline).first().waitFor();
    await picture('offline', language);
    await context.setOffline(false);
    // The next language begins with a device that is none yet.
    await page.evaluate(() => new Promise((done) => { const gone = indexedDB.deleteDatabase('rollcall-gate'); gone.onsuccess = gone.onblocked = gone.onerror = done; }));
    await page.reload();
    if (language === 'zh') await page.getByRole('button', { name: words.language, exact: true }).click();
  }
  await context.close();
  assert.deepEqual(complaints, []);
}
