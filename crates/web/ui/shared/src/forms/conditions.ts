import type { Answers, Condition, Field } from '../api/types.ts';

/** Whether an answer counts as given: an empty text or an empty choice list does not. */
export function isAnswered(value: unknown): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value === 'string') return value.trim() !== '';
  if (Array.isArray(value)) return value.length > 0;
  return true;
}

/** Whether the answers meet the condition, as the server sees it. A field that has no answer meets none. */
export function holds(condition: Condition, answers: Answers): boolean {
  const value = answers[condition.field];
  if (!isAnswered(value)) return false;
  if (condition.equals !== undefined && condition.equals !== null && !sameValue(condition.equals, value)) return false;
  // Of an answer with several values, one of them.
  const given: unknown[] = Array.isArray(value) ? value : [value];
  if (condition.one_of && !given.some((one) => condition.one_of?.some((wanted) => sameValue(wanted, one)))) return false;
  if (isNumber(condition.at_least) && !(typeof value === 'number' && value >= condition.at_least)) return false;
  if (isNumber(condition.at_most) && !(typeof value === 'number' && value <= condition.at_most)) return false;
  if (condition.within && liesIn(value, condition.within) !== true) return false;
  if (condition.outside && liesIn(value, condition.outside) !== false) return false;
  return true;
}

/** Whether a region lies in one of these, each the first digits of a code; undefined where the answer is no region. */
function liesIn(value: unknown, prefixes: readonly string[]): boolean | undefined {
  return typeof value === 'string' ? prefixes.some((prefix) => value.startsWith(prefix)) : undefined;
}

/**
 * The fields that are asked, in order. A field whose condition looks at a hidden field is hidden
 * too: what nobody can see must not decide.
 */
export function askedFields(fields: readonly Field[], answers: Answers): Field[] {
  const asked: Field[] = [];
  const seen: Answers = {};
  for (const field of fields) {
    if (field.show_if && !holds(field.show_if, seen)) continue;
    asked.push(field);
    seen[field.name] = answers[field.name];
  }
  return asked;
}

/** Equal as JSON values, as far as answers go: plain values, and lists of them. */
function sameValue(one: unknown, other: unknown): boolean {
  if (!Array.isArray(one) || !Array.isArray(other)) return one === other;
  return one.length === other.length && one.every((value, index) => value === other[index]);
}

function isNumber(value: number | null | undefined): value is number {
  return typeof value === 'number';
}
