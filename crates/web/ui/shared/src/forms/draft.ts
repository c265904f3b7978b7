import type { Answers, Form } from '../api/types.ts';
import { stillFitting } from './answers.ts';
import type { Notes } from '../storage.ts';

/** What was typed and not yet sent, with the key its submission went out under, if it did. */
export type Draft = {
  answers: Answers;
  pending: Pending | null;
  /** It was typed into an earlier version of the form: what still fits is left. */
  outdated?: boolean;
};
/** A submission whose answer never came: the same words must go out under the same key. */
export type Pending = { key: string; body: string };

type Kept = Omit<Draft, 'outdated'> & { owner: string; version: number; revision: number };

const PREFIX = 'rollcall.draft.';

/**
 * The draft of one form for one turn, kept in the tab until it is sent. A draft of another person, or older than the
 * report it would change, is dropped unseen; of one for another version of the form what still fits is kept.
 */
export function createDraft(notes: Notes, owner: string, form: Form) {
  // What is answered by event has no turn of its own: a report that is changed, or a new one.
  const turn = form.is_event ? (form.receipt?.receipt ?? 'new') : `${form.day}.${form.slot}`;
  const place = `${PREFIX}${form.code}.${turn}.${form.behalf?.person ?? 'self'}`;
  const stamp = { owner, version: form.version, revision: form.receipt?.revision ?? 0 };

  return {
    read(): Draft | null {
      const kept = notes.read(place) as Partial<Kept> | null;
      if (!kept || typeof kept.answers !== 'object' || kept.answers === null) return null;
      if (kept.owner !== stamp.owner || kept.revision !== stamp.revision) {
        notes.remove(place);
        return null;
      }
      if (kept.version !== stamp.version) {
        return { answers: stillFitting(form.fields, kept.answers, form.day), pending: null, outdated: true };
      }
      return { answers: kept.answers, pending: kept.pending ?? null };
    },
    write({ answers, pending }: Draft) {
      notes.write(place, { ...stamp, answers, pending } satisfies Kept);
    },
    drop() {
      notes.remove(place);
    },
  };
}

/** Drops the drafts of all forms, as at sign-out. */
export function dropDrafts(notes: Notes): void {
  notes.removeAll(PREFIX);
}

export type DraftKeeper = ReturnType<typeof createDraft>;
