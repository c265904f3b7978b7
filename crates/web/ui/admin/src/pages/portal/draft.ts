import type { components, operations } from '#shared/api/schema.d.ts';

export type Entry = components['schemas']['PortalEntry'];
export type Draft = components['schemas']['PortalDraft'];
/** Behind which number of the comparison somebody is. */
export type Which = NonNullable<NonNullable<operations['portal_people']['parameters']['query']>['state']>;

/** What the editor holds: fields are texts, and a whole school is no departments. */
export type Entered = {
  title: string;
  note: string;
  icon: Entry['icon'];
  address: string;
  kinds: Entry['kinds'];
  parts: boolean;
  departments: readonly number[];
  form: string;
  from: string;
  last: string;
};

/** What the editor begins with. */
export function enteredOf(entry: Entry | null, today: string): Entered {
  return {
    title: entry?.title ?? '',
    note: entry?.note ?? '',
    icon: entry?.icon ?? 'link',
    address: entry?.address ?? 'https://',
    kinds: entry ? [...entry.kinds] : ['student', 'staff'],
    parts: Boolean(entry?.departments),
    departments: entry?.departments?.map(({ id }) => id) ?? [],
    form: entry?.form ?? '',
    from: entry?.from ?? today,
    last: entry?.last ?? '',
  };
}

/** … as the API takes it. */
export function draftOf(entered: Entered): Draft {
  return {
    title: entered.title.trim(),
    note: entered.note.trim(),
    icon: entered.icon,
    address: entered.address.trim(),
    kinds: [...entered.kinds],
    departments: entered.parts ? [...entered.departments] : null,
    form: entered.form === '' ? null : entered.form,
    from: entered.from,
    last: entered.last === '' ? null : entered.last,
  };
}

/** Whether there is enough to be saved. */
export function isComplete(entered: Entered): boolean {
  const { title, address, kinds, parts, departments, from, last } = entered;
  return (
    title.trim() !== '' && address.trim().length > 'https://'.length && kinds.length > 0 && (!parts || departments.length > 0) && from !== '' && (last === '' || last >= from)
  );
}

/** The ids in another order: one of them a place up or down; unchanged at the ends. */
export function movedId(ids: readonly number[], id: number, by: -1 | 1): number[] {
  const from = ids.indexOf(id);
  const to = from + by;
  if (from < 0 || to < 0 || to >= ids.length) return [...ids];
  const others = ids.filter((one) => one !== id);
  return [...others.slice(0, to), id, ...others.slice(to)];
}
