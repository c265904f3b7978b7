// The whole main job in a real Chromium, as people do it: a student opens Rollcall from the workbench and reports; the
// counsellor's list shrinks; a reminder reaches those left, and its link opens the form; the leader reads the table.
//
// Run by tests/src/browser.rs, which starts the server, the simulator and the worker, and says where they are.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before, test } from 'node:test';

import axe from 'axe-core';
import { chromium } from 'playwright-core';

const { SERVER_URL, SIMULATOR_URL, SCREENSHOTS, STUDENT, CLASSMATE, COUNSELLOR, LEADER, ADMINISTRATOR, COLLEGE, CLASS, CHROMIUM } = process.env;

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
const PC = { viewport: { width: 1440, height: 900 } };

let browser;

before(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync',
    ],
  });
});

after(() => browser?.close());

/** A person's browser; what its pages complain about fails the test. */
async function open(device) {
  const context = await browser.newContext({ ...device, locale: 'zh-CN', timezoneId: 'Asia/Shanghai' });
  const complaints = [];
  const watch = (page) => {
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      // The first question of a browser that has not signed in is answered with 401: that is the way in.
      if (message.type() === 'error' && !message.text().includes('401')) complaints.push(message.text());
    });
  };
  context.on('page', watch);
  const page = await context.newPage();
  return { page, context, end: async () => { await context.close(); assert.deepEqual(complaints, []); } };
}

/** Chooses who one is on the simulator's first page, as a person does. */
async function become(page, userid) {
  await page.goto(`${SIMULATOR_URL}/choose?userid=${userid}`);
}

/** Taps a link that opens Rollcall: in a window of its own, or here where the browser allows none. */
async function follow(person, link, url) {
  const popup = person.context.waitForEvent('page').catch(() => undefined);
  const here = person.page.waitForURL(url).then(() => person.page).catch(() => undefined);
  await link.click();
  const app = await Promise.race([popup, here]);
  await app.waitForURL(url);
  return app;
}

/** Opens Rollcall from the workbench (工作台). */
async function openFromWorkbench(person, userid) {
  await become(person.page, userid);
  await person.page.goto(`${SIMULATOR_URL}/client/workbench`);
  return follow(person, person.page.getByRole('link', { name: '点名' }), `${SERVER_URL}/h5/**`);
}

async function look(page, name) {
  await page.screenshot({ path: `${SCREENSHOTS}/${name}.png` });
  // The page's own policy forbids strange scripts, so axe comes in by the debugger.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => globalThis.axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa'] }));
  assert.deepEqual(violations.map((found) => `${found.id}: ${found.nodes[0]?.html}`), [], `${name} is accessible`);
}

async function unreported(page) {
  const text = await page.getByText(/^\d+ 人未报$/).innerText();
  return Number.parseInt(text, 10);
}

