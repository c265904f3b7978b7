import type { components } from '../api/schema.d.ts';
import type { IconName } from '../components/UiIcon.vue';

export type PortalIcon = components['schemas']['PortalIcon'];

/** The drawn sign of each icon an entry can have, in the order they are offered. */
export const PORTAL_ICONS: Record<PortalIcon, IconName> = {
  link: 'link',
  report: 'form',
  library: 'book',
  health: 'heart',
  card: 'card',
  timetable: 'calendar',
  payment: 'coin',
  repair: 'wrench',
};
