// @vitest-environment happy-dom
import { effectScope } from 'vue';
import { describe, expect, test } from 'vitest';
import type { Api } from '../api/client.ts';
import type { UnreportedRow } from '../api/types.ts';
import { byClass, matches } from './groups.ts';
import { useUnreported } from './useUnreported.ts';

const person = (id: number, changes: Partial<UnreportedRow> = {}): UnreportedRow => ({
  id,
  number: `2018${id}`,
  name: `学生${id}`,
  class: { id: 301, name: '2018会计3班' },
  phone_masked: null,
  reachable: true,
  last_reminder: null,
  follow_up: null,
  ...changes,
});
const settle = () => new Promise((resolve) => setTimeout(resolve));

test('people are found by a part of their name or number', () => {
  const li = person(7, { name: '李晓雨', number: '2018AB07' });
  expect(['晓', '李晓雨', '18ab', ' 李 ', ''].map((text) => matches(li, text))).toEqual([true, true, true, true, true]);
  expect(matches(li, '王')).toBe(false);
});

test('people stand under their classes, those without one at the end', () => {
  const other = { id: 302, name: '2018会计4班' };
  const groups = byClass([person(1, { class: null }), person(2), person(3, { class: other }), person(4)]);
  expect(groups.map((group) => [group.name, group.people.map((one) => one.id)])).toEqual([
    ['2018会计3班', [2, 4]],
    ['2018会计4班', [3]],
    [null, [1]],
  ]);
});

describe('choosing whom to remind', () => {
  /** The list over an API that knows these people and notes what is posted. */
  async function open(people: UnreportedRow[], total = people.length) {
    const school = { people, total };
    const posted: unknown[] = [];
    const left: number[] = [];
    const response = new Response(null, { status: 200 });
    const api = {
      GET: () =>
        Promise.resolve({
          data: { form: 'health-daily', day: '2020-03-04', as_of: '', expected: 100, total: school.total, followed_up: 0, items: school.people, next_cursor: null },
          response,
        }),
      POST: (_path: string, { body }: { body: unknown }) => {
        posted.push(body);
        return Promise.resolve({ data: { round: 1, planned: 1 }, response });
      },
    } as unknown as Api;
    const scope = effectScope();
    const list = scope.run(() => useUnreported({ api, form: 'health-daily', reported: (count) => left.push(count) }));
    if (!list) throw new Error('the scope gave nothing');
    await settle();
    return { list, school, posted, left, scope };
  }

  test('some: those are named', async () => {
    const { list, posted, scope } = await open([person(1), person(2), person(3)]);
    list.choose([person(1), person(3)], true);
    list.choose([person(1)], false);
    await list.remind('k');
    expect(list.chosenCount.value).toBe(1);
    expect(posted).toEqual([{ form: 'health-daily', people: [3] }]);
    scope.stop();
  });

  test('in words of their own', async () => {
    const { list, posted, scope } = await open([person(1)]);
    list.choose([person(1)], true);
    await list.remind('k', ' {name}，请尽快填写 ');
    expect(posted).toEqual([{ form: 'health-daily', people: [1], words: '{name}，请尽快填写' }]);
    scope.stop();
  });

  test('everybody: nobody is named, so that pages not fetched are meant too', async () => {
    const { list, posted, scope } = await open([person(1), person(2)], 500);
    list.chooseEverybody(true);
    expect(list.chosenCount.value).toBe(500);
    expect(list.isChosen(999)).toBe(true);
    await list.remind('k');
    expect(posted).toEqual([{ form: 'health-daily', department: undefined }]);
    scope.stop();
  });

  test('everybody but one: the others on the screen remain', async () => {
    const { list, posted, scope } = await open([person(1), person(2), person(3)]);
    list.chooseEverybody(true);
    list.choose([person(2)], false);
    await list.remind('k');
    expect(posted).toEqual([{ form: 'health-daily', people: [1, 3] }]);
    scope.stop();
  });

  test('who reports meanwhile leaves the list and the choice', async () => {
    const { list, school, left, scope } = await open([person(1), person(2), person(3)]);
    list.choose([person(1), person(2)], true);
    school.people = [person(2), person(3)];
    school.total = 2;
    await list.reload();
    await settle();
    expect(list.chosenCount.value).toBe(1);
    expect(left).toEqual([1]);
    scope.stop();
  });

  test('tells how many of those chosen no message can reach', async () => {
    const { list, scope } = await open([person(1), person(2, { reachable: false })]);
    list.choose([person(1)], true);
    expect(list.unreachable.value).toBe(0);
    list.chooseEverybody(true);
    expect(list.unreachable.value).toBe(1);
    scope.stop();
  });
});