test('from the workbench to a reminder that made a student report', async () => {
  // The counsellor sees who is missing.
  const counsellor = await open(PHONE);
  const list = await openFromWorkbench(counsellor, COUNSELLOR);
  await list.getByRole('link', { name: '未报' }).first().click();
  await list.getByRole('heading', { name: '未报名单' }).waitFor();
  const missing = await unreported(list);
  assert.ok(missing >= 2);
  await look(list, 'phone-unreported');

  // A student reports: open, one number, one tap.
  const student = await open(PHONE);
  const today = await openFromWorkbench(student, STUDENT);
  await today.getByRole('heading', { name: '今日填报' }).waitFor();
  await look(today, 'phone-today');
  await today.goto(`${SERVER_URL}/h5/forms/health-daily`);
  await today.getByRole('textbox', { name: /体温/ }).fill('36.5');
  await today.getByText('非疫区', { exact: true }).click();
  await today.getByRole('group', { name: /身体是否异常/ }).getByText('否', { exact: true }).click();
  await look(today, 'phone-form');
  await today.getByRole('button', { name: '提交', exact: true }).click();
  await today.getByRole('heading', { name: '提交成功' }).waitFor();
  await look(today, 'phone-receipt');
  await today.goto(`${SERVER_URL}/h5/`);
  await today.getByText(/已报 \d\d:\d\d/).waitFor();
  await student.end();

  // The list shrinks by one, and the rest are reminded.
  await list.reload();
  await list.getByText(`${missing - 1} 人未报`).waitFor();
  await list.getByRole('checkbox', { name: '全选', exact: true }).check();
  await list.getByRole('button', { name: /催办/ }).click();
  const confirm = list.getByRole('dialog').getByRole('button', { name: /催办|确定|发送/ });
  if (await confirm.isVisible().catch(() => false)) await confirm.click();
  await list.getByText('已送达', { exact: false }).first().waitFor();
  await look(list, 'phone-reminded');
  await counsellor.end();

  // The reminder arrives in 企业微信, and its link opens the form.
  const classmate = await open(PHONE);
  await become(classmate.page, CLASSMATE);
  await classmate.page.goto(`${SIMULATOR_URL}/client/messages/app`);
  await classmate.page.getByText('健康日报待填写').waitFor();
  await classmate.page.screenshot({ path: `${SCREENSHOTS}/phone-message.png` });
  const card = classmate.page.getByRole('link', { name: /健康日报待填写|去填写/ }).first();
  const form = await follow(classmate, card, `${SERVER_URL}/h5/forms/health-daily**`);
  await form.getByRole('textbox', { name: /体温/ }).waitFor();
  await classmate.end();
});

test('the school leader reads the table on a PC and drills down', async () => {
  const leader = await open(PC);
  await become(leader.page, LEADER);
  await leader.page.goto(`${SERVER_URL}/auth/start?to=/admin/`);
  const page = leader.page;
  await page.getByRole('heading', { name: '上报统计' }).waitFor();
  await page.getByRole('link', { name: '信息学院' }).or(page.getByRole('button', { name: '信息学院' })).first().waitFor();
  await look(page, 'pc-statistics');
  await page.getByRole('link', { name: '信息学院' }).or(page.getByRole('button', { name: '信息学院' })).first().click();
  await page.getByText('2018级').first().waitFor();

  // Who of the roster uses WeCom, down to the people who don't.
  await page.getByRole('link', { name: '激活情况' }).click();
  await page.getByRole('heading', { name: '激活情况' }).waitFor();
  await page.getByRole('row', { name: /^学生/ }).getByText('100%').waitFor();
  await page.getByRole('button', { name: '学院或部门', exact: true }).click();
  await page.getByRole('button', { name: /未激活的 \d+ 人/ }).first().click();
  await page.getByRole('heading', { name: /未激活名单：/ }).waitFor();
  await page.getByRole('cell', { name: '没有账号' }).first().waitFor();
  await look(page, 'pc-registration');
  await leader.end();
});

test('the administrator sees the sync runs', async () => {
  const administrator = await open(PC);
  await become(administrator.page, ADMINISTRATOR);
  await administrator.page.goto(`${SERVER_URL}/auth/start?to=/admin/sync-runs`);
  await administrator.page.getByText('已应用').or(administrator.page.getByText('已完成')).first().waitFor();
  await look(administrator.page, 'pc-sync-runs');
  await administrator.end();
});

test('the administrator brings a roster, puts it right and imports it', async () => {
  const administrator = await open(PC);
  await become(administrator.page, ADMINISTRATOR);
  const { page } = administrator;
  await page.goto(`${SERVER_URL}/auth/start?to=/admin/roster`);
  await page.getByRole('heading', { name: '名册导入' }).waitFor();
  await look(page, 'pc-roster');
  const bring = (rows) =>
    page.getByLabel('选择名册文件', { exact: false }).setInputFiles({
      name: '新生名单.csv', mimeType: 'text/csv', buffer: Buffer.from(`序号,学号,姓名,行政班级,年级,联系电话\n${rows}`),
    });
  await bring('1,20209001,新同学,2018软件技术1班,2020,无\n2,20209002,,2018软件技术1班,2020,\n');
  await page.getByText('有 2 处需要修改').waitFor();
  await page.getByRole('cell', { name: '联系电话' }).waitFor();
  await look(page, 'pc-roster-wrong');
  await bring('1,20209001,新同学,2018软件技术1班,2020,10012345678\n2,20209002,又一位,2018软件技术1班,2020,\n');
  await page.getByText('检查通过，共 2 行').waitFor();
  await look(page, 'pc-roster-checked');
  await page.getByRole('button', { name: '确认导入' }).click();
  await page.getByText('已导入，共 2 行').waitFor();
  await look(page, 'pc-roster-imported');
  await bring('1,20209001,新同学,2018软件技术1班,2020,10012345678\n');
  await page.getByText('与现有名册相同').waitFor();
  await administrator.end();
});

