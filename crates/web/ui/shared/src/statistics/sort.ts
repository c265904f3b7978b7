import type { Row } from '../api/types.ts';

export type SortColumn = 'expected' | 'reported' | 'unreported' | 'normal' | 'abnormal' | 'late' | 'rate';
export type Sorting = { column: SortColumn; descending: boolean };

/** The rows in another order; equal ones stay as they came, and so do all without a sorting. */
export function sortRows(rows: readonly Row[], sorting: Sorting | null): readonly Row[] {
  if (!sorting) return rows;
  const sign = sorting.descending ? -1 : 1;
  return [...rows].sort((one, other) => sign * (value(one, sorting.column) - value(other, sorting.column)));
}

function value(row: Row, column: SortColumn): number {
  if (column !== 'rate') return row[column];
  return row.expected > 0 ? row.reported / row.expected : 1;
}
