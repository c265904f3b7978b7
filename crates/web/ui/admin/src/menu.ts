import type { Me } from '#shared/api/types.ts';
import type { IconName } from '#shared/components/UiIcon.vue';

type May = Me['may'];

/** The main menu: what is looked at every day, the gates, what asks and tells people, the people of the school, WeCom's directory with its rosters, and what keeps it running. */
const GROUPS = {
  daily: {
    statistics: ['statistics', (may) => may.see_statistics],
    unreported: ['unreported', (may) => may.see_unreported],
    reviews: ['review', (may) => may.review],
    'sign-offs': ['sign', (may) => may.see_statistics],
    exemptions: ['exemption', (may) => may.exempt || may.administer],
    trips: ['trips', (may) => may.see_people],
    movements: ['movements', (may) => may.see_statistics],
  },
  gate: {
    'passages-live': ['inside', (may) => may.see_passage_figures],
    'passage-table': ['tally', (may) => may.see_passage_figures],
    passages: ['passages', (may) => may.see_passages],
    outside: ['absent', (may) => may.see_passages],
    visitors: ['people', (may) => may.manage_visitors],
    'gate-alarms': ['alert', (may) => may.handle_gate_alarms],
    'gate-permits': ['permit', (may) => may.manage_permits],
    gates: ['gates', (may) => may.manage_gates],
    'gate-keys': ['shield', (may) => may.kill_gate_keys],
  },
  notices: {
    campaigns: ['form', (may) => may.design_forms],
    'reminder-rules': ['bell', (may) => may.administer || may.remind],
    'digest-rules': ['digest', (may) => may.administer],
    announcements: ['announcement', (may) => may.announce],
    portal: ['portal', (may) => may.manage_portal || may.see_statistics],
    'school-days': ['calendar', (may) => may.administer || may.remind],
  },
  people: {
    statuses: ['status', (may) => may.see_status],
    corrections: ['correction', (may) => may.correct],
    'class-counsellors': ['class', (may) => may.see_classes],
    registration: ['activated', (may) => may.see_statistics],
    residences: ['residences', (may) => may.see_statistics],
    photos: ['photos', (may) => may.administer || may.see_people],
    exports: ['download', (may) => may.export || may.audit],
  },
  directory: {
    roster: ['roster', (may) => may.administer],
    'sync-runs': ['sync', (may) => may.administer],
    kinds: ['rules', (may) => may.administer],
    accounts: ['link', (may) => may.administer],
    'write-back': ['upload', (may) => may.administer],
  },
  system: {
    grants: ['key', (may) => may.give_grants || may.audit],
    audit: ['audit', (may) => may.audit],
    'reading-alarms': ['eye', (may) => may.audit],
    retention: ['clock', (may) => may.see_retention],
    platform: ['platform', (may) => may.see_platform],
    operations: ['operations', (may) => may.administer],
    outages: ['outage', (may) => may.administer],
    'privacy-notices': ['book', (may) => may.administer],
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

/** How many entries are looked over at a glance; of a longer menu only what is done every day and where one is stand open. */
const GLANCE = 15;

/** Whether a group stands open by itself. */
export function standsOpen(menu: ReturnType<typeof menuOf>, group: MenuGroup, here: MenuName | undefined): boolean {
  const many = menu.reduce((sum, { entries }) => sum + entries.length, 0) > GLANCE;
  const inside = menu.some((one) => one.group === group && one.entries.some(({ name }) => name === here));
  return !many || inside || menu[0]?.group === group;
}
