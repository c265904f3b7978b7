/** Passages by gate and hour, as a table: hours without a scan are in it too. */
import type { components } from '#shared/api/schema.d.ts';

type Hour = components['schemas']['PassageHour'];
export type Cell = { entered: number; left: number; refused: number };
export type HourTable = {
  /** From the first hour with a scan to the last. */
  hours: number[];
  /** Each gate with a cell for each of these hours, and its sum. */
  gates: { id: number; name: string; cells: Cell[]; sum: Cell }[];
  /** All gates together, by hour. */
  sums: Cell[];
  /** … of the day. */
  sum: Cell;
};

const nothing = (): Cell => ({ entered: 0, left: 0, refused: 0 });
const add = (one: Cell, other: Cell): Cell => ({ entered: one.entered + other.entered, left: one.left + other.left, refused: one.refused + other.refused });

export function tabulate(rows: readonly Hour[]): HourTable {
  const seen = rows.map(({ hour }) => hour);
  const [first, last] = [Math.min(...seen), Math.max(...seen)];
  const hours = rows.length === 0 ? [] : Array.from({ length: last - first + 1 }, (_, nth) => first + nth);
  const ids = [...new Set(rows.map(({ gate }) => gate))];
  const gates = ids.map((id) => {
    const own = rows.filter(({ gate }) => gate === id);
    const cells = hours.map((hour) => own.filter((row) => row.hour === hour).reduce(add, nothing()));
    return { id, name: own[0]?.gate_name ?? '', cells, sum: cells.reduce(add, nothing()) };
  });
  const sums = hours.map((_, place) => gates.map(({ cells }) => cells[place] ?? nothing()).reduce(add, nothing()));
  return { hours, gates, sums, sum: sums.reduce(add, nothing()) };
}