/** Opens a page of the data hall (数据大厅) on a PC. */
async function openHall(person, userid, path) {
  await become(person.page, userid);
  await person.page.goto(`${SERVER_URL}/auth/start?to=/admin${path}`);
  await person.page.waitForURL(`${SERVER_URL}/admin${path}`);
}

test('an exemption by the counsellor explains the figure', async () => {
  const person = await open(PC);
  await openHall(person, COUNSELLOR, '/exemptions');
  const { page } = person;
  await page.getByLabel('学号或工号').fill(CLASSMATE);
  await page.getByLabel('结束日期').fill('2020-03-06');
  await page.getByLabel('事由').fill('回家探亲');
  await page.getByRole('button', { name: '登记免报' }).click();
  await page.getByRole('row', { name: /回家探亲/ }).waitFor();
  await look(page, 'exemptions');
  await page.goto(`${SERVER_URL}/admin/statistics`);
  await page.getByText(/在册 \d+ − 请假 1 = 应报 \d+/).waitFor();
  await look(page, 'statistics-explained');
  await page.goto(`${SERVER_URL}/admin/exemptions`);
  await page.getByRole('button', { name: '撤销' }).click();
  await page.getByLabel('撤销原因').fill('登记错了');
  await page.getByRole('dialog').getByRole('button', { name: '撤销' }).click();
  await page.getByText('没有免报的人').waitFor();
  await person.end();
});

test('the counsellor changes a class, looks at the person over time and takes it back', async () => {
  const person = await open(PC);
  await openHall(person, COUNSELLOR, '/statuses');
  const { page } = person;
  await page.getByText('没有异动记录').waitFor();
  await page.getByLabel('学号或工号').fill(CLASSMATE);
  await page.getByLabel('新班级或部门').fill('2019软件技术1班');
  await page.getByLabel('生效日期').fill('2020-02-17');
  await page.getByLabel('原因').fill('教务处批文');
  await page.getByRole('button', { name: '登记', exact: true }).click();
  await page.getByRole('cell', { name: /→ 2019软件技术1班/ }).waitFor();
  await look(page, 'statuses');
  await page.getByRole('button', { name: CLASSMATE }).click();
  await page.getByRole('heading', { name: '通讯录里看到的' }).waitFor();
  await page.getByRole('cell', { name: '学校更正' }).waitFor();
  await look(page, 'statuses-person');
  await page.getByRole('button', { name: '撤销', exact: true }).click();
  await page.getByLabel('撤销原因').fill('登记错了');
  await page.getByRole('dialog').getByRole('button', { name: '撤销' }).click();
  await page.getByText('没有异动记录').waitFor();

  await page.getByRole('button', { name: '按名单登记' }).click();
  const bring = (rows) => page.locator('input[type=file]').setInputFiles({ name: '异动.csv', mimeType: 'text/csv', buffer: Buffer.from(`学号,变动类型,生效日期,截止日期,新班级,原因\n${rows}`) });
  await bring(`${CLASSMATE},旅行,2020-03-04,,,x\n`);
  await page.getByText('有 1 处需要修改').waitFor();
  await look(page, 'statuses-wrong');
  await bring(`${CLASSMATE},退学,2020-07-01,,,本人申请\n`);
  await page.getByText('检查通过，共 1 行：退学 1 人').waitFor();
  await page.getByRole('button', { name: '确认导入' }).click();
  await page.getByRole('button', { name: '撤销这一批' }).click();
  await page.getByRole('dialog').getByRole('button', { name: '撤销这一批' }).click();
  await page.getByText('没有异动记录').waitFor();

  await page.getByRole('button', { name: '整级毕业' }).click();
  await page.getByLabel('入学年份').fill('2018');
  await page.getByLabel('入学年份').press('Enter');
  await page.getByRole('table', { name: '各班人数' }).waitFor();
  await look(page, 'statuses-graduation');
  await page.getByRole('button', { name: '分配学号' }).click();
  await page.getByRole('heading', { name: '分配学号' }).waitFor();
  await look(page, 'statuses-numbers');
  await person.end();
});

