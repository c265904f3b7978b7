import type { components } from '#shared/api/schema.d.ts';

export type Building = components['schemas']['ResidenceBuilding'];
export type Bed = components['schemas']['ResidenceBed'];
export type Occupant = NonNullable<Bed['occupant']>;

/** Somebody a bed is looked for. */
export type Placing = { number: string; name: string };

/** A bed with the room it is in, as people say it. */
export type Place = { bed: Bed; title: string };

/** A building with its campus, where there is one. */
export function buildingTitle(building: { campus: string; building: string }): string {
  return building.campus ? `${building.campus} ${building.building}` : building.building;
}

/** A share as a percentage: down, never up to a hundred that is not reached. */
export function share(part: number, whole: number): string | null {
  return whole === 0 ? null : `${Math.floor((part * 1000) / whole) / 10}%`;
}
