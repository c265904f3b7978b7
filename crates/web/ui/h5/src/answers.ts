import type { Field } from '#shared/api/types.ts';
import { isAnswered } from '#shared/forms/conditions.ts';
import { showNumber } from '#shared/forms/numbers.ts';
import { t } from './locale/index.ts';

/** An answer as people read it: choices by their titles, numbers with their unit. */
export function answerText(field: Field | undefined, value: unknown): string {
  if (!isAnswered(value)) return t('answers.empty');
  if (typeof value === 'boolean') return t(value ? 'form.yes' : 'form.no');
  if (typeof value === 'number' && field) return `${showNumber(value, field)}${field.unit ? ` ${field.unit}` : ''}`;
  const title = (one: unknown) => field?.choices?.find((choice) => choice.value === one)?.title ?? String(one);
  return Array.isArray(value) ? value.map(title).join('、') : title(value);
}
