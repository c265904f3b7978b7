import 'fake-indexeddb/auto';
import { expect, onTestFinished, test } from 'vitest';
import { Problem } from '#shared/api/problem.ts';
import { Shelf, type Carried } from './shelf.ts';
import { tellAll } from './tell.ts';

let databases = 0;
async function shelf(): Promise<Shelf> {
  const opened = await Shelf.open(`gate-${databases++}`);
  onTestFinished(() => opened.close());
  return opened;
}
const passage = (nth: number): Carried => ({ id: `scan-${String(nth).padStart(6, '0')}`, code: 'G1:', direction: 'in', at: '2020-03-04T00:00:00Z', reason: null });

async function with250(): Promise<Shelf> {
  const kept = await shelf();
  for (let nth = 0; nth < 250; nth++) await kept.decided(passage(nth), { jti: `jti-${nth}`, until: nth });
  return kept;
}

test('what was decided is told in order, a hundred at a time, and is then forgotten', async () => {
  const kept = await with250();
  const sent: Carried[][] = [];
  expect(await tellAll(kept, (passages) => Promise.resolve(void sent.push(passages)))).toBe(250);
  expect(sent.map((part) => part.length)).toEqual([100, 100, 50]);
  expect(sent.flat().map(({ id }) => id)).toEqual(Array.from({ length: 250 }, (_, nth) => passage(nth).id));
  expect(await kept.count()).toBe(0);
});

test('what the server did not say it has stays, and is told again', async () => {
  const kept = await with250();
  const server = new Set<string>();
  let calls = 0;
  // The server takes the second part, and its answer is lost.
  const flaky = (passages: Carried[]) => {
    calls++;
    for (const { id } of passages) server.add(id);
    return calls === 2 ? Promise.reject(new Problem('offline')) : Promise.resolve();
  };
  await expect(tellAll(kept, flaky)).rejects.toMatchObject({ kind: 'offline' });
  expect(await kept.count()).toBe(150);
  await kept.decided(passage(250), null);
  expect(await tellAll(kept, flaky)).toBe(151);
  expect(server.size).toBe(251);
  expect(await kept.count()).toBe(0);
});

test.each([400, 413, 422])('one the server will never take does not keep the others: %i', async (status) => {
  const kept = await with250();
  const server: string[] = [];
  const refusing = (passages: Carried[]) => {
    if (passages.some(({ id }) => id === passage(42).id)) return Promise.reject(new Problem('refused', { status }));
    server.push(...passages.map(({ id }) => id));
    return Promise.resolve();
  };
  await tellAll(kept, refusing);
  expect(server).toHaveLength(249);
  expect(await kept.count()).toBe(0);
});

test('told one by one, the shelf goes on where the server asked to wait', async () => {
  const kept = await with250();
  const server = new Set<string>();
  let calls = 0;
  const busy = (passages: Carried[]) => {
    if (passages.length > 1 && passages.some(({ id }) => id === passage(42).id)) return Promise.reject(new Problem('refused', { status: 422 }));
    calls++;
    if (calls === 30) return Promise.reject(new Problem('refused', { status: 429 }));
    for (const { id } of passages) server.add(id);
    return Promise.resolve();
  };
  await expect(tellAll(kept, busy)).rejects.toMatchObject({ status: 429 });
  expect(await kept.count()).toBe(250 - 29);
  await expect(tellAll(kept, busy)).resolves.toBe(221);
  expect(server.size).toBe(250);
  expect(await kept.count()).toBe(0);
});

test('decided twice, a passage waits once, and its code is used', async () => {
  const kept = await shelf();
  await kept.decided(passage(1), { jti: 'one', until: 10 });
  await kept.decided(passage(1), { jti: 'one', until: 10 });
  expect(await kept.count()).toBe(1);
  expect(await kept.isUsed('one')).toBe(true);
  expect(await kept.isUsed('other')).toBe(false);
  await kept.use({ jti: 'two', until: 30 }, 20);
  expect(await kept.isUsed('one')).toBe(false);
  expect(await kept.isUsed('two')).toBe(true);
});

test('a device that was withdrawn keeps nothing', async () => {
  const kept = await with250();
  await kept.keep('device', { token: 'secret', id: 1, name: '闸机', gate: '东门' });
  await kept.clear();
  expect(await kept.read('device')).toBeNull();
  expect(await kept.count()).toBe(0);
});
