import type { components } from '#shared/api/schema.d.ts';
import type { t as translate } from '../../locale/index.ts';

type Change = Pick<components['schemas']['StatusChange'], 'kind' | 'place_before' | 'place' | 'number_before' | 'number_after' | 'stay_before' | 'stay_after'>;
type Stay = NonNullable<Change['stay_before']>;

/** What a change replaced and what it left, in a few words. */
export function said(change: Change, t: typeof translate): string {
  const none = t('app.none');
  const stay = (of: Stay) => `${of.from} – ${of.until ?? t('statuses.now')}`;
  if (change.kind === 'number') return `${change.number_before ?? none} → ${change.number_after ?? none}`;
  if (change.kind === 'stay' && change.stay_before && change.stay_after) return `${stay(change.stay_before)} → ${stay(change.stay_after)}`;
  if (change.kind === 'place' || change.place === change.place_before) return change.place ?? none;
  if (!change.place) return change.place_before ?? none;
  return `${change.place_before ?? none} → ${change.place}`;
}
