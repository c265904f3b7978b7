// The gate in a real Chromium, as people use it: an administrator sets it up and pairs a device, a student's code is held
// before its camera, the counsellor reads who passed; then the network is gone, and what was decided without it is told later.
//
// Run by tests/src/browser.rs, whose clock stands still: the browsers that decide by time stand at the same moment.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { chromium } from 'playwright-core';

import { look } from './look.mjs';

const { SERVER_URL, SIMULATOR_URL, SCREENSHOTS, STUDENT, CLASSMATE, COUNSELLOR, ADMINISTRATOR, NOW, CHROMIUM } = process.env;

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
const TABLET = { viewport: { width: 820, height: 1180 } };
const PC = { viewport: { width: 1440, height: 900 } };
const ARGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

let folder;
let browser;

before(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  folder = mkdtempSync(join(tmpdir(), 'rollcall-gate-'));
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS });
});

after(async () => {
  await browser?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** A browser of its own; what its pages complain about fails the test, except that there was no answer. */
async function open(device, { from = browser, permissions = [] } = {}) {
  const context = await from.newContext({ ...device, permissions, locale: 'zh-CN', timezoneId: 'Asia/Shanghai' });
  // As soon as a page is there, before its scripts run.
  await context.clock.setFixedTime(NOW);
  const complaints = [];
  context.on('page', (page) => {
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) complaints.push(message.text());
    });
  });
  const page = await context.newPage();
  return { page, context, end: async () => { await context.close(); assert.deepEqual(complaints, []); } };
}

async function signIn(person, userid, to) {
  await person.page.goto(`${SIMULATOR_URL}/choose?userid=${userid}`);
  await person.page.goto(`${SERVER_URL}/auth/start?to=${to}`);
}

/** A picture of a screen as a camera would see it: a file that Chromium plays as its camera, again and again. */
async function asCamera(picture, name) {
  const page = await browser.newPage();
  const jpeg = await page.evaluate(async (source) => {
    const image = new Image();
    image.src = source;
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [1280, 720];
    const brush = canvas.getContext('2d');
    brush.fillStyle = '#777';
    brush.fillRect(0, 0, canvas.width, canvas.height);
    // Held a little askew, as people do.
    brush.translate(640, 360);
    brush.rotate(0.06);
    brush.drawImage(image, -250, -250, 500, 500);
    return canvas.toDataURL('image/jpeg', 0.8).split(',')[1];
  }, `data:image/png;base64,${picture.toString('base64')}`);
  await page.close();
  const file = join(folder, `${name}.mjpeg`);
  writeFileSync(file, Buffer.from(jpeg, 'base64'));
  return file;
}

/** The text of the code a phone shows. */
const codeOf = (page) => page.evaluate(() => JSON.parse(sessionStorage.getItem('rollcall.gate_codes')).batch.codes[0].code);

/** Types it as fast as a hand scanner does, which the debugger's keyboard does not always. */
async function scanByHand(page, code) {
  await page.evaluate((keys) => keys.forEach((key) => document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }))), [...code, 'Enter']);
}

/** The decision on the guard's screen, which goes by itself. */
async function decided(page, word, more = '') {
  const decision = page.getByRole('alert').filter({ hasText: word }).filter({ hasText: more });
  await decision.waitFor();
  return decision;
}

