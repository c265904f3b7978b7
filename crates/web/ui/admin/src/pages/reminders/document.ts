import type { components } from '#shared/api/schema.d.ts';
import { t } from '../../locale/index.ts';

type Schemas = components['schemas'];
export type Rule = Schemas['ReminderRule'];
export type RuleDocument = Schemas['ReminderRuleDocument'];
export type Step = Schemas['ReminderStep'];
export type To = Schemas['ReminderTo'];

/** Whom steps tell, in the order in which they hear of it. */
export const CHAIN = ['person', 'class_assistant', 'counsellor', 'college', 'school'] as const satisfies readonly To[];

/** What a step usually says, in the school's language. */
export const USUAL: Readonly<Record<To, string>> = {
  person: '您今天的“{form}”还没有填写，请在 {closes} 前完成。',
  class_assistant: '{class}还有 {count} 人未填“{form}”，请提醒同学在 {closes} 前完成。',
  counsellor: '{class}还有 {count}/{expected} 人未填“{form}”，请查看名单并联系。',
  college: '{college}还有 {count}/{expected} 人未填“{form}”。',
  school: '全校还有 {count}/{expected} 人未填“{form}”。',
};

/** What can be filled in for whom. */
export function variablesFor(to: To): string[] {
  const everybody = ['form', 'closes', 'name', 'class', 'college'];
  return to === 'person' ? everybody : [...everybody, 'count', 'expected'];
}

/** A rule to begin with. */
export function blank(): RuleDocument {
  return { days: 'every', times: ['10:00'], departments: null, kinds: null, steps: [{ to: 'person', after_minutes: 0, wording: USUAL.person }], quiet: null, spread_minutes: 0, useful_minutes: null };
}

/** A copy that may be changed. */
export function plain(document: RuleDocument): RuleDocument {
  return JSON.parse(JSON.stringify(document)) as RuleDocument;
}

/** The steps with this one added or taken away, in the order of the chain; a new one comes after those before it. */
export function withStep(steps: readonly Step[], to: To, on: boolean): Step[] {
  const others = steps.filter((step) => step.to !== to);
  if (!on) return others;
  const place = CHAIN.indexOf(to);
  const before = others.filter((step) => CHAIN.indexOf(step.to) < place);
  const after = others.filter((step) => CHAIN.indexOf(step.to) > place);
  const earliest = Math.max(0, ...before.map((step) => step.after_minutes));
  const latest = Math.min(...after.map((step) => step.after_minutes), 720);
  const minutes = before.length === 0 ? 0 : Math.min(earliest + 60, latest);
  return [...before, { to, after_minutes: minutes, wording: USUAL[to] }, ...after];
}

/** What differs between two rules, as the names of their parts. */
export function differing(before: RuleDocument, after: RuleDocument): (keyof RuleDocument)[] {
  return (Object.keys(after) as (keyof RuleDocument)[]).filter((part) => JSON.stringify(before[part]) !== JSON.stringify(after[part]));
}

/** A part of a rule in words. */
export function partWords(document: RuleDocument, part: keyof RuleDocument): string {
  switch (part) {
    case 'days':
      return t(`rules.days.${document.days}`);
    case 'times':
      return document.times.join(t('app.comma'));
    case 'departments':
      return document.departments ? t('rules.n_departments', { n: document.departments.length }) : t('rules.everybody');
    case 'kinds':
      return document.kinds ? document.kinds.map((kind) => t(`rules.kind.${kind}`)).join(t('app.comma')) : t('rules.everybody');
    case 'steps':
      return document.steps.map((step) => `${stepWords(step)}：${step.wording}`).join('；');
    case 'quiet':
      return document.quiet ? `${document.quiet.from}–${document.quiet.until}` : t('rules.no_quiet');
    case 'spread_minutes':
      return t('rules.minutes', { n: document.spread_minutes ?? 0 });
    case 'useful_minutes':
      return document.useful_minutes ? t('rules.minutes', { n: document.useful_minutes }) : t('rules.useful_open');
  }
}

/** Whom and when: 辅导员 +60 分钟. */
export function stepWords(step: Step): string {
  const to = t(`rules.to.${step.to}`);
  return step.after_minutes === 0 ? to : `${to} ${t('rules.after', { n: step.after_minutes })}`;
}
