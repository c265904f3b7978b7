import type { Answers, Form } from '../api/types.ts';
import type { Notes } from '../storage.ts';

/** What was typed and not yet sent, with the key its submission went out under, if it did. */
export type Draft = { answers: Answers; pending: Pending | null };
/** A submission whose answer never came: the same words must go out under the same key. */
export type Pending = { key: string; body: string };

type Kept = Draft & { owner: string; version: number; revision: number };

const PREFIX = 'rollcall.draft.';

/**
 * The draft of one form for one day, kept in the tab until it is sent. A draft of another person,
 * of another version of the form, or older than the report it would change is dropped unseen.
 */
export function createDraft(notes: Notes, owner: string, form: Form) {
  const place = `${PREFIX}${form.code}.${form.day}`;
  const stamp = { owner, version: form.version, revision: form.receipt?.revision ?? 0 };

  return {
    read(): Draft | null {
      const kept = notes.read(place) as Partial<Kept> | null;
      if (!kept || typeof kept.answers !== 'object' || kept.answers === null) return null;
      const fits = kept.owner === stamp.owner && kept.version === stamp.version && kept.revision === stamp.revision;
      if (!fits) {
        notes.remove(place);
        return null;
      }
      return { answers: kept.answers, pending: kept.pending ?? null };
    },
    write(draft: Draft) {
      notes.write(place, { ...stamp, ...draft } satisfies Kept);
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
