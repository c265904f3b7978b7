// Every page of both apps, as those who may see it: in both languages, wide and narrow, and every list while it loads,
// when it can't be had, with nothing in it and with more than one page of rows.
//
// Run by tests/src/browser/pages.rs, which prepares a school with something on every page. A new page is a line in the
// tables below. A route that is in no line fails, and so does a list that is fetched page by page and stands in none.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { chromium } from 'playwright-core';

import { gate } from './pages/gate.mjs';
import { look } from './pages/inspect.mjs';
import { listsOf, routesOf } from './pages/sources.mjs';
import { empty, failing, instead, long } from './pages/states.mjs';
import { visitor } from './pages/visitor.mjs';

/** `ONLY=h5-trips`: the pages whose names have this in them. */
const { SCREENSHOTS, CHROMIUM, ONLY } = process.env;
/** Who is who: userid by role. */
const PEOPLE = JSON.parse(process.env.PEOPLE);
/** What the `:words` of the addresses below stand for. */
const IDS = JSON.parse(process.env.IDS);

// A line: the route, its address, who looks at it, and its lists by the address of the API. Of a list, `long` is fetched
// page by page; `one` is a single thing that is never empty; `open` shows it; `row` is one where the
// school has none. `name` tells two lines of a route apart. `said`: an address and what is answered there, where the school has
// no such state. `then`: what is done there before it is looked at.
const press = (name) => (page) => page.getByRole('button', { name, exact: true }).first().click();
const unfold = (name) => (page) => page.locator('summary', { hasText: name }).click();
const figures = (page) => page.getByRole('button', { name: /名单$/ }).first().click();
const devices = (page) => page.getByRole('button', { name: /的设备$/ }).first().click();
const CONTACT = { id: 1, at: '2020-03-04T00:00:00Z', userid: 'T0001', name: '某老师', place: '教务处', kind: 1, title: '添加外部联系人', words: '姓名：校外联系人', ip: '203.0.113.*' };
const ALARM = { id: 1, kind: 'unusual', reading: 'phones', name: '某老师', number: 'T0001', own: false, people: 45, usual: 12, at: '2020-03-04T00:00:00Z', settled_by: null, settled_at: null, note: null };
const LIFT = { id: 1, name: '某老师', number: 'T0001', day: '2020-03-04', reading: 'phones', people: 60, reason: '全班家访', given_by: '某管理员', given_at: '2020-03-04T00:00:00Z' };
const AGREED = { notice: { version: 1, text: '为了校园健康管理，我们会收集您每天的体温。', legal_basis: '本人同意', published_at: '2020-03-01T00:00:00Z' }, agreed_at: '2020-03-02T00:00:00Z', missing: false, withdrawal: 'erases' };
const NOTICE = { version: 1, text: '为了校园健康管理，我们会收集您每天的体温。', legal_basis: '《个人信息保护法》第十三条', rests_on_consent: true, published_at: '2020-03-04T00:00:00Z', by: '某老师', agreed: 3 };
const HOLD = { id: 1, form: 'health-daily', title: '健康日报', reason: '校内调查', until: '2020-12-31', set_by: '某老师', set_at: '2020-03-04T00:00:00Z', lifted_by: null, lifted_at: null };
const CERTIFICATE = { id: 1, form: 'health-daily', title: '健康日报', ends_on: '2020-01-31', began_at: '2020-03-02T00:00:00Z', ended_at: '2020-03-02T00:00:00Z', rows: 3600, data_keys: 2 };
const IMPORT = { id: 1, kind: 'platform', title: '导入平台数据“三月.xlsx”：31 行，62 个数', rows_changed: 62, made_by: '某老师', made_at: '2020-03-04T00:00:00Z', undone_at: null };
const REFUSAL = { id: 1, at: '2020-03-04T00:00:00Z', kind: 'refused', member: 7, name: '某老师', number: 'T0001', reason: 'forbidden', channel: 'pc', network: '203.0.113.0/24', operation: 'POST /api/v1/people/{id}/phone', times: 3 };
const ADMIN = [
  { route: 'home', at: '/', as: 'counsellor', moves: true },
  { route: 'statistics', at: '/statistics/health-daily', as: 'school_leader', lists: [{ api: '/statistics/health-daily' }] },
  { route: 'statistics', name: 'categories', at: '/statistics/health-daily?view=categories', as: 'school_leader', lists: [{ api: '/statistics/health-daily/categories' }] },
  { route: 'statistics', name: 'span', at: '/statistics/health-daily?view=span', as: 'school_leader', lists: [{ api: '/statistics/health-daily/comparison', one: true }, { api: '/statistics/health-daily/trend', one: true }] },
  { route: 'statistics', name: 'people', at: '/statistics/health-daily?people=unreported', as: 'school_leader', lists: [{ api: '/statistics/health-daily/people', long: true }] },
  { route: 'unreported', at: '/unreported/health-daily', as: 'counsellor', lists: [{ api: '/unreported/health-daily', long: true }] },
  { route: 'trips', at: '/trips', as: 'school_leader', lists: [{ api: '/trips/summary' }, { api: '/trips', long: true }] },
  { route: 'movements', at: '/movements', as: 'department_head', lists: [{ api: '/movements' }] },
  { route: 'movements', name: 'people', at: '/movements', as: 'school_leader', lists: [{ api: '/movements/people', long: true, open: figures }] },
  { route: 'reviews', at: '/reviews', as: 'college_office', lists: [{ api: '/reviews', long: true }] },
  { route: 'sign-offs', at: '/sign-offs/health-daily', as: 'college_office', lists: [{ api: '/sign-offs' }] },
  { route: 'exemptions', at: '/exemptions', as: 'counsellor', lists: [{ api: '/exemptions', long: true }] },
  { route: 'passages-live', at: '/passages/live', as: 'school_leader', lists: [{ api: '/passages/inside' }, { api: '/passages/hours' }] },
  { route: 'passage-table', at: '/passages/table', as: 'gate_guard', lists: [{ api: '/passages/table' }] },
  { route: 'passages', at: '/passages', as: 'counsellor', lists: [{ api: '/passages', long: true }] },
  { route: 'outside', at: '/passages/outside', as: 'counsellor', lists: [{ api: '/passages/outside', long: true }, { api: '/gate-zones' }] },
  { route: 'gate-alarms', at: '/gate-alarms', as: 'gate_guard', lists: [{ api: '/gate-alarms', long: true }] },
  { route: 'visitors', at: '/visitors', as: 'gate_guard', lists: [{ api: '/visitors', long: true }] },
  { route: 'gate-permits', at: '/gate-permits', as: 'counsellor', lists: [{ api: '/gate-permits', long: true }] },
  { route: 'gates', at: '/gates', as: 'administrator', lists: [{ api: '/gate-zones' }, { api: '/gates' }, { api: '/gate-devices', long: true, open: devices }] },
  { route: 'gate-keys', at: '/gate-keys', as: 'administrator', lists: [{ api: '/gate-keys' }] },
  { route: 'campaigns', at: '/campaigns', as: 'school_office', lists: [{ api: '/campaigns', long: true }] },
  { route: 'campaign', at: '/campaigns/:campaign', as: 'school_office', lists: [{ api: '/campaigns/:campaign', one: true }, { api: '/campaigns/:campaign/acts', long: true }] },
  { route: 'reminder-rules', at: '/reminder-rules', as: 'administrator', lists: [{ api: '/reminder-rules', long: true }, { api: '/reminder-settings', one: true }] },
  { route: 'reminder-rule', at: '/reminder-rules/:rule', as: 'school_office', lists: [{ api: '/reminder-rules/:rule', one: true }, { api: '/reminder-rules/:rule/people', long: true }, { api: '/reminder-rules/:rule/rounds', long: true }, { api: '/reminder-rules/:rule/acts', long: true }] },
  { route: 'reminder-rule', name: 'editor', at: '/reminder-rules/:rule', as: 'administrator' },
  { route: 'reminder-rule', name: 'new', at: '/reminder-rules/new', as: 'administrator' },
  { route: 'school-days', at: '/school-days', as: 'administrator', lists: [{ api: '/school-days' }] },
  { route: 'digest-rules', at: '/digest-rules', as: 'administrator', lists: [{ api: '/digest-rules' }] },
  { route: 'announcements', at: '/announcements', as: 'college_office', lists: [{ api: '/announcements', long: true }] },
  { route: 'new-announcement', at: '/announcements/new', as: 'college_office' },
  { route: 'announcement', at: '/announcements/:announcement', as: 'college_office', lists: [{ api: '/announcements/:announcement', one: true }, { api: '/announcements/:announcement/people', long: true }] },
  { route: 'portal', at: '/portal', as: 'school_office', lists: [{ api: '/portal/entries', long: true, open: unfold('已停用的入口') }] },
  { route: 'portal-entry', at: '/portal/:entry', as: 'school_office', lists: [{ api: '/portal/entries/:entry', one: true }, { api: '/portal/entries/:entry/days', one: true }, { api: '/portal/entries/:entry/comparison' }, { api: '/portal/entries/:entry/people', long: true, open: press(/看名单$/) }] },
  { route: 'statuses', at: '/statuses', as: 'counsellor', lists: [{ api: '/statuses', long: true }] },
  { route: 'corrections', at: '/corrections', as: 'counsellor', lists: [{ api: '/corrections', long: true }] },
  { route: 'class-counsellors', at: '/class-counsellors', as: 'administrator', lists: [{ api: '/class-counsellors', long: true }, { api: '/class-counsellors/without-class', long: true, row: { number: '2020', name: '新同学', grade: 2020, major: null, place: null } }] },
  { route: 'registration', at: '/registration', as: 'school_office', lists: [{ api: '/registration' }, { api: '/registration/not-activated', long: true }, { api: '/phone-corrections', long: true, open: unfold('手机号更正记录') }] },
  { route: 'residences', at: '/residences', as: 'counsellor', lists: [{ api: '/residences/buildings' }, { api: '/residences/colleges' }, { api: '/residences/rooms', long: true, open: press('房间与床位') }, { api: '/residences/without', long: true, open: press('未安排床位') }] },
  { route: 'photos', at: '/photos', as: 'counsellor', lists: [{ api: '/photos/coverage' }, { api: '/photos/people', long: true }] },
  { route: 'photos', name: 'upload', at: '/photos', as: 'administrator', lists: [{ api: '/photos/uploads/:upload/results', long: true, open: (page) => page.locator('.uploads button').first().click() }] },
  { route: 'exports', at: '/exports', as: 'school_office', lists: [{ api: '/exports', long: true }] },
  { route: 'grants', at: '/grants', as: 'school_office', lists: [{ api: '/grants', long: true }, { api: '/grants/acts', long: true }] },
  { route: 'roster', at: '/roster', as: 'administrator', lists: [{ api: '/roster/imports', long: true }] },
  { route: 'sync-runs', at: '/sync-runs', as: 'administrator', lists: [{ api: '/sync-runs', long: true }] },
  { route: 'sync-run', at: '/sync-runs/:held_run', as: 'administrator', lists: [{ api: '/sync-runs/:held_run', one: true }] },
  { route: 'kinds', at: '/kinds', as: 'administrator', lists: [{ api: '/kinds', one: true }, { api: '/kinds/departments', long: true }, { api: '/kinds/accounts', long: true, row: { userid: 'visitor', name: '访客', place: '后勤处', kind: null, rule: null } }, { api: '/tags', long: true, row: { id: 1, name: '党员', members: 3, departments: 1 } }] },
  { route: 'accounts', at: '/accounts', as: 'administrator', lists: [{ api: '/accounts/matches' }, { api: '/accounts/leftovers', long: true }] },
  { route: 'write-back', at: '/write-back', as: 'administrator', lists: [{ api: '/write-plans', long: true }] },
  { route: 'write-plan', at: '/write-back/:plan', as: 'administrator', lists: [{ api: '/write-plans/:plan', one: true }, { api: '/write-plans/:plan/steps', long: true }] },
  { route: 'platform', at: '/platform', as: 'administrator', lists: [{ api: '/platform', one: true }, { api: '/platform/usage', long: true, open: press('成员使用记录') }, { api: '/platform/contacts', long: true, open: press('外部沟通'), row: CONTACT }, { api: '/platform/records', long: true, open: press('操作日志'), row: CONTACT }, { api: '/roster/imports', long: true, open: press('登记与导入'), row: IMPORT }] },
  { route: 'platform-briefing', at: '/platform/briefing', as: 'school_leader', lists: [{ api: '/platform/briefing', one: true }] },
  { route: 'audit', at: '/audit', as: 'administrator', lists: [{ api: '/audit', long: true }] },
  { route: 'audit', name: 'security', at: '/audit?view=security', as: 'administrator', lists: [{ api: '/security-events', long: true, row: REFUSAL }] },
  { route: 'reading-alarms', at: '/reading-alarms', as: 'administrator', lists: [{ api: '/reading-alarms', long: true, row: ALARM }, { api: '/reading-lifts', long: true, row: LIFT }] },
  { route: 'retention', at: '/retention', as: 'school_office', lists: [{ api: '/retention', one: true }, { api: '/retention/forms', long: true }, { api: '/retention/holds', long: true, row: HOLD }, { api: '/retention/certificates', long: true, row: CERTIFICATE }] },
  { route: 'operations', at: '/operations', as: 'administrator', lists: [{ api: '/operations', one: true }, { api: '/operations/dead-jobs', long: true }] },
  { route: 'outages', at: '/outages', as: 'administrator', lists: [{ api: '/outages', long: true }] },
  { route: 'sessions', at: '/sessions', as: 'counsellor', lists: [{ api: '/me/sessions', one: true }] },
  { route: 'sessions', name: 'second-factor', at: '/sessions', as: 'administrator' },
  { route: 'privacy-notices', at: '/privacy-notices', as: 'administrator', lists: [{ api: '/privacy-notices', long: true, row: NOTICE }] },
  { route: 'sign-in', at: '/sign-in', as: 'counsellor' },
  { route: 'not-found', at: '/nothing-here', as: 'counsellor' },
];

