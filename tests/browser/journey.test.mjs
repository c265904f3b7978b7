// The whole main job in a real Chromium, as people do it: a student opens Rollcall from the workbench and reports; the
// counsellor's list shrinks; a reminder reaches those left, and its link opens the form; the leader reads the table.
//
// Run by tests/src/browser.rs, which starts the server, the simulator and the worker, and says where they are.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { chromium } from 'playwright-core';

import { look } from './look.mjs';

const { SERVER_URL, SIMULATOR_URL, SCREENSHOTS, STUDENT, CLASSMATE, COUNSELLOR, LEADER, ADMINISTRATOR, OFFICE, SCHOOL_OFFICE, COLLEGE, CLASS, TAPPER, CHROMIUM } = process.env;

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

/** Opens the unreported list of the daily report by its tab: on the page before it every form has a row, and their figures come in any order. */
async function openUnreported(page) {
  await page.getByRole('link', { name: '未报', exact: true }).click();
  await page.getByRole('heading', { name: '未报名单' }).waitFor();
}

async function unreported(page) {
  const text = await page.getByText(/^\d+ 人未报$/).innerText();
  return Number.parseInt(text, 10);
}

test('from the workbench to a reminder that made a student report', async () => {
  // The counsellor sees who is missing.
  const counsellor = await open(PHONE);
  const list = await openFromWorkbench(counsellor, COUNSELLOR);
  await openUnreported(list);
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

test('two taps on the card report, and the counsellor sees one fewer', async () => {
  const counsellor = await open(PHONE);
  const list = await openFromWorkbench(counsellor, COUNSELLOR);
  await openUnreported(list);
  const missing = await unreported(list);

  // Yesterday was normal: the reminder is a card that asks one thing.
  const student = await open(PHONE);
  await become(student.page, TAPPER);
  await student.page.goto(`${SIMULATOR_URL}/client/messages/app`);
  const card = student.page.locator('form.template-card').last();
  await card.getByText('健康日报待填写').waitFor();
  await student.page.screenshot({ path: `${SCREENSHOTS}/phone-card.png` });
  await card.getByLabel('体温').selectOption({ label: '36.5℃' });
  await card.getByRole('button', { name: '提交' }).click();
  const tapped = Date.now();
  // It turns at once; the client shows it when it is looked at again.
  for (;;) {
    await student.page.goto(`${SIMULATOR_URL}/client/messages/app`);
    if (await student.page.getByRole('button', { name: /^已报 \d\d:\d\d$/ }).isVisible()) break;
    assert.ok(Date.now() - tapped < 15_000, 'the card turns in seconds');
  }
  await student.page.getByText('健康日报已填报').waitFor();
  await student.page.screenshot({ path: `${SCREENSHOTS}/phone-card-done.png` });
  await list.reload();
  await list.getByText(`${missing - 1} 人未报`).waitFor();
  await look(list, 'phone-unreported-after-card');
  await counsellor.end();

  // What it said is on record, and that it came from a card.
  const form = await follow(student, student.page.getByRole('link', { name: '健康日报已填报' }), `${SERVER_URL}/h5/forms/health-daily**`);
  await form.goto(`${SERVER_URL}/h5/forms/health-daily/reports`);
  await form.getByText('由卡片提交').waitFor();
  await look(form, 'phone-history-card');

  // A word in the chat is answered.
  await student.page.goto(`${SIMULATOR_URL}/client/messages/app`);
  await student.page.getByRole('textbox', { name: '发消息' }).fill('历史');
  await student.page.getByRole('button', { name: '发送' }).click();
  for (const asked = Date.now(); ; ) {
    await student.page.goto(`${SIMULATOR_URL}/client/messages/app`);
    if (await student.page.getByText('最近 2 次填报').isVisible()) break;
    assert.ok(Date.now() - asked < 15_000, 'an answer in seconds');
  }
  await student.page.screenshot({ path: `${SCREENSHOTS}/phone-chat.png` });
  await student.end();
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
  await page.getByRole('row', { name: /^学生/ }).getByText('100.00%').waitFor();
  await page.getByRole('button', { name: '学院或部门', exact: true }).click();
  await page.getByRole('button', { name: /未激活的 \d+ 人/ }).first().click();
  await page.getByRole('heading', { name: /未激活名单：/ }).waitFor();
  await page.getByRole('cell', { name: '没有账号' }).first().waitFor();
  await look(page, 'pc-registration');
  await leader.end();
});

test('the school office exports by template and puts a phone right', async () => {
  const office = await open(PC);
  await become(office.page, SCHOOL_OFFICE);
  await office.page.goto(`${SERVER_URL}/auth/start?to=/admin/registration`);
  const { page } = office;
  await page.getByText('已用').waitFor();
  await page.getByRole('button', { name: /更正 .+ 的手机号/ }).first().click();
  await page.getByLabel('正确的手机号').fill('100 9999 0001');
  await page.getByLabel('更正原因').fill('换号');
  await page.getByRole('dialog').getByRole('button', { name: '更正手机号' }).click();
  await page.getByText(/名册已更正/).waitFor();
  await page.getByText('手机号更正记录').click();
  await page.getByRole('cell', { name: '100****0001' }).waitFor();
  await look(page, 'pc-registration-office');

  await page.getByRole('link', { name: '导出名单' }).click();
  await page.getByRole('heading', { name: '导出', exact: true, level: 1 }).waitFor();
  await page.getByRole('columnheader', { name: '未激活原因' }).waitFor();
  await page.getByRole('combobox', { name: '模板' }).selectOption({ label: '省平台名单' });
  await page.getByRole('columnheader', { name: '院系' }).waitFor();
  await page.getByLabel('“院系”的表头').or(page.getByLabel('“学院”的表头')).fill('所在学院');
  await page.getByRole('button', { name: '把“所在学院”向前移' }).click();
  await page.getByRole('columnheader', { name: '所在学院' }).waitFor();
  await page.getByLabel('用途').fill('报送省平台');
  await look(page, 'pc-exports');
  await page.getByRole('button', { name: '导出', exact: true }).click();
  const fetching = page.getByRole('button', { name: /下载/ });
  await fetching.first().waitFor();
  const [download] = await Promise.all([page.waitForEvent('download'), fetching.first().click()]);
  assert.match(download.suggestedFilename(), /^省平台名单-\d{8}\.xlsx$/);
  await look(page, 'pc-exports-done');
  await office.end();
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
  // A heading that words don't tell is put right on the page.
  await page.getByLabel('选择名册文件', { exact: false }).setInputFiles({
    name: '换了表头.csv', mimeType: 'text/csv', buffer: Buffer.from('证号,姓名,行政班级,年级\n20209003,新来的,2018软件技术1班,2020\n'),
  });
  await page.getByText('缺少 学号', { exact: false }).waitFor();
  await page.getByLabel('“证号”对应哪一列').selectOption({ label: '学号或工号' });
  await page.getByText('检查通过，共 1 行').waitFor();
  await page.mouse.move(0, 0);
  await look(page, 'pc-roster-headings');
  // Classes and their counsellors, told from the headings.
  await page.getByLabel('选择名册文件', { exact: false }).setInputFiles({
    name: '班级名单.csv', mimeType: 'text/csv', buffer: Buffer.from(`班级,辅导员工号\n2018软件技术1班,${COUNSELLOR}\n`),
  });
  await page.getByText('这份文件按“班级”名单读取。', { exact: false }).waitFor();
  await look(page, 'pc-roster-classes');
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

test('the college office changes a class, looks at the person over time and takes it back', async () => {
  const person = await open(PC);
  await openHall(person, OFFICE, '/statuses');
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

/** A .zip of these files as they are, uncompressed. */
function zipOf(files) {
  const crc = (bytes) => ~bytes.reduce((sum, byte) => {
    let next = sum ^ byte;
    for (let bit = 0; bit < 8; bit++) next = (next >>> 1) ^ (0xedb88320 & -(next & 1));
    return next;
  }, ~0) >>> 0;
  const [parts, directory] = [[], []];
  let at = 0;
  for (const [name, bytes] of files) {
    const path = Buffer.from(name);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(0x800, 2);
    fields.writeUInt32LE(crc(bytes), 10);
    fields.writeUInt32LE(bytes.length, 14);
    fields.writeUInt32LE(bytes.length, 18);
    fields.writeUInt16LE(path.length, 22);
    const where = Buffer.alloc(14);
    where.writeUInt32LE(at, 10);
    parts.push(Buffer.from('PK\x03\x04'), fields, path, bytes);
    directory.push(Buffer.from('PK\x01\x02\x14\x00'), fields, where, path);
    at += 30 + path.length + bytes.length;
  }
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, ...directory, end]);
}

test('dormitories from a list, a bed for somebody without one, and photos from a .zip', async () => {
  const students = CLASS.split(',');
  const beds = ['校区,楼栋,楼层,房间,床位,学号,入住日期'];
  for (const building of ['3号楼', '10号楼'])
    for (const floor of [1, 2, 3])
      for (const room of [1, 2, 3, 4])
        for (const bed of [1, 2, 3, 4]) {
          const student = building === '3号楼' && floor === 3 ? students[(room - 1) * 4 + bed - 1] : undefined;
          // The last of the class has no bed.
          const housed = student && student !== students.at(-1) ? student : '';
          beds.push(`东校区,${building},${floor}层,${floor}0${room},${bed}号床,${housed},${housed && '2019-09-01'}`);
        }
  const administrator = await open(PC);
  await openHall(administrator, ADMINISTRATOR, '/residences');
  const { page } = administrator;
  await page.getByText('还没有登记床位').waitFor();
  await page.getByRole('button', { name: '导入', exact: true }).click();
  const bring = (rows) => page.getByLabel('选择宿舍名单', { exact: false }).setInputFiles({ name: '宿舍.csv', mimeType: 'text/csv', buffer: Buffer.from(rows.join('\n')) });
  await bring([beds[0], '东校区,3号楼,3层,301,1号床,20999999,']);
  await page.getByText(/名册里没有“20999999”/).waitFor();
  await look(page, 'residences-wrong');
  await bring(beds);
  await page.getByText('名单 96 行，没有问题，可以导入').waitFor();
  await look(page, 'residences-list');
  await page.getByRole('button', { name: '确认导入' }).click();
  await page.getByText('已导入：新增床位 96 个').waitFor();
  await page.getByRole('button', { name: '入住情况' }).click();
  await page.getByRole('rowheader', { name: '东校区 10号楼' }).waitFor();
  await look(page, 'residences-figures');

  // Photos: a picture for two, a stranger, and what is no picture.
  await page.goto(`${SERVER_URL}/admin/photos`);
  await page.getByRole('heading', { name: '照片采集情况' }).waitFor();
  const jpeg = await page.screenshot({ type: 'jpeg', clip: { x: 300, y: 60, width: 600, height: 800 } });
  const zip = zipOf([
    [`照片/${students[0]}.jpg`, jpeg], [`照片/${students[1]}.jpg`, jpeg], ['照片/20999999.jpg', jpeg], [`照片/${students[2]}.jpg`, Buffer.from('no picture')],
  ]);
  await page.getByLabel('选择照片压缩包', { exact: false }).setInputFiles({ name: '照片.zip', mimeType: 'application/zip', buffer: zip });
  await page.getByRole('button', { name: '上传', exact: true }).click();
  await page.getByText('处理完毕').first().waitFor();
  await page.getByText('已处理 4 / 4 个文件').waitFor();
  await page.getByRole('rowheader', { name: '20999999.jpg' }).waitFor();
  await look(page, 'photos-upload');
  await administrator.end();

  // The counsellor finds a bed for the one without, and looks at a photo.
  const counsellor = await open(PC);
  await openHall(counsellor, COUNSELLOR, '/residences');
  const hall = counsellor.page;
  await hall.getByRole('button', { name: '未安排床位', exact: true }).click();
  await hall.getByRole('cell', { name: students.at(-1) }).waitFor();
  await look(hall, 'residences-without');
  await hall.getByRole('row', { name: students.at(-1) }).getByRole('button', { name: /安排床位/ }).click();
  await hall.getByLabel('楼栋').selectOption('东校区 10号楼');
  await hall.getByRole('heading', { name: /1 层 101/ }).waitFor();
  await hall.getByRole('button', { name: /空床/ }).first().click();
  await hall.getByRole('dialog').getByText(/入住 东校区 10号楼/).waitFor();
  await look(hall, 'residences-move-in');
  await hall.getByRole('dialog').getByRole('button', { name: '登记入住' }).click();
  await hall.getByText('已登记入住').waitFor();
  await hall.getByLabel('楼栋').selectOption('东校区 3号楼');
  await hall.getByLabel('楼层').selectOption('3');
  await hall.getByRole('heading', { name: /3 层 301/ }).waitFor();
  await look(hall, 'residences-rooms');
  await hall.getByRole('listitem').filter({ hasText: '3 层 301' }).getByRole('button').first().click();
  await hall.getByRole('dialog').getByText(/至今/).waitFor();
  await look(hall, 'residences-stay');
  await hall.getByRole('dialog').getByRole('button', { name: '登记搬出' }).click();
  await hall.getByText('已登记搬出').waitFor();

  await hall.goto(`${SERVER_URL}/admin/photos`);
  await hall.getByRole('button', { name: '有照片', exact: true }).click();
  await hall.getByRole('button', { name: /^查看.*的照片$/ }).first().click();
  const photo = hall.getByRole('img', { name: /的照片$/ });
  await photo.waitFor();
  assert.equal(await photo.evaluate((img) => img.decode().then(() => img.naturalHeight)), 640);
  await look(hall, 'photos-look');
  await counsellor.end();

  // The student sees their own, and that somebody looked.
  const student = await open(PHONE);
  const me = await openFromWorkbench(student, students[0]);
  await me.goto(`${SERVER_URL}/h5/me`);
  await me.getByRole('img', { name: /我的照片/ }).waitFor();
  await look(me, 'phone-me-photo');
  await me.goto(`${SERVER_URL}/h5/me/access-log`);
  await me.getByText('查看了照片').waitFor();
  await look(me, 'phone-access-log-photo');
  await student.end();
});

test('the administrator looks at what a rule of kinds would change, saves it and takes it back', async () => {
  const person = await open(PC);
  await openHall(person, ADMINISTRATOR, '/kinds');
  const { page } = person;
  await page.getByRole('heading', { name: '部门类型规则' }).waitFor();
  await look(page, 'kinds');
  await page.getByRole('button', { name: '添加规则' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.locator('select').first().selectOption('office');
  await dialog.getByLabel(/^名称像（/).fill(COLLEGE);
  await look(page, 'kinds-rule');
  await dialog.getByRole('button', { name: '确定' }).click();
  await page.getByRole('button', { name: '预览' }).click();
  await page.getByRole('row', { name: new RegExp(`^${COLLEGE} 学院 部门`) }).waitFor();
  await look(page, 'kinds-preview');
  await page.getByRole('button', { name: '保存', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: '保存', exact: true }).click();
  await page.getByText(/已保存，\d+ 个部门改变/).waitFor();
  await page.getByRole('button', { name: '撤销' }).first().click();
  await page.getByRole('dialog').getByRole('button', { name: '撤销' }).click();
  await page.getByRole('cell', { name: '已撤销' }).first().waitFor();
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await look(page, 'kinds-undone');
  await person.end();
});

test('the administrator looks at a held run and approves exactly that', async () => {
  const person = await open(PC);
  // What WeCom tells of them is lost, so that the run that is asked for below is the one that finds them gone.
  for (const path of ['callback/contacts', 'callback/rollcall'])
    await fetch(`${SIMULATOR_URL}/_sim/faults`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ path, lose: true }) });
  const gone = CLASS.split(',').slice(-7);
  for (const userid of gone) await fetch(`${SIMULATOR_URL}/_sim/members/${userid}`, { method: 'DELETE' });
  await openHall(person, ADMINISTRATOR, '/sync-runs');
  const { page } = person;
  await page.getByRole('button', { name: '立即同步' }).click();
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

test('a student shares a phone, says what is wrong, and the counsellor and the office put it right', async () => {
  const IN_CLIENT = { ...PHONE, userAgent: 'Mozilla/5.0 (Linux; Android 10; Mobile) AppleWebKit/537.36 Chrome/120 Mobile Safari/537.36 wxwork/4.1.0 MicroMessenger/7.0.1' };
  const student = await open(IN_CLIENT);
  await become(student.page, STUDENT);
  await student.page.goto(`${SERVER_URL}/auth/start?to=/h5/me`);
  const mine = student.page;
  await mine.getByRole('link', { name: '我的信息', exact: true }).click();
  await mine.getByRole('heading', { name: '我的信息' }).waitFor();
  await mine.getByText(/名册 · /).first().waitFor();
  await look(mine, 'phone-my-data');
  await mine.getByRole('link', { name: '用企业微信授权手机号' }).click();
  await mine.getByText('授权成功，信息已更新。').waitFor();
  await mine.getByText(/本人授权 · /).first().waitFor();
  await mine.getByRole('button', { name: '显示完整号码' }).click();
  await mine.getByText(/^100\d{8}$/).waitFor();
  await look(mine, 'phone-my-data-consented');
  await mine.getByRole('button', { name: '信息有误，申请更正' }).click();
  await mine.getByLabel('哪一项有误').selectOption({ label: '手机' });
  await mine.getByLabel('正确的内容').fill('139 0000 0002');
  await mine.getByLabel('补充说明（选填）').fill('上月换了号码');
  await look(mine, 'phone-claim');
  await mine.getByRole('dialog').getByRole('button', { name: '提交' }).click();
  await mine.getByText('待辅导员核对').waitFor();
  await look(mine, 'phone-my-claims');

  const counsellor = await open(PHONE);
  await become(counsellor.page, COUNSELLOR);
  await counsellor.page.goto(`${SERVER_URL}/auth/start?to=/h5/me`);
  const check = counsellor.page;
  await check.getByRole('link', { name: '信息更正（核对与处理）' }).click();
  await check.getByText('139****0002').waitFor();
  await check.getByRole('button', { name: '查看完整号码' }).click();
  await check.getByText('13900000002').waitFor();
  await look(check, 'phone-corrections');
  await check.getByRole('button', { name: '核对属实' }).click();
  await check.getByRole('dialog').getByRole('button', { name: '核对属实' }).click();
  await check.getByText('待办公室处理').waitFor();
  await counsellor.end();

  const office = await open(PC);
  await openHall(office, OFFICE, '/corrections');
  await office.page.getByRole('row', { name: /上月换了号码/ }).waitFor();
  await look(office.page, 'pc-corrections');
  await office.page.getByRole('button', { name: '更正', exact: true }).click();
  await office.page.getByRole('dialog').getByRole('button', { name: '更正', exact: true }).click();
  await office.page.getByText('没有待处理的更正申请').waitFor();
  await office.page.getByLabel('范围').selectOption({ label: '已处理' });
  await office.page.getByRole('row', { name: /已更正/ }).waitFor();
  await look(office.page, 'pc-corrections-settled');
  await office.end();

  await mine.reload();
  await mine.getByText('139****0002').first().waitFor();
  await mine.getByText(/更正 · /).first().waitFor();
  await look(mine, 'phone-my-data-corrected');
  await mine.getByRole('button', { name: '撤回授权' }).click();
  await mine.getByRole('dialog').getByRole('button', { name: '撤回授权' }).click();
  await mine.getByRole('link', { name: '用企业微信授权手机号' }).waitFor();
  await student.end();
});

test('the school office names a counsellor for a class without one', async () => {
  const person = await open(PC);
  await openHall(person, SCHOOL_OFFICE, '/class-counsellors');
  const { page } = person;
  await page.getByText(/个班没有辅导员/).waitFor();
  await look(page, 'pc-class-counsellors');
  await page.getByLabel('只看没有辅导员的班级').check();
  await page.getByRole('row', { name: /2019交流生1班/ }).getByRole('button', { name: '指定辅导员' }).click();
  await page.getByLabel('工号').fill(COUNSELLOR);
  await page.getByLabel(/用途/).fill('代管班级');
  await page.getByLabel('截止日期（含）').fill('2020-07-31');
  await look(page, 'pc-appoint');
  await page.getByRole('dialog').getByRole('button', { name: '指定辅导员' }).click();
  await page.getByText('没有缺辅导员的班级').waitFor();
  await page.getByLabel('只看没有辅导员的班级').uncheck();
  await page.getByRole('row', { name: /手工指定，代管班级/ }).waitFor();
  await look(page, 'pc-class-counsellors-named');
  await person.end();
});

/** Chooses a county in the sheet of a question, from the province down. */
async function chooseRegion(page, question, ...way) {
  await page.getByRole('button', { name: question }).click();
  const sheet = page.getByRole('dialog', { name: question });
  for (const part of way) await sheet.getByRole('list').getByRole('button', { name: part, exact: true }).click();
  await sheet.waitFor({ state: 'hidden' });
}

/** Takes the day that a date question's sheet opens with. */
async function takeDay(page, question, picture) {
  await page.getByRole('button', { name: question }).click();
  const sheet = page.getByRole('dialog', { name: question });
  await sheet.getByText('2020年', { exact: true }).waitFor();
  if (picture) await look(page, picture);
  await sheet.getByRole('button', { name: '确定' }).click();
  await sheet.waitFor({ state: 'hidden' });
}

const choose = (page, question, answer) => page.getByRole('group', { name: question }).getByText(answer, { exact: true }).click();

test('a student gives basic information, registers a trip and closes it with the return', async () => {
  const student = await open(PHONE);
  const page = await openFromWorkbench(student, STUDENT);
  await page.getByRole('region', { name: '基本信息' }).getByRole('link', { name: '去填报' }).click();
  await page.getByText('《普通高等学校学生管理规定》', { exact: false }).waitFor();
  await page.getByRole('button', { name: '提交', exact: true }).click();
  await page.getByText('请选择户籍所在地').waitFor();
  await look(page, 'phone-basic-info-mistakes');

  await page.getByRole('button', { name: /户籍所在地/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: '河南省', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: '郑州市', exact: true }).waitFor();
  await look(page, 'phone-region');
  await page.setViewportSize({ width: 320, height: 640 });
  await look(page, 'phone-small-region');
  await page.setViewportSize(PHONE.viewport);
  await page.getByRole('dialog').getByRole('button', { name: '郑州市', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: '金水区', exact: true }).click();
  await page.getByRole('button', { name: /户籍所在地.*河南省郑州市金水区/ }).waitFor();
  await page.getByRole('textbox', { name: /户籍详细地址/ }).fill('纬五路 1 号');
  // A municipality's one city is no step of its own.
  await chooseRegion(page, /家庭所在地/, '北京市', '东城区');
  await page.getByRole('textbox', { name: /家庭详细地址/ }).fill('某街 2 号');
  await choose(page, /目前居住在/, '校外租住');
  await page.getByRole('button', { name: /现居住地/ }).waitFor();
  await choose(page, /目前居住在/, '学校宿舍');
  await page.getByRole('button', { name: /现居住地/ }).waitFor({ state: 'hidden' });
  await page.getByRole('textbox', { name: '紧急联系人', exact: true }).fill('家长甲');
  await choose(page, /与本人关系/, '母亲');
  await page.getByRole('textbox', { name: /紧急联系人电话/ }).fill('0371-66666666');
  await look(page, 'phone-basic-info');
  await page.setViewportSize({ width: 320, height: 640 });
  await look(page, 'phone-small-basic-info');
  await page.setViewportSize(PHONE.viewport);
  await page.getByRole('button', { name: '提交', exact: true }).click();
  await page.getByRole('heading', { name: '提交成功' }).waitFor();
  await page.getByText('北京市东城区').waitFor();
  await look(page, 'phone-basic-info-receipt');

  // Away.
  await page.getByRole('link', { name: '回首页' }).click();
  await page.getByRole('region', { name: '假期活动轨迹' }).getByRole('link', { name: '登记', exact: true }).click();
  await takeDay(page, /离开日期/, 'phone-date');
  await choose(page, /去程交通方式/, '火车');
  await choose(page, /外出事由/, '探亲访友');
  await chooseRegion(page, /目的地/, '河南省', '南阳市', '卧龙区');
  await page.getByRole('textbox', { name: /详细地址/ }).fill('某路 3 号');
  await choose(page, /是否已返回/, '否');
  await page.getByRole('button', { name: '提交', exact: true }).click();
  await page.getByRole('heading', { name: '提交成功' }).waitFor();
  await page.getByRole('link', { name: '回首页' }).click();

  // And back.
  const trip = page.getByRole('link', { name: /去往河南省南阳市卧龙区，待补返程/ });
  await trip.waitFor();
  await look(page, 'phone-today-trip');
  await page.setViewportSize({ width: 320, height: 640 });
  await trip.scrollIntoViewIfNeeded();
  await look(page, 'phone-small-today-trip');
  await page.setViewportSize(PHONE.viewport);
  await trip.click();
  await choose(page, /是否已返回/, '是');
  await takeDay(page, /返回日期/);
  await choose(page, /返程交通方式/, '自驾');
  await page.getByRole('button', { name: '提交修改' }).click();
  await page.getByRole('heading', { name: '修改成功' }).waitFor();
  await page.getByRole('link', { name: '修改记录' }).click();
  await page.getByText('未改动的', { exact: false }).waitFor();
  const change = page.locator('.change', { hasText: '是否已返回' });
  assert.match(await change.innerText(), /否.*是/s);
  await look(page, 'phone-revisions');
  await page.goto(`${SERVER_URL}/h5/reports`);
  await page.getByRole('link', { name: /假期活动轨迹/ }).click();
  await page.getByText('共 2 版', { exact: false }).waitFor();
  await look(page, 'phone-history');
  await student.end();
});

test('a counsellor answers for a student who cannot', async () => {
  const counsellor = await open(PHONE);
  const page = await openFromWorkbench(counsellor, COUNSELLOR);
  await openUnreported(page);
  const missing = await unreported(page);
  const first = page.getByRole('link', { name: /^为 .+ 代报$/ }).first();
  const name = (await first.getAttribute('aria-label')).slice(2, -3);
  await look(page, 'phone-unreported-behalf');
  await page.setViewportSize({ width: 320, height: 640 });
  await look(page, 'phone-small-unreported-behalf');
  await page.setViewportSize(PHONE.viewport);
  await first.click();
  await page.getByRole('button', { name: '开始填写' }).click();
  await page.getByText('请写明原因').waitFor();
  await page.getByRole('button', { name: '住院就医' }).click();
  await look(page, 'phone-behalf-reason');
  await page.getByRole('button', { name: '开始填写' }).click();
  await page.getByText(`正在为 ${name}`, { exact: false }).waitFor();
  await page.getByRole('textbox', { name: /体温/ }).fill('36.6');
  await page.getByText('非疫区', { exact: true }).click();
  await choose(page, /身体是否异常/, '否');
  await look(page, 'phone-behalf-form');
  await page.getByRole('button', { name: '提交', exact: true }).click();
  await page.getByRole('heading', { name: '未报名单' }).waitFor();
  await page.getByText(`已为 ${name} 代报`).first().waitFor();
  await page.getByText(`${missing - 1} 人未报`).waitFor();
  await counsellor.end();
});

test('a contradiction is sent back on the phone, put right by the student and closed', async () => {
  const student = await open(PHONE);
  const form = await openFromWorkbench(student, STUDENT);
  await form.goto(`${SERVER_URL}/h5/forms/health-daily`);
  await form.getByRole('textbox', { name: /体温/ }).fill('38.4');
  await form.getByText('非疫区', { exact: true }).click();
  await form.getByRole('group', { name: /身体是否异常/ }).getByText('否', { exact: true }).click();
  await form.getByRole('button', { name: /^提交/ }).click();
  await form.getByRole('heading', { name: /成功/ }).waitFor();

  const counsellor = await open(PHONE);
  const reviews = await openFromWorkbench(counsellor, COUNSELLOR);
  await reviews.getByRole('link', { name: /份填报待核查/ }).click();
  await reviews.getByText('前后矛盾').waitFor();
  await look(reviews, 'phone-reviews');
  await reviews.getByRole('link', { name: /前后矛盾/ }).click();
  await reviews.getByText('体温偏高，却填“身体无异常”').waitFor();
  await reviews.getByRole('button', { name: '查看填报内容' }).click();
  await reviews.getByText('38.4℃').waitFor();
  await look(reviews, 'phone-review');
  await reviews.getByRole('button', { name: '退回更正' }).click();
  await reviews.getByLabel('需要更正什么（本人会看到）').fill('请再量一次体温');
  await look(reviews, 'phone-send-back');
  await reviews.getByRole('dialog').getByRole('button', { name: '退回更正' }).click();
  await reviews.getByText('已退回，已通知本人').first().waitFor();

  // The student is told, sees who looked, and puts it right.
  await form.goto(`${SERVER_URL}/h5/me/access-log`);
  await form.getByText('查看了填报内容').waitFor();
  await look(form, 'phone-access-log-answers');
  await form.goto(`${SERVER_URL}/h5/forms/health-daily`);
  await form.getByRole('textbox', { name: /体温/ }).fill('36.6');
  await form.getByRole('button', { name: '完成', exact: true }).click();
  await form.getByRole('button', { name: /^提交/ }).click();
  await form.getByRole('heading', { name: /成功/ }).waitFor();
  await student.end();

  await reviews.reload();
  await reviews.getByText('现在的内容已没有问题').waitFor();
  await reviews.getByRole('button', { name: '办结' }).click();
  await reviews.getByRole('dialog').getByRole('button', { name: '办结' }).click();
  await reviews.getByText('已办结').first().waitFor();
  await look(reviews, 'phone-review-closed');

  // Why somebody has not reported, and the sign-off of the class.
  await reviews.goto(`${SERVER_URL}/h5/unreported`);
  await reviews.getByRole('button', { name: /登记 .* 未报的原因/ }).first().click();
  await reviews.getByRole('button', { name: '没有网络' }).click();
  await look(reviews, 'phone-follow-up');
  await reviews.getByRole('dialog').getByRole('button', { name: '保存' }).click();
  await reviews.getByText(/没有网络 · /).waitFor();
  await reviews.goto(`${SERVER_URL}/h5/sign-offs/health-daily`);
  await reviews.getByRole('button', { name: /^签报 / }).first().click();
  await reviews.getByLabel('情况说明').fill('其余同学已电话联系');
  await look(reviews, 'phone-sign-off');
  await reviews.getByRole('dialog').getByRole('button', { name: '签报' }).click();
  await reviews.getByRole('button', { name: /撤回 .* 的签报/ }).waitFor();
  await look(reviews, 'phone-sign-offs');
  await counsellor.end();
});

test('the office reviews, looks at the sign-offs, and the administrator records an outage', async () => {
  const office = await open(PC);
  await openHall(office, OFFICE, '/reviews');
  const { page } = office;
  await page.getByRole('heading', { name: '填报核查' }).waitFor();
  await page.getByRole('button', { name: '全部', exact: true }).click();
  await page.getByRole('button', { name: /^核查 / }).first().click();
  await page.getByRole('heading', { name: '处理记录' }).waitFor();
  await page.getByRole('button', { name: '查看填报内容' }).click();
  await page.getByText('38.4℃').waitFor();
  await look(page, 'pc-review');
  await page.getByRole('button', { name: '备注' }).click();
  await page.getByLabel('备注内容').fill('已与辅导员核实');
  await page.getByRole('dialog', { name: '添加备注' }).getByRole('button', { name: '备注' }).click();
  await page.getByText('已与辅导员核实').waitFor();
  await page.goto(`${SERVER_URL}/admin/sign-offs`);
  await page.getByText('其余同学已电话联系').waitFor();
  await look(page, 'pc-sign-offs');
  await page.goto(`${SERVER_URL}/admin/unreported`);
  await page.getByRole('cell', { name: /没有网络/ }).waitFor();
  await page.getByRole('button', { name: /登记 .* 未报的原因/ }).first().click();
  await page.getByLabel('联系不上').check();
  await look(page, 'pc-follow-up');
  await office.end();

  const administrator = await open(PC);
  await openHall(administrator, ADMINISTRATOR, '/outages');
  const outages = administrator.page;
  await outages.getByText('没有停机记录').waitFor();
  await outages.getByLabel('开始').fill('2020-03-03T22:00');
  await outages.getByLabel('结束').fill('2020-03-03T23:00');
  await outages.getByLabel('说明').fill('校园网中断');
  await outages.getByRole('button', { name: '登记', exact: true }).click();
  await outages.getByRole('row', { name: /校园网中断/ }).waitFor();
  await look(outages, 'pc-outages');
  await administrator.end();
});

test('the school leader goes down to the people of a class, over days and by category, and makes a bulletin', async () => {
  const leader = await open(PC);
  await become(leader.page, LEADER);
  const { page } = leader;
  await page.goto(`${SERVER_URL}/auth/start?to=/admin/statistics`);
  await page.getByRole('combobox', { name: '表单' }).getByRole('option', { name: '基本信息' }).waitFor({ state: 'attached' });
  await page.getByRole('link', { name: '信息学院', exact: true }).click();
  await page.getByRole('link', { name: '2018级', exact: true }).first().click();
  await page.getByRole('link', { name: /^2018软件技术1班应报 \d+ 人，查看名单$/ }).click();
  const people = page.getByRole('table', { name: '应报人员名单' });
  await people.getByRole('row').nth(1).waitFor();
  await look(page, 'pc-people');
  await page.keyboard.press('Escape');
  await people.waitFor({ state: 'hidden' });

  // Why so many are expected.
  await page.getByRole('button', { name: '2018软件技术1班应报人数说明' }).click();
  await page.getByRole('dialog').getByText('在册').waitFor();
  await look(page, 'pc-explanation');
  await page.keyboard.press('Escape');

  await page.getByRole('button', { name: '分类', exact: true }).click();
  await page.getByRole('columnheader', { name: '非疫区' }).waitFor();
  await look(page, 'pc-categories');
  await page.getByRole('button', { name: '趋势与对比', exact: true }).click();
  await page.getByRole('heading', { name: '上报率趋势' }).waitFor();
  await page.getByRole('img', { name: /上报率与未报人数/ }).waitFor();
  await look(page, 'pc-span');
  await page.getByRole('button', { name: '表格', exact: true }).click();

  // A bulletin: a sentence without names, a picture, a sheet.
  await page.getByRole('button', { name: '一键通报' }).click();
  const dialog = page.getByRole('dialog', { name: '一键通报' });
  await dialog.getByText(/^截至3月4日\d\d:\d\d，.*应报\d+人，已报\d+人，未报\d+人，上报率\d+\.\d\d%/).waitFor();
  const [picture] = await Promise.all([page.waitForEvent('download'), dialog.getByRole('button', { name: '保存图片' }).click()]);
  assert.match(picture.suggestedFilename(), /^健康日报.*\.png$/);
  await look(page, 'pc-bulletin');
  await dialog.getByRole('button', { name: '导出 Excel' }).click();
  const sheet = page.getByRole('dialog', { name: /导出 Excel/ });
  await sheet.getByRole('button', { name: '开始导出' }).click();
  const [file] = await Promise.all([page.waitForEvent('download'), sheet.getByRole('button', { name: '下载文件' }).click()]);
  assert.match(file.suggestedFilename(), /\.xlsx$/);

  // Whoever is away, and the staff of each department.
  await page.goto(`${SERVER_URL}/admin/trips`);
  await page.getByText('没有符合条件的行程').waitFor();
  await look(page, 'pc-trips');
  await page.getByRole('link', { name: '人员流动' }).click();
  await page.getByRole('row', { name: /信息中心/ }).waitFor();
  await look(page, 'pc-movements');

  // A form that is answered once has its completion.
  await page.goto(`${SERVER_URL}/admin/statistics/basic-info`);
  await page.getByRole('link', { name: '信息学院', exact: true }).waitFor();
  await look(page, 'pc-completion');
  await leader.end();
});

test('on a phone the leader sees categories, trips and a bulletin', async () => {
  const leader = await open(PHONE);
  const page = await openFromWorkbench(leader, LEADER);
  await page.getByRole('link', { name: '统计' }).click();
  await page.getByRole('button', { name: '信息学院应报人数说明' }).waitFor();
  await look(page, 'phone-statistics');
  await page.getByRole('button', { name: '信息学院应报人数说明' }).click();
  await page.getByRole('dialog').getByText('在册').waitFor();
  await look(page, 'phone-explanation');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await page.getByRole('button', { name: '分类', exact: true }).click();
  await page.getByRole('heading', { name: '当前所在地' }).waitFor();
  await look(page, 'phone-categories');
  await page.getByRole('button', { name: '一键通报' }).click();
  await page.getByRole('dialog').getByText(/^截至3月4日.*应报\d+人，已报\d+人/).waitFor();
  await look(page, 'phone-bulletin');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await page.getByRole('link', { name: '查看行程' }).click();
  await page.getByRole('heading', { name: '行程', exact: true }).waitFor();
  await page.getByText('没有符合条件的行程').waitFor();
  await look(page, 'phone-trips');
  await leader.end();
});

test('the school office designs a form, looks at it as on a phone and publishes it; a student answers', async () => {
  const office = await open(PC);
  await openHall(office, SCHOOL_OFFICE, '/campaigns');
  const { page } = office;
  await page.getByRole('link', { name: '健康日报', exact: true }).waitFor();
  await look(page, 'pc-campaigns');
  await page.getByRole('button', { name: '新建表单' }).click();
  await page.getByRole('dialog').getByLabel('标题').fill('晚点名');
  await page.getByRole('dialog').getByLabel(/代号/).fill('evening-roll-call');
  await page.getByRole('dialog').getByRole('button', { name: '创建' }).click();
  await page.getByRole('heading', { name: /晚点名/ }).waitFor();
  await page.getByText('还有 3 处需要修改才能发布').waitFor();
  await look(page, 'pc-designer-empty');

  await page.getByLabel(/收集目的/).fill('晚点名，确认学生安全');
  await page.getByLabel(/收集依据/).fill('学校学生管理规定');
  const question = page.locator('.one .question');
  await page.getByLabel('新问题的类型').selectOption({ label: '是否' });
  await page.getByRole('button', { name: '添加问题' }).click();
  await question.getByLabel('问题', { exact: true }).fill('是否在校');
  await page.getByLabel('新问题的类型').selectOption({ label: '单选' });
  await page.getByRole('button', { name: '添加问题' }).click();
  await question.getByLabel('问题', { exact: true }).first().fill('不在校的原因');
  await question.getByLabel(/添加选项/).fill('请假\n实习\n未归');
  await question.getByRole('button', { name: '加入选项' }).click();
  await question.getByLabel('满足条件才显示').check();
  await question.getByLabel('答案').selectOption({ label: '否' });
  await page.getByLabel('新问题的类型').selectOption({ label: '数值' });
  await page.getByRole('button', { name: '添加问题' }).click();
  await question.getByLabel('问题', { exact: true }).fill('寝室几人在寝');
  await question.getByLabel('最大值').fill('8');
  await question.getByLabel('最大值').blur();
  // By keyboard: the number comes before the reason, which stays behind what shows it.
  await page.getByRole('button', { name: '上移：寝室几人在寝' }).press('Enter');
  await page.getByRole('button', { name: '添加异常条件' }).click();
  await page.getByRole('group', { name: '异常条件 1' }).getByLabel('答案').selectOption({ label: '否' });

  // The phone beside it shows what is asked, and answers conditions at once.
  const preview = page.getByRole('complementary', { name: '手机预览' });
  await preview.getByText('另有 1 个问题按条件显示').waitFor();
  assert.equal(await preview.getByText('未归').count(), 0);
  await preview.getByRole('group', { name: /是否在校/ }).getByText('否', { exact: true }).click();
  await preview.getByText('未归').waitFor();
  await page.getByRole('status').filter({ hasText: '有未保存的修改' }).waitFor();
  await look(page, 'pc-designer');
  await page.setViewportSize({ width: 1024, height: 768 });
  await look(page, 'pc-designer-narrow');
  await page.setViewportSize(PC.viewport);

  await page.getByRole('button', { name: '发布', exact: true }).click();
  await page.getByRole('dialog').getByText(/今天应填 \d+ 人/).waitFor();
  await look(page, 'pc-publish');
  await page.getByRole('dialog').getByRole('button', { name: '发布', exact: true }).click();
  await page.getByText('已发布第 1 版').waitFor();
  await page.getByText('进行中').first().waitFor();
  await look(page, 'pc-designer-published');
  await office.end();

  const student = await open(PHONE);
  await become(student.page, CLASSMATE);
  await student.page.goto(`${SERVER_URL}/auth/start?to=/h5/forms/evening-roll-call`);
  const form = student.page;
  await form.getByRole('group', { name: /是否在校/ }).getByText('否', { exact: true }).click();
  await form.getByRole('textbox', { name: /寝室几人在寝/ }).fill('4');
  await form.getByText('请假', { exact: true }).click();
  await look(form, 'phone-designed-form');
  await form.getByRole('button', { name: '提交', exact: true }).click();
  await form.getByRole('heading', { name: '提交成功' }).waitFor();
  await student.end();

  // It ends, and whoever holds what is seen beside who gave it.
  const again = await open(PC);
  await openHall(again, SCHOOL_OFFICE, '/campaigns/evening-roll-call');
  await again.page.getByRole('button', { name: '立即结束' }).click();
  await again.page.getByRole('dialog').getByRole('button', { name: '立即结束' }).click();
  await again.page.getByText('已结束').first().waitFor();
  await again.page.goto(`${SERVER_URL}/admin/grants`);
  await again.page.getByRole('heading', { name: '当前授权' }).waitFor();
  await again.page.getByRole('row').nth(1).waitFor();
  await look(again.page, 'pc-grants');
  await again.page.getByRole('button', { name: '新增授权' }).click();
  const dialog = again.page.getByRole('dialog');
  await dialog.getByLabel('角色').selectOption({ label: '学院领导' });
  await dialog.getByLabel('范围').fill(COLLEGE);
  await dialog.getByRole('button', { name: COLLEGE, exact: true }).click();
  await dialog.getByLabel('学号或工号').fill(COUNSELLOR);
  await dialog.getByLabel('用途').fill('代管学院工作');
  await dialog.getByLabel('截止日期（含）').fill('2020-07-31');
  await dialog.getByRole('button', { name: '核对' }).click();
  await dialog.getByText(/请核对后确认/).waitFor();
  await look(again.page, 'pc-give-grant');
  await dialog.getByRole('button', { name: '授权', exact: true }).click();
  await again.page.getByRole('row', { name: /代管学院工作/ }).getByRole('button', { name: /结束/ }).click();
  await again.page.getByRole('dialog').getByLabel('结束原因').fill('只是试一试');
  await again.page.getByRole('dialog').getByRole('button', { name: '结束', exact: true }).click();
  await again.page.getByText(/只是试一试/).waitFor();
  await look(again.page, 'pc-grants-ended');
  await again.end();
});

test('the administrator designs a reminder rule, sees who would get it, tries it, and enters the calendar', async () => {
  const person = await open(PC);
  await openHall(person, ADMINISTRATOR, '/reminder-rules');
  const { page } = person;
  await page.getByRole('link', { name: '每日催办' }).waitFor();
  await look(page, 'pc-reminder-rules');
  await page.getByRole('button', { name: '新建规则' }).click();
  await page.getByLabel('名称', { exact: true }).fill('工作日逐级催办');
  await page.getByLabel('表单', { exact: true }).selectOption({ label: '健康日报' });
  await page.getByLabel('日期', { exact: true }).selectOption({ label: '工作日（按校历）' });
  await page.getByRole('checkbox', { name: '辅导员', exact: true }).check();
  await page.getByLabel('辅导员 延后（分钟）').fill('90');
  await page.getByRole('heading', { name: '现在会发给谁' }).waitFor();
  await page.getByText(/人会收到/).first().waitFor();
  await page.getByRole('button', { name: '发给自己试试：辅导员' }).click();
  await page.getByText('已发到您的企业微信').waitFor();
  await page.getByLabel('未报本人 提醒内容').fill('{name}，请在 {closes} 前填写“{form}”。');
  await page.getByText(/人会收到/).first().waitFor();
  await look(page, 'pc-reminder-rule');
  await page.getByRole('button', { name: '保存', exact: true }).click();
  await page.getByText('已建立').waitFor();
  await page.getByRole('heading', { name: '发送记录' }).waitFor();
  await page.getByText('建立了规则').waitFor();
  await page.getByRole('button', { name: '暂停' }).click();
  await page.getByRole('dialog').getByRole('button', { name: '暂停' }).click();
  await page.getByText('暂停了规则').waitFor();
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await look(page, 'pc-reminder-rule-paused');

  await page.goto(`${SERVER_URL}/admin/school-days`);
  await page.getByText('这一年还没有登记').waitFor();
  await page.getByRole('textbox', { name: '粘贴一批' }).fill('2020-05-01 至 2020-05-05,放假,劳动节\n2020-05-09,上班,劳动节');
  await page.getByRole('button', { name: '先看看' }).click();
  await page.getByText('共 6 天，其中 6 天会改变').waitFor();
  await page.getByRole('button', { name: '登记这些' }).click();
  await page.getByRole('row', { name: /5月9日 周六/ }).waitFor();
  await look(page, 'pc-school-days');
  await person.end();
});

test('the way out is in sight on the phone and on a PC, and leads out', async () => {
  const status = (page) => page.evaluate(async () => (await fetch('/api/v1/me')).status);

  const student = await open(PHONE);
  const phone = await openFromWorkbench(student, STUDENT);
  await phone.goto(`${SERVER_URL}/h5/me`);
  await phone.getByRole('button', { name: '退出登录' }).first().click();
  await phone.getByRole('dialog').getByRole('button', { name: '退出登录' }).click();
  await phone.getByText('已退出登录').first().waitFor();
  assert.equal(await status(phone), 401);
  await student.end();

  const administrator = await open(PC);
  const { page } = administrator;
  await become(page, ADMINISTRATOR);
  await page.goto(`${SERVER_URL}/auth/start?to=/admin/sync-runs`);
  await page.getByRole('button', { name: '退出登录' }).click();
  await page.getByText('您已退出登录').waitFor();
  assert.equal(await status(page), 401);
  await administrator.end();
});
