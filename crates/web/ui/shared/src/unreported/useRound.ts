import { computed } from 'vue';
import { answer, type Api } from '../api/client.ts';
import type { ReminderState } from '../api/types.ts';
import { usePages } from '../composables/usePages.ts';
import { usePolling } from '../composables/usePolling.ts';

/** The states in the order they are shown: what is under way, what went well, what needs a hand. */
export const REMINDER_STATES: readonly ReminderState[] = [
  'waiting',
  'frozen',
  'sent',
  'skipped',
  'unreachable',
  'invalid',
  'out_of_range',
  'unlicensed',
  'failed',
  'limited',
  'expired',
  'unknown',
  'recalled',
];

/** How a state is to be read at a glance. */
export function reminderTone(state: ReminderState): 'working' | 'good' | 'poor' {
  if (state === 'waiting' || state === 'frozen') return 'working';
  return state === 'sent' || state === 'skipped' ? 'good' : 'poor';
}

/** One round of reminders and what became of each; asks again until nothing is under way. */
export function useRound(api: Api, round: () => number) {
  const list = usePages((cursor, signal) =>
    answer(api.GET('/api/v1/reminders/{round}', { params: { path: { round: round() }, query: { cursor, limit: 200 } }, signal })),
  );
  const counts = computed(() =>
    REMINDER_STATES.map((state) => ({ state, count: list.last.value?.counts[state] ?? 0 })).filter(({ count }) => count > 0),
  );
  const planned = computed(() => counts.value.reduce((sum, { count }) => sum + count, 0));
  const working = computed(() => counts.value.some(({ state }) => reminderTone(state) === 'working'));
  usePolling(list.reload, { every: 2000, while: () => working.value || list.last.value === null });
  return { ...list, counts, planned, working };
}