// `also`: who else looks at it.
const H5 = [
  { route: 'today', at: '/', as: 'student', also: ['counsellor', 'college_office', 'department_head', 'school_office', 'administrator'], lists: [{ api: '/forms' }] },
  { route: 'form', at: '/forms/health-daily', as: 'student', lists: [{ api: '/forms/health-daily', one: true }] },
  { route: 'form', name: 'closed', at: '/forms/health-daily', as: 'student', said: ['/me/privacy-notice', { notice: null, agreed_at: null, missing: true }] },
  { route: 'my-reports', at: '/reports', as: 'student', lists: [{ api: '/reports/forms' }] },
  { route: 'reports', at: '/forms/health-daily/reports', as: 'student', lists: [{ api: '/reports', long: true }] },
  { route: 'receipt', at: '/forms/health-daily/reports/:own_report', as: 'student', lists: [{ api: '/reports/:own_report', one: true }] },
  { route: 'receipt', name: 'photos', at: '/forms/papers/reports/:own_receipt', as: 'student' },
  { route: 'revisions', at: '/forms/health-daily/reports/:own_report/revisions', as: 'student', lists: [{ api: '/reports/:own_report/revisions', one: true }] },
  { route: 'unreported', at: '/unreported/health-daily', as: 'counsellor', also: ['college_office', 'school_office'], lists: [{ api: '/unreported/health-daily', long: true }] },
  { route: 'round', at: '/reminders/:own_round', as: 'counsellor', lists: [{ api: '/reminders/:own_round', long: true, one: true }] },
  { route: 'statistics', at: '/statistics/health-daily', as: 'counsellor', also: ['college_office', 'school_office', 'administrator'], lists: [{ api: '/statistics/health-daily' }, { api: '/statistics/health-daily/trend', one: true }] },
  { route: 'statistics', name: 'categories', at: '/statistics/health-daily?view=categories', as: 'school_office', lists: [{ api: '/statistics/health-daily/categories' }] },
  { route: 'people', at: '/statistics/health-daily/people?state=unreported', as: 'counsellor', lists: [{ api: '/statistics/health-daily/people', long: true }] },
  { route: 'trips', at: '/trips', as: 'counsellor', also: ['school_office'], lists: [{ api: '/trips/summary' }, { api: '/trips', long: true }] },
  { route: 'movements', at: '/movements', as: 'department_head', also: ['school_office', 'counsellor'], lists: [{ api: '/movements' }] },
  { route: 'movements', name: 'people', at: '/movements', as: 'school_office', lists: [{ api: '/movements/people', long: true, open: figures }] },
  { route: 'me', at: '/me', as: 'student', also: ['counsellor', 'college_office', 'department_head', 'school_office', 'administrator'] },
  { route: 'gate-code', at: '/gate-code', as: 'student', lists: [{ api: '/me/passages' }] },
  { route: 'gate-scan', at: '/gate-scan?c=:gate_code', as: 'student' },
  { route: 'gate-alarms', at: '/gate-alarms', as: 'gate_guard', lists: [{ api: '/gate-alarms', long: true }] },
  { route: 'visitors', at: '/visitors', as: 'counsellor', lists: [{ api: '/me/visitors', long: true }] },
  { route: 'visit', at: '/visit#t=:visit', as: 'student' },
  { route: 'access-log', at: '/me/access-log', as: 'student', lists: [{ api: '/access-log', long: true }] },
  { route: 'sessions', at: '/me/sessions', as: 'student', lists: [{ api: '/me/sessions', one: true }] },
  { route: 'my-data', at: '/me/data', as: 'student', also: ['counsellor'], lists: [{ api: '/me/data', one: true }, { api: '/me/corrections', long: true }] },
  { route: 'held-data', at: '/me/held', as: 'student', also: ['counsellor'], lists: [{ api: '/me/data/held' }] },
  { route: 'held-data', name: 'withdrawal', at: '/me/held', as: 'student', said: ['/me/privacy-notice', AGREED], then: press(/^(收回同意|Take it back)$/) },
  { route: 'corrections', at: '/corrections', as: 'counsellor', also: ['school_office'], lists: [{ api: '/corrections', long: true }] },
  { route: 'reviews', at: '/reviews', as: 'counsellor', also: ['college_office'], lists: [{ api: '/reviews', long: true }] },
  { route: 'review', at: '/reviews/:receipt', as: 'counsellor', lists: [{ api: '/reviews/:receipt', one: true }] },
  { route: 'sign-offs', at: '/sign-offs/health-daily', as: 'counsellor', also: ['college_office'], lists: [{ api: '/sign-offs' }] },
  { route: 'announcement', at: '/announcements/:announcement', as: 'student', lists: [{ api: '/announcements/received/:announcement', one: true }] },
  { route: 'portal-entry', at: '/portal/:entry', as: 'student', lists: [{ api: '/portal', one: true }] },
  { route: 'signed-out', at: '/signed-out', as: 'student' },
  { route: 'not-found', at: '/nothing-here', as: 'student' },
];

