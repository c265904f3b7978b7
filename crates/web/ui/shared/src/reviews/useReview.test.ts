import { expect, test } from 'vitest';
import type { ReviewAnswers } from '../api/types.ts';
import { answerLines } from './useReview.ts';

const field = (name: string) => ({ name, title: name.toUpperCase(), kind: 'text', required: false, sensitive: false, carry_over: 'ask' }) as const;

test('answers stand in the order of the questions, with what was taken away', () => {
  const revision = {
    revision: 2,
    at: '2020-03-04T00:00:00Z',
    state: 'normal',
    source: 'self',
    reason: null,
    carried: [],
    answers: { b: '2', a: '1' },
    texts: { b: '2', a: '1' },
    changed: ['a', 'gone'],
  } as const satisfies object as unknown as ReviewAnswers['revisions'][number];
  const answers = { title: '', fields: [field('a'), field('b'), field('gone'), field('never')], revisions: [revision] } as ReviewAnswers;
  expect(answerLines(answers, revision).map(({ title, text, changed }) => [title, text, changed])).toEqual([
    ['A', '1', true],
    ['B', '2', false],
    ['GONE', '', true],
  ]);
});
