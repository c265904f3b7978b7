import type { RouteLocationRaw } from 'vue-router';
import type { Receipt } from '#shared/api/types.ts';

/** The form as it is opened to change this report; null where it stands. */
export function wayToChange(report: Receipt & { is_event: boolean; changeable: boolean }): RouteLocationRaw | null {
  if (!report.changeable) return null;
  return report.is_event ? wayToReport(report) : wayToTurn(report);
}

/** Of a form answered by event: this report of mine. */
export function wayToReport({ form, receipt }: Receipt): RouteLocationRaw {
  return { name: 'form', params: { form }, query: { receipt } };
}

/** Of a form asked by day: this turn. */
export function wayToTurn({ form, day, slot }: { form: string; day?: string | null; slot: number }): RouteLocationRaw {
  return { name: 'form', params: { form }, query: day ? { day, slot: String(slot) } : {} };
}
