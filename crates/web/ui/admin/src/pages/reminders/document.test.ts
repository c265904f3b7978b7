import { expect, test } from 'vitest';
import { blank, differing, plain, withStep } from './document.ts';

test('a step comes where the chain has it, not before those before it', () => {
  let steps = blank().steps;
  steps = withStep(steps, 'college', true);
  steps = withStep(steps, 'counsellor', true);
  expect(steps.map((step) => [step.to, step.after_minutes])).toEqual([
    ['person', 0],
    ['counsellor', 60],
    ['college', 60],
  ]);
  expect(withStep(steps, 'counsellor', false).map((step) => step.to)).toEqual(['person', 'college']);
});

test('what differs is told by part', () => {
  const before = blank();
  const after = plain(before);
  after.times = ['10:00', '14:00'];
  after.spread_minutes = 10;
  expect(differing(before, after)).toEqual(['times', 'spread_minutes']);
  expect(differing(before, plain(before))).toEqual([]);
});
