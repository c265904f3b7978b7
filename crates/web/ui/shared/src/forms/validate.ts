import type { Answers, Field } from '../api/types.ts';
import { askedFields, isAnswered } from './conditions.ts';
import { showNumber } from './numbers.ts';

/** What is wrong with one answer. The page turns it into a sentence; the server checks again. */
export type Mistake =
  | { kind: 'missing'; field: Field }
  | { kind: 'out_of_range'; field: Field; minimum: string; maximum: string }
  | { kind: 'too_small'; field: Field; minimum: string }
  | { kind: 'too_large'; field: Field; maximum: string }
  | { kind: 'too_long'; field: Field; maximum: number }
  | { kind: 'unknown_choice'; field: Field };

/** The first mistake of an answer, or null. */
export function checkAnswer(field: Field, value: unknown): Mistake | null {
  if (!isAnswered(value)) return field.required ? { kind: 'missing', field } : null;
  switch (field.kind) {
    case 'number':
      return typeof value === 'number' ? checkNumber(field, value) : { kind: 'missing', field };
    case 'text': {
      const maximum = field.max_length ?? undefined;
      // Characters as people count them, not UTF-16 halves; the schema counts the same way.
      const length = [...String(value).trim()].length;
      return maximum !== undefined && length > maximum ? { kind: 'too_long', field, maximum } : null;
    }
    case 'choice':
      return isChoice(field, value) ? null : { kind: 'unknown_choice', field };
    case 'choices':
      return Array.isArray(value) && value.every((one) => isChoice(field, one)) ? null : { kind: 'unknown_choice', field };
    case 'boolean':
      return typeof value === 'boolean' ? null : { kind: 'missing', field };
  }
}

/** The mistakes of everything that is asked, by field name, in the order of the form. */
export function checkAnswers(fields: readonly Field[], answers: Answers): Map<string, Mistake> {
  const mistakes = new Map<string, Mistake>();
  for (const field of askedFields(fields, answers)) {
    const mistake = checkAnswer(field, answers[field.name]);
    if (mistake) mistakes.set(field.name, mistake);
  }
  return mistakes;
}

function checkNumber(field: Field, value: number): Mistake | null {
  const { minimum, maximum } = field;
  const low = typeof minimum === 'number' && value < minimum;
  const high = typeof maximum === 'number' && value > maximum;
  if (!low && !high) return null;
  if (typeof minimum === 'number' && typeof maximum === 'number') {
    return { kind: 'out_of_range', field, minimum: showNumber(minimum, field), maximum: showNumber(maximum, field) };
  }
  if (typeof minimum === 'number') return { kind: 'too_small', field, minimum: showNumber(minimum, field) };
  return { kind: 'too_large', field, maximum: showNumber(maximum ?? 0, field) };
}

function isChoice(field: Field, value: unknown): boolean {
  return (field.choices ?? []).some((choice) => choice.value === value);
}
