import type { Answers, Field, Form } from '../api/types.ts';
import { askedFields, isAnswered } from './conditions.ts';
import { checkAnswer } from './validate.ts';

/**
 * What the form shows when it opens: today's own answers, or what may be carried over from the last
 * report. A value that is always asked stays empty even if the server sent one.
 */
export function openingAnswers(form: Form): Answers {
  const answers: Answers = {};
  for (const field of form.fields) {
    const value = form.answers[field.name];
    if (!isAnswered(value)) continue;
    if (form.receipt || field.carry_over === 'prefill') answers[field.name] = value;
  }
  return answers;
}

/** Names of the fields that still hold what was carried over, so the page can mark them. */
export function stillCarried(form: Form, answers: Answers): Set<string> {
  if (form.receipt) return new Set();
  return new Set(form.carried.filter((name) => isAnswered(answers[name]) && sameAnswer(answers[name], form.answers[name])));
}

/** What is sent: the answers of the asked fields, texts trimmed, nothing empty, nothing hidden. */
export function answersToSend(fields: readonly Field[], answers: Answers): Answers {
  const sent: Answers = {};
  for (const field of askedFields(fields, answers)) {
    const value = answers[field.name];
    if (isAnswered(value)) sent[field.name] = typeof value === 'string' ? value.trim() : value;
  }
  return sent;
}

/** Whether two answers are the same; the order of several choices does not count. */
export function sameAnswer(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((value) => other.includes(value));
  }
  if (isObject(one) && isObject(other)) {
    const names = Object.keys(one);
    return names.length === Object.keys(other).length && names.every((name) => sameAnswer(one[name], other[name]));
  }
  return one === other;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Of answers given to an earlier version of a form, those that the present one still takes: the field is there, of a
 * kind that the answer fits, and its choices are.
 */
export function stillFitting(fields: readonly Field[], answers: Answers, today: string): Answers {
  const kept: Answers = {};
  for (const field of fields) {
    const value = answers[field.name];
    if (isAnswered(value) && checkAnswer(field, value, { today, fields, answers }) === null) kept[field.name] = value;
  }
  return kept;
}

/** Names of the fields whose answers differ between two revisions. */
export function changedFields(before: Answers, after: Answers): Set<string> {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return new Set([...names].filter((name) => !sameAnswer(before[name], after[name])));
}
