import type { Me } from '#shared/api/types.ts';
import type { IconName } from '#shared/components/UiIcon.vue';

type May = Me['may'];

/** The main menu: what is looked at every day, the people of the school, and WeCom's directory with its rosters. */
const GROUPS = {
  daily: {
    statistics: ['statistics', (may) => may.see_statistics],
    unreported: ['unreported', (may) => may.see_unreported],
    trips: ['link', (may) => may.see_people],
    movements: ['people', (may) => may.see_statistics],
    campaigns: ['form', (may) => may.design_forms],
    'reminder-rules': ['bell', (may) => may.administer || may.remind],
    'digest-rules': ['bell', (may) => may.administer],
    announcements: ['bell', (may) => may.announce],
    exemptions: ['today', (may) => may.exempt || may.administer],
    reviews: ['check', (may) => may.review],
    'sign-offs': ['statistics', (may) => may.see_statistics],
  },
  people: {
    statuses: ['people', (may) => may.see_status],
    corrections: ['check', (may) => may.correct],
    'class-counsellors': ['class', (may) => may.see_classes],
    registration: ['me', (may) => may.see_statistics],
    residences: ['residences', (may) => may.see_statistics],
    photos: ['photos', (may) => may.administer || may.see_people],
    exports: ['download', (may) => may.export || may.audit],
    grants: ['key', (may) => may.give_grants],
  },
  directory: {
    roster: ['roster', (may) => may.administer],
    'sync-runs': ['sync', (may) => may.administer],
    kinds: ['rules', (may) => may.administer],
    accounts: ['link', (may) => may.administer],
    'write-back': ['upload', (may) => may.administer],
  },
  system: {
    operations: ['statistics', (may) => may.administer],
    outages: ['clock', (may) => may.administer],
  },
} satisfies Record<string, Record<string, [IconName, (may: May) => boolean]>>;

export type MenuGroup = keyof typeof GROUPS;
/** An entry's name is also its route's. */
export type MenuName = { [Group in MenuGroup]: keyof (typeof GROUPS)[Group] }[MenuGroup];

/** What of the menu a person may use, in order; the first entry is where they land. */
export function menuOf(may: May) {
  return (Object.keys(GROUPS) as MenuGroup[])
    .map((group) => {
      const all = Object.entries(GROUPS[group]) as [MenuName, [IconName, (may: May) => boolean]][];
      return { group, entries: all.filter(([, [, shown]]) => shown(may)).map(([name, [icon]]) => ({ name, icon })) };
    })
    .filter(({ entries }) => entries.length > 0);
}
