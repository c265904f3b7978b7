// @vitest-environment happy-dom
import { expect, test } from 'vitest';
import { en as adminEn } from '../../../admin/src/locale/en.ts';
import { zh as adminZh } from '../../../admin/src/locale/zh.ts';
import { en as h5En } from '../../../h5/src/locale/en.ts';
import { zh as h5Zh } from '../../../h5/src/locale/zh.ts';
import { Problem } from '../api/problem.ts';
import { field } from '../testing/forms.ts';
import { createI18n, fill } from './index.ts';
import { mistakeText, problemHelp, problemSentence, problemTitle } from './sentences.ts';

const blanks = (message: string) => [...message.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

test.each([
  ['h5', h5Zh, h5En],
  ['admin', adminZh, adminEn],
] as [string, Record<string, string>, Record<string, string>][])('the words of %s have the same blanks in both languages', (_, zh, en) => {
  const all = (words: Record<string, string>) => Object.fromEntries(Object.entries(words).map(([key, message]) => [key, blanks(message)]));
  expect(all(en)).toEqual(all(zh));
});

test('blanks are filled, and one without a value stays to be seen', () => {
  expect(fill('{n} 人，{who}', { n: 3 })).toBe('3 人，{who}');
});

test('the language changes for the document and is remembered', async () => {
  const words = createI18n({ hello: '您好' }, () => Promise.resolve({ hello: 'Hello' }));
  expect(words.t('hello')).toBe('您好');
  await words.setLocale('en');
  expect([words.t('hello'), document.documentElement.lang]).toEqual(['Hello', 'en']);
  const later = createI18n({ hello: '您好' }, () => Promise.resolve({ hello: 'Hello' }));
  await later.restore();
  expect(later.locale.value).toBe('en');
});

test("a refusal speaks the server's words, everything else ours", () => {
  const { t } = createI18n(h5Zh, () => Promise.resolve(h5En));
  const refused = new Problem('refused', { status: 422, body: { title: '填写有误', detail: '请改正' } });
  expect([problemTitle(refused, t), problemHelp(refused, t)]).toEqual(['填写有误', '请改正']);
  // What the server says about its own failures is not for members.
  const failed = new Problem('server', { status: 500, body: { title: 'deadlock detected' } });
  expect(problemTitle(failed, t)).toBe('服务暂时不可用');
});

test('a problem in one line names the field at fault, else what happened and what to do', async () => {
  const { t, setLocale } = createI18n(h5Zh, () => Promise.resolve(h5En));
  const spent = new Problem('refused', { status: 429, body: { title: '今天的查看额度不够了', detail: '明天零点恢复' } });
  expect(problemSentence(spent, t)).toBe('今天的查看额度不够了。明天零点恢复');
  const wrong = new Problem('refused', { status: 422, body: { title: '填写有误', errors: [{ field: 'code', message: '验证码不对' }] } });
  expect(problemSentence(wrong, t)).toBe('验证码不对');
  await setLocale('en');
  expect(problemSentence(new Problem('offline'), t)).toBe(`${h5En['problem.offline']}. ${h5En['problem.offline_help']}`);
});

test('a mistake says what to do', () => {
  const { t } = createI18n(h5Zh, () => Promise.resolve(h5En));
  const temperature = field('temperature');
  expect(mistakeText({ kind: 'missing', field: temperature }, t)).toBe('请填写体温');
  expect(mistakeText({ kind: 'missing', field: field('place') }, t)).toBe('请选择当前所在地');
  expect(mistakeText({ kind: 'out_of_range', field: temperature, minimum: '34.0', maximum: '43.0' }, t)).toBe('体温应在 34.0 到 43.0 之间');
});
