import type { Field } from '#shared/api/types.ts';
import { isAnswered } from '#shared/forms/conditions.ts';
import { showNumber } from '#shared/forms/numbers.ts';
import { regionPath, type Regions } from '#shared/regions/regions.ts';
import { t } from './locale/index.ts';

/** An answer as people read it: choices by their titles, numbers with their unit, regions by their names. */
export function answerText(field: Field | undefined, value: unknown, regions: Regions | null = null): string {
  if (!isAnswered(value)) return t('answers.empty');
  if (typeof value === 'boolean') return t(value ? 'form.yes' : 'form.no');
  if (typeof value === 'number' && field) return `${showNumber(value, field)}${field.unit ? ` ${field.unit}` : ''}`;
  if (field?.kind === 'region' && typeof value === 'string') return regions ? regionPath(regions, value) : value;
  if (field?.kind === 'photos' && Array.isArray(value)) return t('photos.count', { n: value.length });
  if (field?.kind === 'location') return locationText(value);
  const title = (one: unknown) => field?.choices?.find((choice) => choice.value === one)?.title ?? String(one);
  return Array.isArray(value) ? value.map(title).join(t('app.comma')) : title(value);
}

/** `北纬 34.75，东经 113.63，精度约 30 米`. */
export function locationText(value: unknown): string {
  const { latitude, longitude, accuracy } = value as { latitude?: number; longitude?: number; accuracy?: number };
  if (typeof latitude !== 'number' || typeof longitude !== 'number') return t('answers.empty');
  const place = t('location.at', { latitude: String(latitude), longitude: String(longitude) });
  return typeof accuracy === 'number' ? `${place}${t('location.accuracy', { n: String(Math.round(accuracy)) })}` : place;
}
