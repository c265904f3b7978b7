import { t } from '../../locale/index.ts';
import type { Cadence, Campaign } from './document.ts';

const WEEKDAYS = ['campaigns.monday', 'campaigns.tuesday', 'campaigns.wednesday', 'campaigns.thursday', 'campaigns.friday', 'campaigns.saturday', 'campaigns.sunday'] as const;

/** 1 is Monday. */
export function weekday(number: number): string {
  return t(WEEKDAYS[number - 1] ?? 'campaigns.monday');
}

/** How often a form is answered, in a line. */
export function cadenceWords(cadence: Cadence): string {
  switch (cadence.kind) {
    case 'daily': {
      const [first, ...others] = cadence.slots;
      if (!first) return t('campaigns.daily');
      if (others.length === 0) return t('campaigns.daily_once', { opens: first.opens, closes: first.closes, cutoff: first.cutoff });
      return t('campaigns.daily_slots', { n: cadence.slots.length, slots: cadence.slots.map((slot) => slot.title ?? slot.opens).join(t('campaigns.and')) });
    }
    case 'weekly':
      return t('campaigns.weekly_words', {
        opens: `${weekday(cadence.opens.weekday)} ${cadence.opens.time}`,
        closes: `${weekday(cadence.closes.weekday)} ${cadence.closes.time}`,
        cutoff: `${weekday(cadence.cutoff.weekday)} ${cadence.cutoff.time}`,
      });
    case 'once':
      return t('campaigns.once');
    case 'event':
      return t('campaigns.event');
  }
}

/** Whose a form is. */
export const belongsTo = (campaign: Campaign) => campaign.department?.name ?? t('campaigns.whole_school');
