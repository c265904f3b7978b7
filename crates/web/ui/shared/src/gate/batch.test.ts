import { expect, test } from 'vitest';
import { asBatch, batchOf, current, isShort, serverNow, type Batch } from './batch.ts';

const NOW = Date.parse('2020-03-04T00:00:03Z');
/** A phone that is five minutes behind. */
const PHONE = NOW - 300_000;
const first = Date.parse('2020-03-04T00:00:00Z');
const answer = {
  now: '2020-03-04T00:00:03Z',
  codes: Array.from({ length: 60 }, (_, nth) => ({ from: new Date(first + nth * 10_000).toISOString(), code: `G1:${nth}` })),
};
const batch = batchOf(answer, PHONE, PHONE);

test('the code of now is shown, wherever the phone’s clock stands', () => {
  expect(serverNow(batch, PHONE)).toBe(NOW);
  expect(current(batch, PHONE)).toEqual({ code: 'G1:0', shown: 3000, left: 597_000 });
  expect(current(batch, PHONE + 6_999)?.code).toBe('G1:0');
  expect(current(batch, PHONE + 7_000)).toEqual({ code: 'G1:1', shown: 0, left: 590_000 });
  expect(current(batch, PHONE + 596_999)?.code).toBe('G1:59');
});

test('after the last one there is nothing to show, nor before the first', () => {
  expect(current(batch, PHONE + 597_000)).toBeNull();
  expect(current(batch, PHONE - 3_001)).toBeNull();
  expect(current({ offset: 0, codes: [] }, PHONE)).toBeNull();
});

test('another batch is fetched while there are five minutes left', () => {
  expect(isShort(null, PHONE)).toBe(true);
  expect(isShort(batch, PHONE)).toBe(false);
  expect(isShort(batch, PHONE + 297_000)).toBe(false);
  expect(isShort(batch, PHONE + 297_001)).toBe(true);
  expect(isShort(batch, PHONE + 900_000)).toBe(true);
});

test('the way of the answer is halved', () => {
  expect(batchOf(answer, PHONE - 1000, PHONE + 1000).offset).toBe(batch.offset);
});

test('what was kept is looked at before it is believed', () => {
  expect(asBatch(JSON.parse(JSON.stringify(batch)))).toEqual(batch);
  const strange: unknown[] = [null, 1, {}, { offset: 'x', codes: [] }, { offset: 0, codes: [{ from: 'x', code: 1 }] } satisfies Record<keyof Batch, unknown>];
  for (const one of strange) expect(asBatch(one)).toBeNull();
});
