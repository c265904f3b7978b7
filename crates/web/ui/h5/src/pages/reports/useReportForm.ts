import { computed, reactive, shallowRef, watch } from 'vue';
import { answer, type Api } from '#shared/api/client.ts';
import { asProblem } from '#shared/api/problem.ts';
import type { Answers, Form, Receipt } from '#shared/api/types.ts';
import { answersToSend, changedFields, openingAnswers, stillCarried } from '#shared/forms/answers.ts';
import { askedFields } from '#shared/forms/conditions.ts';
import { createDraft } from '#shared/forms/draft.ts';
import { checkAnswer, checkAnswers, type Mistake } from '#shared/forms/validate.ts';
import type { Notes } from '#shared/storage.ts';
import { createSubmission, type SubmissionState } from '#shared/submission.ts';

type ReportFormOptions = {
  api: Api;
  notes: Notes;
  /** Whose report this is; a draft of somebody else is not shown. */
  owner: string;
  sentence: (mistake: Mistake) => string;
  /** Why somebody else answers; empty where nobody does. */
  reason?: () => string;
};

/** What goes out: the answers, those left as they were carried over, and why somebody else gives them. */
type Sent = { answers: Answers; carried: string[]; reason: string };

/** Everything the report form does, without its looks. */
export function useReportForm(form: Form, { api, notes, owner, sentence, reason = () => '' }: ReportFormOptions) {
  const draft = createDraft(notes, owner, form);
  const kept = draft.read();
  const answers = reactive<Answers>({ ...(kept?.answers ?? openingAnswers(form)) });
  const hasDraft = shallowRef(kept !== null);
  const outdated = shallowRef(kept?.outdated === true);
  /** Message by field: ours at first, the server's after it has answered. */
  const mistakes = reactive(new Map<string, string>());
  const state = shallowRef<SubmissionState>({ phase: 'idle' });
  let pending = kept?.pending ?? null;

  const submission = createSubmission<Sent, Receipt>({
    pending,
    remember(next) {
      pending = next;
      draft.write({ answers: { ...answers }, pending });
    },
    changed: (next) => (state.value = next),
    send: (sent, key) =>
      answer(
        api.POST('/api/v1/reports', {
          params: { header: { 'Idempotency-Key': key } },
          body: {
            form: form.code,
            version: form.version,
            // What happens at any time counts for no day: past midnight it is still the same.
            day: form.is_event ? undefined : form.day,
            slot: form.is_event ? undefined : form.slot,
            receipt: form.is_event ? form.receipt?.receipt : undefined,
            answers: sent.answers,
            carried: sent.carried,
            behalf: form.behalf ? { person: form.behalf.person, reason: sent.reason } : undefined,
          },
        }),
      ),
  });

  const asked = computed(() => askedFields(form.fields, answers));
  const carried = computed(() => stillCarried(form, answers));
  const busy = computed(() => state.value.phase === 'sending' || state.value.phase === 'waiting');

  // What the form opened with needs no keeping.
  watch(answers, () => {
    if (!pending && changedFields(openingAnswers(form), answers).size === 0) draft.drop();
    else draft.write({ answers: { ...answers }, pending });
  });

  function set(name: string, value: unknown) {
    answers[name] = value;
    const field = form.fields.find((one) => one.name === name);
    // A message goes as soon as its answer is right, but a new one comes only when asked for.
    if (field && mistakes.has(name) && !checkAnswer(field, value, { today: form.day, fields: form.fields, answers })) mistakes.delete(name);
  }

  /** Puts back what the form opened with. */
  function startOver() {
    for (const name of Object.keys(answers)) Reflect.deleteProperty(answers, name);
    Object.assign(answers, openingAnswers(form));
    mistakes.clear();
    state.value = { phase: 'idle' };
    hasDraft.value = false;
    outdated.value = false;
    pending = null;
    draft.drop();
  }

  /** The receipt; null where the answers need another look (see `mistakes`) or the sending failed (see `state`). */
  async function submit(): Promise<Receipt | null> {
    if (busy.value) return null;
    mistakes.clear();
    for (const [name, mistake] of checkAnswers(form.fields, answers, form.day)) mistakes.set(name, sentence(mistake));
    if (mistakes.size > 0) return null;
    const sent = answersToSend(form.fields, answers);
    try {
      const receipt = await submission.submit({
        answers: sent,
        carried: [...carried.value].filter((name) => name in sent).sort(),
        reason: reason(),
      });
      draft.drop();
      return receipt;
    } catch (error) {
      // Whatever it was, what was typed is still here.
      draft.write({ answers: { ...answers }, pending });
      for (const [name, message] of Object.entries(asProblem(error).fields)) mistakes.set(name, message);
      return null;
    }
  }

  return { answers, asked, carried, mistakes, state, busy, hasDraft, outdated, set, startOver, submit };
}