const APPS = [
  { name: 'admin', lines: ADMIN, wide: { width: 1440, height: 900 }, narrow: { width: 1024, height: 768 } },
  { name: 'h5', lines: H5, wide: { width: 390, height: 844 }, narrow: { width: 320, height: 640 }, isMobile: true, hasTouch: true },
];
/** Shown only after something was done. */
const AFTER_AN_ACT = ['/registration/invitations/{id}'];
/** Everybody's menu of the data hall is gone through. */
const HALL = ['school_leader', 'school_office', 'college_office', 'counsellor', 'department_head', 'administrator'];

let browser;

before(async () => {
  mkdirSync(`${SCREENSHOTS}/pages`, { recursive: true });
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync',
    ],
  });
});

after(() => browser?.close());

test('every route and every list is in the table', () => {
  for (const { name, lines } of APPS) {
    assert.deepEqual([...new Set(lines.map(({ route }) => route))].sort(), routesOf(name).sort(), `routes of ${name}`);
    const tested = lines.flatMap(({ lists = [] }) => lists).filter((list) => list.long);
    const asks = (list, written) => list.api.split('/').length === written.length
      && list.api.split('/').every((part, at) => part === written[at] || (written[at].startsWith('{') && part !== ''));
    const missing = listsOf(name).filter((written) => !AFTER_AN_ACT.includes(written) && !tested.some((list) => asks(list, written.split('/'))));
    assert.deepEqual(missing, [], `lists of ${name} whose states are not looked at`);
  }
});

