import { onScopeDispose, shallowRef, watch } from 'vue';
import { asProblem } from '#shared/api/problem.ts';
import { batchOf, current, isShort, type Batch, type Shown } from '#shared/gate/batch.ts';
import { fetchRecent, fetchShown, type Recent } from './api.ts';
import type { Direction } from './decide/decide.ts';
import type { Device } from './keep/shelf.ts';

/** Milliseconds between two looks at who scanned it. */
const LOOK = 1_000;
/** Scans of one answer at most, as the server has it. */
const MOST = 20;
/** Milliseconds a decision is seen before the next takes its place. */
const SEEN = 1_500;

/** The code this gate shows, and who scanned it. Ends with the scope. */
export function useShown(device: Device, direction: () => Direction, passed: (one: Recent) => Promise<void>) {
  const batch = shallowRef<Batch | null>(null);
  const shown = shallowRef<Shown | null>(null);
  /** The server does not answer: what could not be checked is not shown. */
  const cut = shallowRef(false);
  let last = 0;
  /** What happened before this screen was there is not shown on it: one answer may not hold all of that. */
  let live = false;
  let ended = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const drawing = setInterval(draw, 100);
  const pause = (time: number) => new Promise<void>((resolve) => setTimeout(resolve, time));

  function draw() {
    shown.value = batch.value && current(batch.value, Date.now());
  }

  async function renew() {
    const [way, asked] = [direction(), Date.now()];
    const { now, codes } = await fetchShown(device, way);
    // Turned round meanwhile.
    if (way !== direction()) return;
    batch.value = batchOf({ now, codes: codes.map(({ from, path }) => ({ from, code: location.origin + path })) }, asked, Date.now());
    draw();
  }

  async function look() {
    try {
      if (isShort(batch.value, Date.now())) await renew();
      const recent = await fetchRecent(device, last);
      const fresh = live ? recent : [];
      live ||= recent.length < MOST;
      last = recent.reduce((most, { id }) => Math.max(most, id), last);
      cut.value = false;
      for (const one of fresh) {
        if (ended) return;
        await passed(one);
        await pause(SEEN);
      }
    } catch (error) {
      // Withdrawn: whoever looks for the guide says so.
      if (asProblem(error).status !== 401) cut.value = true;
    } finally {
      if (!ended) timer = setTimeout(() => void look(), LOOK);
    }
  }

  watch(direction, () => {
    batch.value = null;
    draw();
  });
  onScopeDispose(() => {
    ended = true;
    clearInterval(drawing);
    clearTimeout(timer);
  });
  void look();
  return { shown, cut };
}
