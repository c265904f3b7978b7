import type { Answers, Field, Form } from '../api/types.ts';
import { askedFields, isAnswered } from './conditions.ts';

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
  return one === other;
}

/** Names of the fields whose answers differ between two revisions. */
export function changedFields(before: Answers, after: Answers): Set<string> {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return new Set([...names].filter((name) => !sameAnswer(before[name], after[name])));
}
