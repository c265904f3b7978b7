import type { components } from '#shared/api/schema.d.ts';
import { t } from '../../locale/index.ts';

export type Rules = components['schemas']['KindRules'];
export type DepartmentRule = components['schemas']['DepartmentKindRule'];
export type PersonRule = components['schemas']['PersonKindRule'];
export type DepartmentKind = components['schemas']['DepartmentKind'];
export type PersonKind = components['schemas']['PersonKindName'];
export type Outcome = components['schemas']['KindOutcome'];

export const DEPARTMENT_KINDS: DepartmentKind[] = ['school', 'college', 'grade', 'class', 'office'];
export const PERSON_KINDS: PersonKind[] = ['student', 'staff'];

/** What departments and tags are called, by id. */
export type Names = { department: (id: number) => string; tag: (id: number) => string };

export function kindName(kind: DepartmentKind): string {
  return t(`kinds.kind.${kind}`);
}

export function personName(kind: string | null | undefined): string {
  if (kind === 'student' || kind === 'staff') return t(`kinds.person.${kind}`);
  return t('kinds.person.none');
}

/** Patterns as they are typed: with spaces, commas or pauses between. */
export function patternsOf(text: string): string[] {
  return text.split(/[\s、，,;；|]+/).filter((pattern) => pattern !== '');
}

export function textOf(patterns: readonly string[] | undefined): string {
  return (patterns ?? []).join(' ');
}

/** “甲”或“乙”: the words around stand in the sentence. */
const list = (items: readonly string[]) => items.join(t('kinds.or'));

/** A department rule as a sentence's conditions. */
export function describeDepartment(rule: DepartmentRule, names: Names): string {
  const parts: string[] = [];
  if (rule.top === 'root') parts.push(t('kinds.when.top_root'));
  if (rule.top === 'only') parts.push(t('kinds.when.top_only'));
  if (rule.department) parts.push(t('kinds.when.department', { name: names.department(rule.department) }));
  if (rule.names?.length) parts.push(t('kinds.when.names', { list: list(rule.names) }));
  if (rule.except?.length) parts.push(t('kinds.when.except', { list: list(rule.except) }));
  if (rule.before_bracket) parts.push(t('kinds.when.before_bracket'));
  const [from, to] = [rule.depth_from ?? null, rule.depth_to ?? null];
  if (from !== null && from === to) parts.push(t('kinds.when.depth', { n: from }));
  else if (from !== null && to !== null) parts.push(t('kinds.when.depths', { from, to }));
  else if (from !== null) parts.push(t('kinds.when.depth_from', { n: from }));
  else if (to !== null) parts.push(t('kinds.when.depth_to', { n: to }));
  if (rule.under) parts.push(t('kinds.when.under', { name: names.department(rule.under) }));
  if (rule.parent_of?.length) parts.push(t('kinds.when.parent_of', { list: list(rule.parent_of) }));
  if (rule.parent_kind) parts.push(t('kinds.when.parent_kind', { kind: kindName(rule.parent_kind) }));
  if (rule.within?.length) parts.push(t('kinds.when.within', { list: list(rule.within.map(kindName)) }));
  if (rule.outside?.length) parts.push(t('kinds.when.outside', { list: list(rule.outside.map(kindName)) }));
  return parts.length > 0 ? parts.join(t('kinds.also')) : t('kinds.when.any_department');
}

/** A person rule as a sentence's conditions. */
export function describePerson(rule: PersonRule, names: Names): string {
  const parts: string[] = [];
  if (rule.tag) parts.push(t('kinds.when.tag', { name: names.tag(rule.tag) }));
  if (rule.under) parts.push(t('kinds.when.in_department', { name: names.department(rule.under) }));
  if (rule.kinds?.length) parts.push(t('kinds.when.in_kinds', { list: list(rule.kinds.map(kindName)) }));
  if (rule.names?.length) parts.push(t('kinds.when.person_names', { list: list(rule.names) }));
  if (rule.positions?.length) parts.push(t('kinds.when.positions', { list: list(rule.positions) }));
  if (rule.userids?.length) parts.push(t('kinds.when.userids', { list: list(rule.userids) }));
  return parts.length > 0 ? parts.join(t('kinds.also')) : t('kinds.when.any_account');
}

/** The same list with one item one place earlier or later. */
export function moved<T>(items: readonly T[], from: number, by: -1 | 1): T[] {
  const to = from + by;
  const next = [...items];
  const item = next[from];
  const other = next[to];
  if (item === undefined || other === undefined) return next;
  next[to] = item;
  next[from] = other;
  return next;
}
