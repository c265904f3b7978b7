import type { Bulletin } from '../api/types.ts';
import { count, type Format } from '../format/index.ts';
import type { Say } from '../i18n/index.ts';
import type { zh } from '../i18n/zh.ts';
import type { Picture } from './picture.ts';

const COLUMNS = ['expected', 'reported', 'unreported', 'normal', 'abnormal'] as const;

/** The table of a bulletin as a picture: what it says, up to when, and by which cut-off. */
export function bulletinPicture({ title, sentence, table }: Bulletin, t: Say<keyof typeof zh>, format: Format): Picture {
  const cells = (row: Bulletin['table']['total']) => [...COLUMNS.map((column) => count(row[column])), format.rate(row.reported, row.expected) ?? t('app.none')];
  const unit = (row: Bulletin['table']['total']) => row.department?.name ?? t('app.none');
  return {
    title,
    notes: [sentence, t('rate.so_far', { time: format.moment(table.as_of, table.day), cutoff: format.until(table.cutoff, table.day) })],
    head: [t(`level.${table.by}`), ...COLUMNS.map((column) => t(`state.${column}`)), t('rate.title')],
    rows: table.rows.map((row) => [unit(row), ...cells(row)]),
    foot: [t('views.total'), ...cells(table.total)],
  };
}