test('a gate is set up, a code opens it, and it works without a network', { timeout: 180_000 }, async () => {
  // The administrator makes a zone and a gate, and a code for a device.
  const administrator = await open(PC);
  await signIn(administrator, ADMINISTRATOR, '/admin/gates');
  const gates = administrator.page;
  await gates.getByText('还没有区域').waitFor();
  await gates.getByRole('button', { name: '新增区域' }).click();
  await gates.getByRole('dialog').getByLabel('名称').fill('东校区');
  await gates.getByLabel(/重复进、重复出时拦截/).check();
  await look(gates, 'pc-gate-zone');
  await gates.getByLabel(/重复进、重复出时拦截/).uncheck();
  await gates.getByRole('dialog').getByRole('button', { name: '保存' }).click();
  await gates.getByRole('dialog').waitFor({ state: 'hidden' });
  await gates.getByRole('button', { name: '在东校区新增门岗' }).click();
  const dialog = gates.getByRole('dialog', { name: '新增门岗' });
  await dialog.getByLabel('名称').fill('东门');
  await dialog.getByRole('button', { name: '添加时段' }).click();
  await dialog.getByRole('group', { name: '进的要求' }).getByLabel('今天已填报').check();
  await dialog.getByLabel('健康日报').check();
  await look(gates, 'pc-gate-rules');
  await dialog.getByRole('group', { name: '进的要求' }).getByLabel('今天已填报').uncheck();
  await dialog.getByRole('button', { name: '保存' }).click();
  await dialog.waitFor({ state: 'hidden' });
  await gates.getByRole('button', { name: '东门的设备' }).click();
  await gates.getByLabel('设备名称').fill('东门 1 号');
  await gates.getByRole('button', { name: '生成配对码' }).click();
  const shown = gates.locator('.code');
  await shown.waitFor();
  await look(gates, 'pc-gate-pairing');
  const pairing = (await shown.locator('span:not(.sr-only)').allInnerTexts()).join('-');
  assert.match(pairing, /^[0-9A-Z]{4}(-[0-9A-Z]{4}){2}$/);

  // A student opens 通行码 from 我的; the page opens again without a network.
  const student = await open(PHONE);
  await signIn(student, STUDENT, '/h5/me');
  await student.page.getByRole('link', { name: '通行码' }).click();
  const picture = student.page.getByRole('img', { name: /通行码二维码/ });
  await picture.waitFor();
  await student.page.getByText('还没有进出记录').waitFor();
  await look(student.page, 'phone-gate-code');
  const name = await student.page.locator('.pass .name').innerText();
  await student.page.waitForFunction(async () => (await navigator.serviceWorker.getRegistration('/h5/gate-code'))?.active?.state === 'activated');
  await student.context.setOffline(true);
  await student.page.reload();
  await picture.waitFor();
  assert.equal(await student.page.locator('.pass .name').innerText(), name);
  await look(student.page, 'phone-gate-code-offline');
  const camera = await asCamera(await picture.screenshot(), 'student');
  const used = await codeOf(student.page);

  // The device is paired, sees the code, and says who it is.
  const eyes = await chromium.launch({
    executablePath: CHROMIUM,
    args: [...ARGS, '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${camera}`],
  });
  const device = await open(TABLET, { from: eyes, permissions: ['camera'] });
  const gate = device.page;
  await gate.goto(`${SERVER_URL}/gate/`);
  await gate.getByLabel('配对码').fill('ABCD-EFGH-JKLM');
  await gate.getByRole('button', { name: '绑定' }).click();
  await gate.getByText('配对码不对或已过期').waitFor();
  await look(gate, 'tablet-gate-pairing');
  await gate.getByLabel('配对码').fill(pairing.toLowerCase());
  await gate.getByRole('button', { name: '绑定' }).click();
  await decided(gate, '放行', name);
  // The student goes on; the camera sees nobody any more, and has gone by the next time the page is opened.
  await gate.evaluate(() => { document.querySelector('video').srcObject = null; });
  await device.context.addInitScript(() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('gone', 'NotFoundError')); });
  await look(gate, 'tablet-gate-allowed');
  await gate.getByRole('alert').filter({ hasText: '放行' }).waitFor({ state: 'hidden' });
  await gate.getByText('进 1').waitFor();
  await gate.getByText('全部已上传').waitFor();
  await look(gate, 'tablet-gate');

  // Staff invite somebody, who has no account and no 企业微信, and opens the link in any browser.
  const host = await open(PHONE);
  await signIn(host, COUNSELLOR, '/h5/me');
  await host.page.getByRole('link', { name: '我的访客' }).click();
  await host.page.getByText('还没有邀请过访客').waitFor();
  await host.page.getByRole('button', { name: '邀请访客' }).click();
  const invitation = host.page.getByRole('dialog', { name: '邀请访客' });
  await invitation.getByLabel('访客姓名').fill('来访人');
  await invitation.getByLabel('手机号').fill('100 1234 5678');
  await invitation.getByLabel('来访事由').fill('设备检修');
  await invitation.getByLabel('开始时间').fill('2020-03-04T08:00');
  await invitation.getByLabel(/结束时间/).fill('2020-03-04T18:00');
  await look(host.page, 'phone-visitor-invite');
  await invitation.getByRole('button', { name: '生成访客链接' }).click();
  const link = host.page.getByLabel('访客链接');
  await link.waitFor();
  await look(host.page, 'phone-visitor-link');
  const address = await link.inputValue();
  assert.match(address, /\/h5\/visit#t=[0-9a-f]{32}$/);
  const guest = await open(PHONE);
  const [answered] = await Promise.all([guest.page.waitForResponse('**/api/v1/visit'), guest.page.goto(address)]);
  await guest.page.getByRole('img', { name: /通行码二维码/ }).waitFor();
  await guest.page.getByText(/^访客 · .*邀请$/).waitFor();
  await look(guest.page, 'phone-visit');
  assert.deepEqual(await guest.context.cookies(), [], 'without a session');
  await scanByHand(gate, (await answered.json()).codes[0].code);
  await decided(gate, '放行', '来访人');
  await look(gate, 'tablet-gate-visitor');
  await gate.getByRole('alert').filter({ hasText: '放行' }).waitFor({ state: 'hidden' });
  await host.page.getByRole('dialog').getByRole('button', { name: '关闭' }).click();
  await host.page.getByRole('dialog').waitFor({ state: 'hidden' });
  await host.page.reload();
  await host.page.getByText('在校', { exact: true }).waitFor();
  await look(host.page, 'phone-visitors');
  await guest.page.goto(`${SERVER_URL}/h5/visit#t=00000000000000000000000000000000`);
  await guest.page.reload();
  await guest.page.getByText('没有这次邀请').waitFor();
  await guest.end();
  await host.end();

  // The counsellor reads it in the table, and the student on their phone.
  const counsellor = await open(PC);
  await signIn(counsellor, COUNSELLOR, '/admin/passages');
  const row = counsellor.page.getByRole('row', { name: new RegExp(name) });
  await row.getByText('东门').waitFor();
  await row.getByText('放行').waitFor();
  await look(counsellor.page, 'pc-passages');
  await student.context.setOffline(false);
  await student.page.reload();
  await student.page.getByRole('listitem').filter({ hasText: '东门' }).waitFor();
  await look(student.page, 'phone-gate-code-passed');

  // Another student, whom the device has to decide about by itself.
  const classmate = await open(PHONE);
  await signIn(classmate, CLASSMATE, '/h5/gate-code');
  await classmate.page.getByRole('img', { name: /通行码二维码/ }).waitFor();
  const code = await codeOf(classmate.page);
  await classmate.end();
  await gate.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await device.context.setOffline(true);
  await gate.getByText('断网了，正按本机名单判断').waitFor();
  await scanByHand(gate, code);
  await decided(gate, '放行', '离线判断');
  await look(gate, 'tablet-gate-offline');
  await gate.getByText('待上传 1 条').waitFor();
  await scanByHand(gate, code);
  await decided(gate, '不放行', '这个码已经用过');
  await gate.getByText('待上传 2 条').waitFor();
  // The page opens again, and knows what it has to tell and which codes were used.
  await gate.reload();
  await gate.getByText('待上传 2 条').waitFor();
  await gate.getByText('断网了，正按本机名单判断').waitFor();
  await gate.getByText('没有找到摄像头').waitFor();
  await scanByHand(gate, used);
  await decided(gate, '不放行', '这个码已经用过');
  await gate.getByText('待上传 3 条').waitFor();

  // The network is back: everything is told, once.
  await device.context.setOffline(false);
  await gate.getByText('全部已上传').waitFor();
  await gate.getByText('在线', { exact: true }).waitFor();
  await counsellor.page.reload();
  await counsellor.page.getByText('离线', { exact: true }).first().waitFor();
  assert.equal(await counsellor.page.locator('tbody tr').count(), 4);
  await look(counsellor.page, 'pc-passages-offline');
  await counsellor.page.goto(`${SERVER_URL}/admin/passages/live`);
  await counsellor.page.getByRole('img', { name: /共进 2 人次/ }).waitFor();
  await look(counsellor.page, 'pc-passages-live');
  await counsellor.end();

  // Withdrawn, it is none any more, and says so.
  await gates.getByRole('button', { name: '撤销设备 东门 1 号' }).click();
  await gates.getByRole('dialog', { name: /撤销设备/ }).getByRole('button', { name: '撤销', exact: true }).click();
  await gates.getByText(/已撤销$/).first().waitFor();
  await scanByHand(gate, code);
  await gate.getByText('这台设备已被撤销').waitFor();
  await look(gate, 'tablet-gate-withdrawn');
  await device.end();
  await eyes.close();
  await student.end();
  await administrator.end();
});
