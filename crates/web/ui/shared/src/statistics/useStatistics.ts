import { computed, watch } from 'vue';
import { useRoute } from 'vue-router';
import { answer, type Api } from '../api/client.ts';
import type { Department, Level, Me } from '../api/types.ts';
import { useLoad } from '../composables/useLoad.ts';
import { usePolling } from '../composables/usePolling.ts';
import { asDay, asDepartment, asLevel, asSlot, levelBelow, startLevel, trailOf, type Trail } from './levels.ts';

type UseStatisticsOptions = { api: Api; me: () => Me; form: () => string };

/** One step on the way down, ready for a router link. */
export type Step = { query: Record<string, string | undefined>; state: { trail: Trail } };

/** The school table where the address says: a day, a part of the school, rows of a level. Today's is live. */
export function useStatistics({ api, me, form }: UseStatisticsOptions) {
  const route = useRoute();
  const day = computed(() => asDay(route.query.day) ?? me().today);
  const department = computed(() => asDepartment(route.query.department));
  const by = computed<Level>(() => asLevel(route.query.by) ?? (department.value === undefined ? startLevel(me()) : 'class'));
  const slot = computed(() => asSlot(route.query.slot));
  const trail = computed(() => {
    // The history entry changes with the address, which is what this follows.
    void route.fullPath;
    return trailOf(history.state, department.value);
  });

  const load = useLoad((signal) =>
    answer(
      api.GET('/api/v1/statistics/{form}', {
        params: { path: { form: form() }, query: { day: day.value, slot: slot.value, by: by.value, department: department.value } },
        signal,
      }),
    ),
  );
  watch([day, slot, department, by, form], () => void load.restart());
  usePolling(load.reload, { every: 15_000, while: () => day.value === me().today && load.problem.value?.kind !== 'refused' });

  const dayQuery = (of: string) => (of === me().today ? undefined : of);

  /** What stays the same on the way down and up: the slot, and how it is looked at. */
  function kept(): Record<string, string | undefined> {
    const { slot: slotQuery, view } = stringQuery(route.query);
    return { slot: slotQuery, view };
  }

  /** Into a row: the next level of it. Null where only its people are below. */
  function into(row: Department): Step | null {
    const below = levelBelow(by.value);
    if (!below) return null;
    return {
      query: { ...kept(), day: dayQuery(day.value), department: String(row.id), by: below },
      state: { trail: [...trail.value, { id: row.id, name: row.name }] },
    };
  }

  /** Back up to a step of the trail; -1 is the top. */
  function upTo(index: number): Step {
    const steps = trail.value.slice(0, index + 1);
    const [last] = steps.slice(-1);
    let level: Level | null = startLevel(me());
    for (let depth = 0; depth < steps.length && level; depth++) level = levelBelow(level);
    return {
      query: { ...kept(), day: dayQuery(day.value), department: last ? String(last.id) : undefined, by: last ? (level ?? 'class') : undefined },
      state: { trail: steps },
    };
  }

  /** The same place on another day. */
  function on(other: string): Step {
    return { query: { ...stringQuery(route.query), day: dayQuery(other) }, state: { trail: trail.value } };
  }

  /** The same place, otherwise grouped, of another slot, or looked at in another way. */
  function changed(change: { by?: Level; slot?: string; view?: string }): Step {
    return { query: { ...stringQuery(route.query), people: undefined, of: undefined, ...change }, state: { trail: trail.value } };
  }

  return { ...load, day, slot, department, by, trail, into, upTo, on, changed };
}

function stringQuery(query: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(Object.entries(query).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}
