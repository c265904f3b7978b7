import { computed, reactive, shallowRef, watch, type MaybeRefOrGetter, toValue } from 'vue';
import { answer, type Api } from '../api/client.ts';
import type { UnreportedRow } from '../api/types.ts';
import { usePages } from '../composables/usePages.ts';
import { usePolling } from '../composables/usePolling.ts';

type UseUnreportedOptions = {
  api: Api;
  form: MaybeRefOrGetter<string>;
  /** Only people of this department; absent: of everything I may see. */
  department?: MaybeRefOrGetter<number | undefined>;
  /** Only those of whom is known why they have not reported, or only the others; undefined: all. */
  followedUp?: MaybeRefOrGetter<boolean | undefined>;
  /** Told how many of those shown have reported since the list was last fetched. */
  reported?: (people: number) => void;
};

/** Rows a page; also what one refresh costs. */
const PAGE = 200;
const EVERY = 15_000;

/** The live list of those who have not reported, with a choice of some of them or all. */
export function useUnreported({ api, form, department, followedUp, reported }: UseUnreportedOptions) {
  const list = usePages((cursor, signal) =>
    answer(
      api.GET('/api/v1/unreported/{form}', {
        params: { path: { form: toValue(form) }, query: { department: toValue(department), followed_up: toValue(followedUp), cursor, limit: PAGE } },
        signal,
      }),
    ),
  );
  const chosen = reactive(new Set<number>());
  /** Everybody, also those on pages not fetched yet and those who come while the page is open. */
  const everybody = shallowRef(false);

  // A refusal stays one, however often it is asked.
  usePolling(list.reload, { every: EVERY, while: () => list.problem.value?.kind !== 'refused' });
  watch([() => toValue(form), () => toValue(department)], () => {
    clear();
    void list.restart();
  });

  // Who is shown changes; who was chosen out of them does not stay.
  watch(
    () => toValue(followedUp),
    () => {
      clear();
      void list.restart();
    },
  );

  watch(list.items, (now, before) => {
    const present = new Set(now.map((person) => person.id));
    const gone = before.filter((person) => !present.has(person.id));
    for (const person of gone) chosen.delete(person.id);
    if (gone.length > 0 && present.size > 0) reported?.(gone.length);
  });

  const total = computed(() => list.last.value?.total ?? 0);
  const chosenCount = computed(() => (everybody.value ? total.value : chosen.size));

  function isChosen(id: number): boolean {
    return everybody.value || chosen.has(id);
  }

  function choose(people: readonly UnreportedRow[], on: boolean) {
    if (everybody.value) {
      // Out of everybody, all that are shown remain, one by one.
      everybody.value = false;
      for (const person of list.items.value) chosen.add(person.id);
    }
    for (const person of people) {
      if (on) chosen.add(person.id);
      else chosen.delete(person.id);
    }
  }

  function chooseEverybody(on: boolean) {
    chosen.clear();
    everybody.value = on;
  }

  function clear() {
    chooseEverybody(false);
  }

  /** Of those chosen and shown, how many no message can reach. */
  const unreachable = computed(() => list.items.value.filter((person) => isChosen(person.id) && !person.reachable).length);

  /** Reminds those chosen, in the usual words or in these; gives the round in which the results appear. */
  function remind(key: string, words = '') {
    const said = words.trim() === '' ? {} : { words: words.trim() };
    const body = everybody.value
      ? { form: toValue(form), department: toValue(department), ...said }
      : { form: toValue(form), people: [...chosen], ...said };
    return answer(api.POST('/api/v1/reminders', { params: { header: { 'Idempotency-Key': key } }, body }));
  }

  return { ...list, total, chosenCount, everybody, unreachable, isChosen, choose, chooseEverybody, clear, remind };
}
