import type { AnnouncementDraft } from '#shared/api/types.ts';

/** Whom somebody chose. */
export type Chosen = { departments: { id: number; name: string }[]; tags: number[]; numbers: string };

/** … as the API takes it, in an order that does not depend on that of choosing. */
export function audienceOf(chosen: Chosen): AnnouncementDraft['audience'] {
  const sorted = (ids: number[]) => [...ids].sort((one, other) => one - other);
  return { departments: sorted(chosen.departments.map(({ id }) => id)), tags: sorted(chosen.tags), numbers: chosen.numbers.trim() };
}
