import type { components } from '#shared/api/schema.d.ts';
import { NO_FILTERS } from '#shared/exports/sheets.ts';

/** A definition with every filter there, picking or not. */
export type Definition = Required<components['schemas']['ExportDefinition']>;
export type Dataset = components['schemas']['ExportDataset'];
export type Template = components['schemas']['ExportTemplate'];

/** Columns of a sheet at most, as the server has it. */
export const MAX_COLUMNS = 40;

/** A definition of one's own, to be changed without changing the template it came from. */
export function copyOf(definition: components['schemas']['ExportDefinition']): Definition {
  return structuredClone({
    dataset: definition.dataset,
    columns: definition.columns.map((column) => ({ ...column })),
    order: definition.order,
    filters: { ...NO_FILTERS, ...definition.filters },
  });
}

/** Where there is no dataset at all. */
export const NO_DATASET: Dataset = { name: 'people', exportable: false, columns: [], orders: [], filters: [] };

/** What an empty sheet of a dataset begins with. */
export function emptyOf(dataset: Dataset): Definition {
  return { dataset: dataset.name, columns: dataset.columns.slice(0, 3).map((column) => ({ ...column })), order: dataset.orders[0] ?? 'number', filters: { ...NO_FILTERS } };
}

/** A column as the sheet has it. */
export type Column = Definition['columns'][number];

/** Columns that are days, or begin with one. */
export const DAYS: readonly string[] = ['since', 'until', 'from', 'last', 'day', 'revised_at', 'answer'];
/** How days can be written, as the server has it. */
export const DATE_STYLES = ['dashes', 'slashes', 'digits', 'chinese'] as const;

/** Code words as lines: what a cell says, an equals sign, what is written for it. */
export function linesOf(words: Column['words']): string {
  return (words ?? []).map(({ says, writes }) => `${says}=${writes}`).join('\n');
}

/** … and back. A line without an equals sign is none yet. */
export function wordsOf(lines: string): NonNullable<Column['words']> {
  return lines.split('\n').flatMap((line) => {
    const at = line.indexOf('=');
    return at < 0 ? [] : [{ says: line.slice(0, at).trim(), writes: line.slice(at + 1).trim() }];
  });
}

/** The same columns with one moved a place up or down; unchanged at the ends. */
export function moved<T>(list: readonly T[], from: number, by: -1 | 1): T[] {
  const to = from + by;
  const copy = [...list];
  const [taken] = copy.slice(from, from + 1);
  if (to < 0 || to >= copy.length || taken === undefined) return copy;
  copy.splice(from, 1);
  copy.splice(to, 0, taken);
  return copy;
}

/** A heading that is not taken yet: "备注", then "备注 2". */
export function freeTitle(title: string, taken: readonly string[]): string {
  let free = title;
  for (let n = 2; taken.includes(free); n++) free = `${title} ${n}`;
  return free;
}
