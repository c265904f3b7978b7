import { expect, test } from 'vitest';
import { createAskOnce } from './askOnce.ts';

test('what waits for the same answer is asked once, and gets it', async () => {
  const { asked, ask } = createAskOnce();
  expect(asked.value).toBeNull();
  const first = ask();
  const answerIt = asked.value;
  const second = ask();
  expect(asked.value).toBe(answerIt);
  answerIt?.(true);
  await expect(Promise.all([first, second])).resolves.toEqual([true, true]);
  expect(asked.value).toBeNull();
});

test('another time is another question', async () => {
  const { asked, ask } = createAskOnce();
  const first = ask();
  asked.value?.(true);
  await first;
  const second = ask();
  expect(asked.value).not.toBeNull();
  asked.value?.(false);
  await expect(second).resolves.toBe(false);
});
