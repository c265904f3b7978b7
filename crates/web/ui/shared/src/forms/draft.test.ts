import { expect, test } from 'vitest';
import { createNotes } from '../storage.ts';
import { healthDaily, receipt } from '../testing/forms.ts';
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

test('a draft is dropped unseen when it is of another person, day, slot or revision, or for somebody else', () => {
  for (const [owner, form] of [
    ['b', healthDaily()],
    ['a', healthDaily({ slot: 1 })],
    ['a', healthDaily({ behalf: { person: 7, name: '同学甲', number: '1' } })],
    ['a', healthDaily({ day: '2020-03-05' })],
    ['a', healthDaily({ receipt: receipt() })],
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

test('of a draft for another version what still fits is left, and nothing of its submission', () => {
  const notes = memory();
  createDraft(notes, 'a', healthDaily()).write({ answers: { temperature: 36.5, place: '火星' }, pending: draft.pending });
  expect(createDraft(notes, 'a', healthDaily({ version: 2 })).read()).toEqual({ answers: { temperature: 36.5 }, pending: null, outdated: true });
});

test('a new event and one that is changed have drafts of their own, whatever the day', () => {
  const notes = memory();
  const event = (changes: object) => createDraft(notes, 'a', healthDaily({ is_event: true, ...changes }));
  event({}).write(draft);
  expect(event({ receipt: receipt() }).read()).toBeNull();
  expect(event({ day: '2020-03-05' }).read()).toEqual(draft);
});
