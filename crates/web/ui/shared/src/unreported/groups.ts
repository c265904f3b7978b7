import type { UnreportedRow } from '../api/types.ts';

export type ClassGroup = { id: number | null; name: string | null; people: UnreportedRow[] };

/** Whether a person is meant by what was typed: part of the name, or of the number. */
export function matches(person: Pick<UnreportedRow, 'name' | 'number'>, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  return wanted === '' || person.name.toLowerCase().includes(wanted) || person.number.toLowerCase().includes(wanted);
}

/** People by class, in the order they come; those without a class last. */
export function byClass(people: readonly UnreportedRow[]): ClassGroup[] {
  const groups = new Map<number | null, ClassGroup>();
  for (const person of people) {
    const id = person.class?.id ?? null;
    const group = groups.get(id) ?? { id, name: person.class?.name ?? null, people: [] };
    group.people.push(person);
    groups.set(id, group);
  }
  const all = [...groups.values()];
  return [...all.filter((group) => group.id !== null), ...all.filter((group) => group.id === null)];
}
