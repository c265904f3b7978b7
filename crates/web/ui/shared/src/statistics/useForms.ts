import { computed, watch } from 'vue';
import { answer, type Api } from '../api/client.ts';
import type { FiguredForm } from '../api/types.ts';
import { useLoad } from '../composables/useLoad.ts';
import { browserNotes, type Notes } from '../storage.ts';

/** The school's daily form: shown until the list of forms is there, and if nothing was chosen before. */
const FIRST = 'health-daily';
const PLACE = 'rollcall.form';

type UseFormsOptions = {
  api: Api;
  /** The form the address names, if it does. */
  named: () => string | undefined;
  /** Which forms there are to choose from. */
  offered?: (form: FiguredForm) => boolean;
  notes?: Notes;
};

/** The forms with figures, and which of them is looked at: the address says, or the last choice, or the first there is. */
export function useForms({ api, named, offered = () => true, notes = browserNotes }: UseFormsOptions) {
  const { data, problem, reload } = useLoad((signal) => answer(api.GET('/api/v1/statistics', { signal })));
  const forms = computed(() => data.value?.items.filter(offered) ?? []);
  const remembered = notes.read(PLACE);
  const last = typeof remembered === 'string' ? remembered : FIRST;

  const code = computed(() => {
    const wanted = named() ?? last;
    // Until the list is there, and for a form that the address names, nobody contradicts.
    if (!data.value || named() !== undefined || forms.value.some((form) => form.code === wanted)) return wanted;
    return forms.value[0]?.code ?? wanted;
  });
  const form = computed(() => data.value?.items.find((one) => one.code === code.value) ?? null);

  watch(named, (chosen) => chosen !== undefined && notes.write(PLACE, chosen), { immediate: true });

  return { forms, form, code, problem, reload };
}