test('every page of both apps', { concurrency: 2 }, (t) => Promise.all(APPS.map((app) => t.test(app.name, (t) => whole(t, app)))));

test('the gate’s page', { skip: Boolean(ONLY) && !'gate'.includes(ONLY) }, async () => {
  const administrator = await visitor(browser, APPS[0], PEOPLE.administrator);
  await gate(browser, administrator, IDS.gate);
  await administrator.end();
});

async function whole(t, app) {
  const visitors = new Map();
  const as = async (who) => {
    if (!visitors.has(who)) visitors.set(who, await visitor(browser, app, PEOPLE[who]));
    return visitors.get(who);
  };
  const label = (line) => `${app.name}-${line.route}${line.name ? `-${line.name}` : ''}`;
  const lines = app.lines.filter((line) => !ONLY || label(line).includes(ONLY));
  const fill = (text) => text.replace(/:(\w+)/g, (_, word) => IDS[word] ?? assert.fail(`no ${word}`));

  for (const language of ['zh', 'en']) {
    for (const line of lines) {
      await t.test(`${label(line)} ${language}`, async () => {
        const person = await as(line.as);
        await person.speak(language);
        const end = line.said && (await instead(person, line.said[0], (route) => route.fulfill({ json: line.said[1] })));
        await person.visit(fill(line.at), line);
        await line.then?.(person.page);
        await person.settled();
        await person.picture(`${label(line)}-${language}`, language === 'zh');
        const wide = await look(person, language, { axe: language === 'zh' });
        await person.resize(app.narrow);
        const narrow = await look(person, language, { axe: language === 'en' });
        if (app.isMobile && language === 'zh') await person.picture(`${label(line)}-narrow`);
        await person.resize(app.wide);
        await end?.();
        assert.deepEqual([...new Set([...wide, ...narrow])], []);
      });
    }
  }
  for (const person of visitors.values()) await person.speak('zh');

  for (const line of lines) {
    for (const list of line.lists ?? []) {
      await t.test(`${label(line)} ${list.api}`, async () => {
        const person = await as(line.as);
        const at = { ...line, ...list, at: fill(line.at), api: fill(list.api) };
        try {
          await failing(person, at);
          if (!list.one) await empty(person, at);
          if (list.long) await long(person, at);
          person.quiet();
        } finally {
          await person.page.unrouteAll({ behavior: 'ignoreErrors' });
          person.complaints.length = 0;
          person.forgiving = false;
        }
      });
    }
  }

  if (!ONLY) for (const who of app.name === 'admin' ? HALL : [...new Set(app.lines.flatMap(({ also = [] }) => also))]) {
    await t.test(`${app.name} as ${who}`, async () => {
      const person = await as(who);
      const theirs = app.name === 'admin' ? await person.menu() : app.lines.filter(({ also = [] }) => also.includes(who)).map(({ at }) => fill(at));
      assert.ok(theirs.length > 0);
      for (const at of theirs) {
        await person.visit(at, { route: `${who} ${at}` });
        assert.deepEqual(await look(person, 'zh', {}), [], at);
      }
    });
  }
  for (const person of visitors.values()) await person.end();
}
