import type { components } from '#shared/api/schema.d.ts';
import { rate } from '#shared/format/index.ts';

export type Platform = components['schemas']['Platform'];
export type Metric = Platform['metrics'][number];
export type Part = Metric['parts'][number];
export type Reading = Part['now'];

/** The headings of the page, in its order. */
export const GROUPS = ['registration', 'activity', 'own', 'meetings', 'living', 'drive', 'contacts', 'logs'] as const;
export type Group = (typeof GROUPS)[number];

/** A figure as people write it: a whole number, or what GB and yuan have behind the point. */
export function written(value: number): string {
  const [whole = '0', rest] = String(Math.round(value * 100) / 100).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return rest ? `${grouped}.${rest}` : grouped;
}

/** The days of a part that have the most and the least; null where there is nothing to choose from. */
export function extremes(part: Part): { most: Part['days'][number]; least: Part['days'][number] } | null {
  const [first, ...others] = part.days;
  if (!first || others.length === 0) return null;
  let [most, least] = [first, first];
  for (const day of others) {
    if (day.value > most.value) most = day;
    if (day.value < least.value) least = day;
  }
  return { most, least };
}

/** A line or bars of a chart. */
export type Series = { name: string; kind: 'line' | 'bar'; second?: boolean; values: (number | null)[] };
/** A chart: days, and what there was on each. */
export type Chart = { title: string; days: string[]; series: Series[]; percent?: boolean };
/** A value of each day; nothing where nothing is known. */
function along(days: string[], part: Part | undefined): (number | null)[] {
  const known = new Map(part?.days.map(({ day, value }) => [day, value]));
  return days.map((day) => known.get(day) ?? null);
}

/** What a chart is of: metrics whose whole is drawn, each as a line or as bars. */
const DRAWN: Partial<Record<Group, { metric: string; kind: 'line' | 'bar'; second?: boolean }[][]>> = {
  activity: [[{ metric: 'active_members', kind: 'line' }]],
  own: [[{ metric: 'visitors', kind: 'line' }]],
  meetings: [[{ metric: 'meetings_started', kind: 'bar' }, { metric: 'meeting_attendees', kind: 'line', second: true }]],
  living: [[{ metric: 'livings_held', kind: 'bar' }, { metric: 'living_viewers', kind: 'line', second: true }]],
  drive: [[{ metric: 'drive_uses', kind: 'line' }]],
  contacts: [[{ metric: 'contacts_added', kind: 'bar' }, { metric: 'contacts_removed', kind: 'bar' }]],
  logs: [[{ metric: 'member_operations', kind: 'bar' }, { metric: 'admin_operations', kind: 'bar' }]],
};

/** The curves of a group: only of what has several days, since one point is no curve. */
export function chartsOf(group: Group, metrics: Metric[], titleOf: (metric: string) => string, rateTitle: string): Chart[] {
  const find = (metric: string) => metrics.find((one) => one.metric === metric);
  const charts: Chart[] = [];
  for (const drawn of DRAWN[group] ?? []) {
    const parts = drawn.map((one) => ({ ...one, part: find(one.metric)?.parts.find(({ part }) => part === '') }));
    const days = daysOf(parts.map(({ part }) => part));
    const series = parts.filter(({ part }) => part?.days.some(({ value }) => value > 0));
    if (days.length < 2 || series.length === 0) continue;
    charts.push({
      title: series.map(({ metric }) => titleOf(metric)).join('、'),
      days,
      series: series.map(({ metric, kind, second, part }) => ({ name: titleOf(metric), kind, second: second === true, values: along(days, part) })),
    });
  }
  const rates = group === 'own' ? rateChart(find('reports_expected'), find('reports_received'), rateTitle) : null;
  return rates ? [...charts, rates] : charts;
}

/** How many of those expected reported, form by form, in per cent. */
function rateChart(expected: Metric | undefined, received: Metric | undefined, title: string): Chart | null {
  const forms = expected?.parts ?? [];
  const days = daysOf(forms);
  if (days.length < 2) return null;
  const series = forms.map((form): Series => {
    const due = along(days, form);
    const got = along(days, received?.parts.find(({ part }) => part === form.part));
    const values = due.map((whole, place) => {
      const shown = whole === null ? null : rate(got[place] ?? 0, whole);
      return shown === null ? null : Number(shown.slice(0, -1));
    });
    return { name: form.title ?? form.part, kind: 'line', values };
  });
  return { title, days, series, percent: true };
}

function daysOf(parts: (Part | undefined)[]): string[] {
  return [...new Set(parts.flatMap((part) => part?.days.map(({ day }) => day) ?? []))].sort();
}
