import { onScopeDispose, shallowRef } from 'vue';
import { answer, type Api } from '../api/client.ts';
import type { ReviewAnswers } from '../api/types.ts';
import { useLoad } from '../composables/useLoad.ts';

/** What can be done about a report. */
export type ReviewDoing = 'send-back' | 'note' | 'close';

/**
 * One report under review: what was noticed and done. Its answers are fetched only when somebody says
 * what for (the server records the look), and forgotten when the page is left.
 */
export function useReview(api: Api, receipt: () => string) {
  const path = () => ({ path: { receipt: receipt() } });
  const head = useLoad((signal) => answer(api.GET('/api/v1/reviews/{receipt}', { params: path(), signal })));
  const answers = shallowRef<ReviewAnswers | null>(null);

  async function look(purpose: string): Promise<void> {
    answers.value = await answer(api.POST('/api/v1/reviews/{receipt}/answers', { params: path(), body: { purpose } }));
  }

  /** Does something about the revision that is shown; whether the person could be told, if they are to be. */
  async function act(what: ReviewDoing, note: string): Promise<boolean | null> {
    const options = { params: path(), body: { note, revision: head.data.value?.revision ?? null } };
    const request = {
      'send-back': () => api.POST('/api/v1/reviews/{receipt}/send-back', options),
      note: () => api.POST('/api/v1/reviews/{receipt}/note', options),
      close: () => api.POST('/api/v1/reviews/{receipt}/close', options),
    }[what];
    try {
      return (await answer(request())).told ?? null;
    } finally {
      // Also where somebody else was faster: what they did is shown.
      await head.reload();
    }
  }

  onScopeDispose(() => (answers.value = null));
  return { ...head, answers, look, act };
}

/** The answers of a revision in the order of the questions, in words. */
export function answerLines(answers: ReviewAnswers, revision: ReviewAnswers['revisions'][number]) {
  return answers.fields
    .filter((field) => field.name in revision.texts || revision.changed.includes(field.name))
    .map((field) => ({
      name: field.name,
      title: field.title,
      text: revision.texts[field.name] ?? '',
      changed: revision.changed.includes(field.name),
    }));
}
