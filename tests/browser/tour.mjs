// A person's tour of the WeCom simulator, in pictures: every kind of message, cards before and after a click, the
// pages around them, and the admin console. Written to the folder named by SCREENSHOTS, for somebody to look at. A page that complains fails it.

import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { chromium } from 'playwright-core';

const { SIMULATOR_URL, SCREENSHOTS, CHROMIUM, REQUESTS } = process.env;
const DEVICES = {
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
  pc: { viewport: { width: 1440, height: 900 } },
};

/** The simulator's own API, or WeCom's. */
async function call(path, body) {
  const method = body === undefined ? 'GET' : 'POST';
  const json = typeof body === 'string' || body === undefined ? undefined : { 'content-type': 'application/json' };
  const answer = await fetch(`${SIMULATOR_URL}${path}`, {
    method, headers: json, body: json ? JSON.stringify(body) : body,
  });
  const value = await answer.json();
  if (!answer.ok || (value.errcode ?? 0) !== 0) throw new Error(`${path}: ${JSON.stringify(value)}`);
  return value;
}

/** The documented requests, sent to this person. */
async function send_messages(userid, token) {
  const send = (message) => call(`/cgi-bin/message/send?access_token=${token}`, { ...message, touser: userid });
  const documented = (name) => JSON.parse(readFileSync(join(REQUESTS, `${name}.json`), 'utf8')).request;
  const card = (template_card) => send({ msgtype: 'template_card', agentid: 1000002, template_card });
  for (const name of ['text', 'textcard', 'markdown', 'news', 'miniprogram_notice', 'text_notice', 'vote_interaction']) {
    const { toparty, totag, ...message } = documented(name);
    // A task's id is one card's only.
    if (message.template_card?.task_id) message.template_card.task_id += `-${userid}`;
    await send(message);
  }
  return card({
    card_type: 'button_interaction',
    source: { desc: '点名', desc_color: 0 },
    action_menu: { desc: '更多', action_list: [{ text: '一小时后再提醒', key: 'later' }] },
    task_id: `tour-${userid}`,
    main_title: { title: '健康日报待填写', desc: '今天 18:00 截止' },
    horizontal_content_list: [{ keyname: '学生', value: '沿用昨天：一切正常' }],
    button_selection: {
      question_key: 'temperature', title: '今天的体温',
      option_list: [{ id: 'normal', text: '37.3 ℃ 以下' }, { id: 'high', text: '37.3 ℃ 及以上' }], selected_id: 'normal',
    },
    button_list: [{ text: '提交', style: 1, key: 'submit' }, { text: '打开', type: 1, style: 3, url: 'https://app.example.com/h5/' }],
  });
}

/** The admin console: every section, with something in it, and a change that is refused. */
async function look_around_the_console(page, look, userid) {
  await page.goto(`${SIMULATOR_URL}/console/contacts`);
  await look('09-console-contacts');
  await page.locator('.tree a').first().click();
  await page.getByText('添加成员').click();
  await look('10-console-department');
  await page.goto(`${SIMULATOR_URL}/console/contacts/members/${userid}`);
  await look('11-console-member');
  await page.getByLabel('部门（名称或ID').fill('没有这个部门');
  await page.getByRole('button', { name: '保存' }).click();
  await look('12-console-refused');
  await page.goto(`${SIMULATOR_URL}/console/faults`);
  await page.getByLabel('接口').fill('media/get');
  await page.getByRole('button', { name: '开始' }).click();
  await look('13-console-faults');
  for (const [number, section] of [['14', 'app'], ['15', 'receiving'], ['16', 'usage'], ['17', 'log']]) {
    await page.goto(`${SIMULATOR_URL}/console/${section}`);
    await look(`${number}-console-${section}`);
  }
}

mkdirSync(SCREENSHOTS, { recursive: true });
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
const complaints = [];
let pictures = 0;
try {
  const personas = await call('/_sim/personas');
  const { access_token: token } = await call(process.env.GETTOKEN);
  await call(`/cgi-bin/menu/create?access_token=${token}&agentid=1000002`, {
    button: [
      { type: 'view', name: '填报', url: 'https://app.example.com/h5/' },
      { name: '更多', sub_button: [{ type: 'click', name: '历史', key: 'history' }, { type: 'click', name: '未报', key: 'unreported' }] },
    ],
  });
  const key = (key, data) => ({ key, data, jump_url: 'https://app.example.com/todo' });
  await call(`/cgi-bin/agent/set_workbench_template?access_token=${token}`, {
    agentid: 1000002, type: 'keydata', keydata: { items: [key('今日日报', '已报'), key('班级未报', '3 人'), key('连续', '26 天')] },
  });
  for (const [index, [device, settings]] of Object.entries(DEVICES).entries()) {
    const person = personas.filter((each) => each.role === 'student')[index] ?? personas[0];
    const { response_code } = await send_messages(person.userid, token);
    const context = await browser.newContext({ ...settings, locale: 'zh-CN', timezoneId: 'Asia/Shanghai' });
    const page = await context.newPage();
    page.on('pageerror', (error) => complaints.push(error.message));
    const look = async (name) => {
      const width = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (width > 0) complaints.push(`${name}, ${device}: ${width} pixels too wide`);
      await page.screenshot({ path: join(SCREENSHOTS, `${name}-${device}.png`) });
      pictures += 1;
    };
    await page.goto(`${SIMULATOR_URL}/`);
    await look('01-people');
    await page.goto(`${SIMULATOR_URL}/choose?userid=${person.userid}`);
    await page.goto(`${SIMULATOR_URL}/client/messages`);
    await look('02-messages');
    await page.goto(`${SIMULATOR_URL}/client/messages/app`);
    await look('03-conversation-end');
    for (const [number, message] of [['04a', 0], ['04b', 3], ['04c', 5]]) {
      await page.locator('.conversation > li').nth(message).evaluate((each) => each.scrollIntoView());
      await look(`${number}-conversation`);
    }
    await page.locator('.template-card').last().locator('select').selectOption('high');
    await page.locator('.template-card').last().getByRole('button', { name: '提交' }).click();
    await call(`/cgi-bin/message/update_template_card?access_token=${token}`, {
      atall: 1, agentid: 1000002, response_code, button: { replace_name: '已报 07:42' },
    });
    await page.getByLabel('发消息').fill('36.4');
    await page.getByRole('button', { name: '发送' }).click();
    await look('05-card-turned');
    await page.locator('.app-menu summary').click();
    await look('05a-menu');
    for (const [number, name] of [['06', 'contacts'], ['07', 'workbench'], ['08', 'me']]) {
      await page.goto(`${SIMULATOR_URL}/client/${name}`);
      await look(`${number}-${name}`);
    }
    await look_around_the_console(page, look, person.userid);
    await context.close();
  }
} finally {
  await browser.close();
}
for (const complaint of complaints) console.error(complaint);
console.log(`${pictures} pictures, ${complaints.length} complaints`);
process.exit(complaints.length ? 1 : 0);
