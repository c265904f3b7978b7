import type { Field } from '../api/types.ts';

/**
 * Tidies what was typed into a number field: full-width digits and the Chinese full stop become
 * plain ones, anything else is dropped, and no more decimals stay than the field has. Where the
 * digits alone are too large but a decimal point makes them fit, the point is set: `365` is 36.5 °C.
 */
export function tidyNumber(text: string, field: Pick<Field, 'maximum' | 'decimals'>): string {
  const decimals = field.decimals ?? 0;
  let tidy = '';
  for (const character of text.normalize('NFKC')) {
    if (character >= '0' && character <= '9') tidy += character;
    else if (decimals > 0 && '.。,、'.includes(character) && tidy !== '' && !tidy.includes('.')) tidy += '.';
  }
  if (decimals > 0 && !tidy.includes('.') && isNumber(field.maximum) && Number(tidy) > field.maximum) {
    const whole = String(Math.floor(field.maximum)).length;
    const pointed = `${tidy.slice(0, whole)}.${tidy.slice(whole)}`;
    if (tidy.length > whole && Number(pointed) <= field.maximum) tidy = pointed;
  }
  const point = tidy.indexOf('.');
  return point < 0 ? tidy : tidy.slice(0, point + 1 + decimals);
}

/** The number a tidied text stands for, undefined where it stands for none. */
export function readNumber(text: string): number | undefined {
  return /^\d+(\.\d*)?$/.test(text) ? Number(text) : undefined;
}

/** A number with exactly the decimals of its field: 37 °C reads 37.0. */
export function showNumber(value: number, field: Pick<Field, 'decimals'>): string {
  return value.toFixed(field.decimals ?? 0);
}

function isNumber(value: number | null | undefined): value is number {
  return typeof value === 'number';
}
