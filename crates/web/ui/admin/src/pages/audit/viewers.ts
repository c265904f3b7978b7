import type { components } from '#shared/api/schema.d.ts';

type Viewer = components['schemas']['AuditViewer'];

/** A cell of a CSV: quoted, and never a formula for whatever opens it. */
export function cell(text: string): string {
  const plain = /^[\s]*[=+\-@＝＋－＠]/.test(text) ? `'${text}` : text;
  return `"${plain.replace(/"/g, '""')}"`;
}

/** Who saw some people, as a file that a spreadsheet opens: with a mark that says it is UTF-8. */
export function csvOf(titles: readonly string[], viewers: readonly Viewer[], fieldsOf: (viewer: Viewer) => string, moment: (at: string) => string): string {
  const rows = viewers.map((one) => [one.number ?? '', one.name ?? '', String(one.people), String(one.looks), fieldsOf(one), moment(one.first_at), moment(one.last_at)]);
  return `\ufeff${[titles, ...rows].map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`;
}
