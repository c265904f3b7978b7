import { onScopeDispose, shallowRef } from 'vue';
import { answer, type Api } from '../api/client.ts';
import { asProblem, type Problem } from '../api/problem.ts';

const ofPerson = (api: Api) => (person: number) =>
  answer(
    api.POST('/api/v1/people/{id}/phone', {
      params: { path: { id: person } },
      body: { purpose: 'call' },
    }),
  );

/**
 * A phone number, fetched only when asked for (the server records the look) and forgotten after the
 * seconds the server allows. `ask` is for phones that are not of somebody on the roster.
 */
export function usePhone(api: Api, ask: (id: number) => Promise<{ phone: string; shown_for_seconds: number }> = ofPerson(api)) {
  const phone = shallowRef<string | null>(null);
  const secondsLeft = shallowRef(0);
  const problem = shallowRef<Problem | null>(null);
  const busy = shallowRef(false);
  let timer: ReturnType<typeof setInterval> | undefined;
  let asked = 0;

  function hide() {
    asked++;
    clearInterval(timer);
    phone.value = null;
    secondsLeft.value = 0;
    problem.value = null;
    busy.value = false;
  }

  async function show(person: number): Promise<void> {
    hide();
    const mine = asked;
    busy.value = true;
    try {
      const shown = await ask(person);
      if (mine !== asked) return;
      phone.value = shown.phone;
      secondsLeft.value = shown.shown_for_seconds;
      timer = setInterval(() => {
        secondsLeft.value--;
        if (secondsLeft.value <= 0) hide();
      }, 1000);
    } catch (error) {
      if (mine === asked) problem.value = asProblem(error);
    } finally {
      if (mine === asked) busy.value = false;
    }
  }

  onScopeDispose(hide);
  return { phone, secondsLeft, problem, busy, show, hide };
}
