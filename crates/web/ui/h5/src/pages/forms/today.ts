import { answer } from '#shared/api/client.ts';
import type { FormToday } from '#shared/api/types.ts';
import { api } from '../../api.ts';

let early: Promise<FormToday[]> | null = null;

async function fetchForms(signal?: AbortSignal): Promise<FormToday[]> {
  return (await answer(api.GET('/api/v1/forms', { signal }))).items;
}

/**
 * Asks for today's forms before the page is there, beside the question who one is: on a slow network
 * that saves the way there and back on the page everybody opens every morning.
 */
export function askForTodayEarly(): void {
  early = fetchForms();
  // Whoever takes it up meets the failure; nobody does when another page opens.
  early.catch(() => undefined);
}

/** Today's forms: what was asked early, once, and afterwards what is so now. */
export function todaysForms(signal: AbortSignal): Promise<FormToday[]> {
  const asked = early;
  early = null;
  return asked ?? fetchForms(signal);
}