test('the administrator plans, approves and writes the roster to WeCom, then undoes an import', async () => {
  const person = await open(PC);
  await openHall(person, ADMINISTRATOR, '/write-back');
  const { page } = person;
  const header = '学号,姓名,身份,学院,年级,班级,联系电话\n';
  const bring = (text) => page.locator('input[type=file]').setInputFiles({ name: '新生.csv', mimeType: 'text/csv', buffer: Buffer.from(text) });
  await bring(`${header}J1,新生甲,学生,,2020,2020会计9班,10000000091\n`);
  await page.getByText(/要新建，请加一列“学院”/).waitFor();
  await look(page, 'write-back-wrong');
  await bring(`${header}J1,新生甲,学生,${COLLEGE},2020,2020会计9班,10000000091\nJ2,新生乙,学生,${COLLEGE},2020,2020会计9班,10000000092\n`);
  await page.waitForURL('**/admin/write-back/*');
  await page.getByRole('cell', { name: '新生乙' }).or(page.getByRole('rowheader', { name: '新生乙' })).waitFor();
  await look(page, 'write-back-plan');
  await page.getByRole('button', { name: '批准执行' }).click();
  await page.getByLabel(/我已核对清单/).check();
  await page.getByRole('dialog').getByRole('button', { name: '批准执行' }).click();
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await page.getByText('4 / 4').waitFor();
  await look(page, 'write-back-done');
  const written = await (await fetch(`${SIMULATOR_URL}/_sim/members/J2`)).json();
  assert.equal(written.departments[0].path.split('/').at(-1), '2020会计9班');

  await page.goto(`${SERVER_URL}/admin/roster`);
  await bring(`${header}J1,新生甲,学生,,2020,2020会计9班,\n`);
  await page.getByRole('button', { name: '确认导入' }).click();
  await page.getByText('已导入，共 1 行').waitFor();
  await page.getByRole('row', { name: /导入名册 1 人/ }).getByRole('button', { name: '撤销' }).click();
  await page.getByRole('dialog').getByRole('button', { name: '撤销' }).click();
  await page.getByRole('cell', { name: '已撤销' }).waitFor();
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await look(page, 'roster-undone');

  await page.goto(`${SERVER_URL}/admin/accounts`);
  await page.getByRole('heading', { name: '不在名册里的账号' }).waitFor();
  await page.getByRole('rowheader', { name: '新生乙' }).waitFor();
  await look(page, 'accounts');
  await person.end();
});

test('the administrator looks at a held run and approves exactly that', async () => {
  const person = await open(PC);
  const gone = CLASS.split(',').slice(-7);
  for (const userid of gone) await fetch(`${SIMULATOR_URL}/_sim/members/${userid}`, { method: 'DELETE' });
  await openHall(person, ADMINISTRATOR, '/sync-runs');
  const { page } = person;
  await page.getByText('待确认').first().waitFor();
  await page.getByRole('row', { name: /待确认/ }).first().getByRole('link').click();
  await page.getByRole('heading', { name: '暂缓的移除' }).waitFor();
  await page.getByRole('cell', { name: '离开企业微信' }).first().waitFor();
  await look(page, 'sync-run-held');
  await page.getByRole('button', { name: '批准移除' }).click();
  await page.getByLabel(/我已核对名单/).check();
  await page.getByRole('dialog').getByRole('button', { name: '批准移除' }).click();
  await page.getByText(/已批准。系统会重新读取企业微信/).or(page.getByText('已完成')).first().waitFor();
  await page.getByText('已完成').first().waitFor();
  await look(page, 'sync-run-approved');
  await person.end();
});
