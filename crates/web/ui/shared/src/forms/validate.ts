import type { Answers, Field } from '../api/types.ts';
import { addDays } from '../format/index.ts';
import { askedFields, isAnswered } from './conditions.ts';
import { showNumber } from './numbers.ts';

/** What is wrong with one answer. The page turns it into a sentence; the server checks again. */
export type Mistake =
  | { kind: 'missing'; field: Field }
  | { kind: 'out_of_range'; field: Field; minimum: string; maximum: string }
  | { kind: 'too_small'; field: Field; minimum: string }
  | { kind: 'too_large'; field: Field; maximum: string }
  | { kind: 'too_long'; field: Field; maximum: number }
  | { kind: 'unknown_choice'; field: Field }
  | { kind: 'no_date'; field: Field }
  | { kind: 'too_early'; field: Field; earliest: string }
  | { kind: 'too_late'; field: Field; latest: string }
  | { kind: 'before_other'; field: Field; other: Field }
  | { kind: 'no_county'; field: Field }
  | { kind: 'no_phone'; field: Field }
  | { kind: 'too_many'; field: Field; maximum: number }
  | { kind: 'no_location'; field: Field };

/** What dates are held to: the day of answering, and the other answers. */
export type Given = { today: string; fields: readonly Field[]; answers: Answers };

/** A mobile, or a landline with or without its area: what people really write. The server asks for the same. */
const PHONE = /^[0-9][0-9-]{5,18}[0-9]$/;

/** The first mistake of an answer, or null. */
export function checkAnswer(field: Field, value: unknown, given: Given): Mistake | null {
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
    case 'date':
      return checkDate(field, value, given);
    case 'region':
      // A county's code; a city's and a province's end in zeros.
      return typeof value === 'string' && /^\d{6}$/.test(value) && !value.endsWith('00') ? null : { kind: 'no_county', field };
    case 'phone':
      return typeof value === 'string' && PHONE.test(value.trim()) ? null : { kind: 'no_phone', field };
    case 'photos': {
      const maximum = field.at_most ?? 1;
      return Array.isArray(value) && value.length <= maximum ? null : { kind: 'too_many', field, maximum };
    }
    case 'location':
      return typeof value === 'object' ? null : { kind: 'no_location', field };
  }
}

/** The mistakes of everything that is asked, by field name, in the order of the form. */
export function checkAnswers(fields: readonly Field[], answers: Answers, today: string): Map<string, Mistake> {
  const mistakes = new Map<string, Mistake>();
  for (const field of askedFields(fields, answers)) {
    const mistake = checkAnswer(field, answers[field.name], { today, fields, answers });
    if (mistake) mistakes.set(field.name, mistake);
  }
  return mistakes;
}

/** The first and the last day a date field takes, as far as it says. */
export function dateLimits(field: Field, today: string): { earliest?: string; latest?: string } {
  return {
    earliest: typeof field.days_back === 'number' ? addDays(today, -field.days_back) : undefined,
    latest: typeof field.days_ahead === 'number' ? addDays(today, field.days_ahead) : undefined,
  };
}

function checkDate(field: Field, value: unknown, { today, fields, answers }: Given): Mistake | null {
  if (typeof value !== 'string' || !isDay(value)) return { kind: 'no_date', field };
  // ISO days compare as text.
  const { earliest, latest } = dateLimits(field, today);
  if (earliest !== undefined && value < earliest) return { kind: 'too_early', field, earliest };
  if (latest !== undefined && value > latest) return { kind: 'too_late', field, latest };
  const other = fields.find((one) => one.name === field.not_before);
  const first = other ? answers[other.name] : undefined;
  return other && typeof first === 'string' && value < first ? { kind: 'before_other', field, other } : null;
}

/** Whether this is a day of the calendar, `2020-03-04`. */
function isDay(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && addDays(text, 0) === text;
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
