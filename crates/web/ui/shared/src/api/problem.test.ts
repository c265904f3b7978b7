import { expect, test } from 'vitest';
import { Problem } from './problem.ts';

test('too many requests pass in a moment, a budget that is spent does not', () => {
  const of = (code: string) => new Problem('refused', { status: 429, body: { code } });
  expect(of('too_many_requests').passing).toBe(true);
  expect(of('budget_spent').passing).toBe(false);
});
