import { expect, test } from 'vitest';
import { createNotes } from '../storage.ts';
import { healthDaily } from '../testing/forms.ts';
import { createDraft, dropDrafts, type Draft } from './draft.ts';

const memory = () =>
  createNotes(() => {
    throw new Error('no storage');
  });
const draft: Draft = { answers: { temperature: 36.5 }, pending: { key: 'k'.repeat(22), body: '{}' } };

test('a draft comes back to its owner', () => {
  const notes = memory();
  createDraft(notes, 'a', healthDaily()).write(draft);
  expect(createDraft(notes, 'a', healthDaily()).read()).toEqual(draft);
});

test('a draft is dropped unseen when it is of another person, version, day or revision', () => {
  const receipt = { form: 'health-daily', day: '2020-03-04', receipt: 'R', revision: 1, state: 'normal' as const, submitted_at: '', revised_at: '' };
  for (const [owner, form] of [
    ['b', healthDaily()],
    ['a', healthDaily({ version: 2 })],
    ['a', healthDaily({ day: '2020-03-05' })],
    ['a', healthDaily({ receipt })],
  ] as const) {
    const notes = memory();
    createDraft(notes, 'a', healthDaily()).write(draft);
    expect(createDraft(notes, owner, form).read()).toBeNull();
  }
});

test('somebody else looking removes it for good', () => {
  const notes = memory();
  createDraft(notes, 'a', healthDaily()).write(draft);
  createDraft(notes, 'b', healthDaily()).read();
  expect(createDraft(notes, 'a', healthDaily()).read()).toBeNull();
});

test('sign-out drops all drafts', () => {
  const notes = memory();
  createDraft(notes, 'a', healthDaily()).write(draft);
  createDraft(notes, 'a', healthDaily({ code: 'other' })).write(draft);
  dropDrafts(notes);
  expect(createDraft(notes, 'a', healthDaily()).read()).toBeNull();
  expect(createDraft(notes, 'a', healthDaily({ code: 'other' })).read()).toBeNull();
});
