import type { Me } from '#shared/api/types.ts';

/** The entries of the main menu a person may use, in order; the first is where they land. */
export function menuOf(may: Me['may']) {
  const all = [
    { name: 'statistics', icon: 'statistics', shown: may.see_statistics },
    { name: 'unreported', icon: 'unreported', shown: may.see_unreported },
    { name: 'reminder-rules', icon: 'bell', shown: may.administer || may.remind },
    { name: 'exemptions', icon: 'today', shown: may.exempt || may.administer },
    { name: 'statuses', icon: 'roster', shown: may.change_status },
    { name: 'registration', icon: 'me', shown: may.see_statistics },
    { name: 'roster', icon: 'roster', shown: may.administer },
    { name: 'accounts', icon: 'me', shown: may.administer },
    { name: 'write-back', icon: 'right', shown: may.administer },
    { name: 'sync-runs', icon: 'sync', shown: may.administer },
  ] as const;
  return all.filter((entry) => entry.shown);
}
