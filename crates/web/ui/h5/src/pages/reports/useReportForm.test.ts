import { nextTick } from 'vue';
import { expect, test } from 'vitest';
import { createApi } from '#shared/api/client.ts';
import type { Form } from '#shared/api/types.ts';
import { createNotes, type Notes } from '#shared/storage.ts';
import { healthDaily, receipt as receiptOf } from '#shared/testing/forms.ts';
import { json, serve } from '#shared/testing/server.ts';
import { useReportForm } from './useReportForm.ts';

const memory = () =>
  createNotes(() => {
    throw new Error('no storage');
  });
const receipt = receiptOf();

function open(origin: string, { form = healthDaily({ answers: { place: '非疫区' }, carried: ['place'] }), notes = memory() }: { form?: Form; notes?: Notes } = {}) {
  const api = createApi({ origin, signedOut: () => undefined });
  return useReportForm(form, { api, notes, owner: 'a', sentence: (mistake) => mistake.kind });
}

test('a report goes out with its version, its day and a key, without what was hidden', async () => {
  const { origin, seen } = await serve((_, response) => json(response, 201, receipt));
  const form = open(origin);
  form.set('abnormal', true);
  form.set('condition', '其他');
  form.set('abnormal', false);
  form.set('temperature', 36.5);
  await expect(form.submit()).resolves.toMatchObject({ receipt: 'R' });
  expect(seen[0]).toMatchObject({
    method: 'POST',
    path: '/api/v1/reports',
    body: { form: 'health-daily', version: 1, day: '2020-03-04', slot: 0, answers: { temperature: 36.5, place: '非疫区', abnormal: false }, carried: ['place'] },
  });
  expect(seen[0]?.headers['idempotency-key']).toMatch(/^[A-Za-z0-9_-]{8,64}$/);
});

test('what is missing is said at its field and nothing is sent', async () => {
  const { origin, seen } = await serve((_, response) => json(response, 201, receipt));
  const form = open(origin);
  await expect(form.submit()).resolves.toBeNull();
  expect([...form.mistakes]).toEqual([
    ['temperature', 'missing'],
    ['abnormal', 'missing'],
  ]);
  form.set('temperature', 36.5);
  expect(form.mistakes.has('temperature')).toBe(false);
  expect(seen).toHaveLength(0);
});

test("the server's messages stand at their fields", async () => {
  const { origin } = await serve((_, response) =>
    json(response, 422, { title: '填写有误', status: 422, errors: [{ field: 'temperature', message: '请再量一次' }] }),
  );
  const form = open(origin);
  form.set('temperature', 42.9);
  form.set('abnormal', false);
  await expect(form.submit()).resolves.toBeNull();
  expect(form.mistakes.get('temperature')).toBe('请再量一次');
  expect(form.state.value.phase).toBe('failed');
});

test('the draft survives the page, and is gone once the report is in', async () => {
  const { origin } = await serve((_, response) => json(response, 201, receipt));
  const notes = memory();
  const first = open(origin, { notes });
  first.set('temperature', 36.5);
  await nextTick();
  const second = open(origin, { notes });
  expect(second.hasDraft.value).toBe(true);
  expect(second.answers).toEqual({ place: '非疫区', temperature: 36.5 });
  second.set('abnormal', false);
  await second.submit();
  await nextTick();
  expect(open(origin, { notes }).hasDraft.value).toBe(false);
});

test('a form opened and left as it was leaves no draft', async () => {
  const notes = memory();
  const first = open('http://127.0.0.1:9', { notes });
  first.set('temperature', 36.5);
  first.startOver();
  await nextTick();
  expect(open('http://127.0.0.1:9', { notes }).hasDraft.value).toBe(false);
});

test('after a lost answer and a reload, the same words go out under the same key', async () => {
  let lost = true;
  const { origin, seen } = await serve((_, response) => {
    // 500: not repeated by itself, so the test needs no waiting.
    if (lost) json(response, 500, { title: '' });
    else json(response, 200, receipt);
  });
  const notes = memory();
  const first = open(origin, { notes });
  first.set('temperature', 36.5);
  first.set('abnormal', false);
  await expect(first.submit()).resolves.toBeNull();
  lost = false;
  await expect(open(origin, { notes }).submit()).resolves.toMatchObject({ receipt: 'R' });
  expect(seen).toHaveLength(2);
  expect(seen[1]?.headers['idempotency-key']).toBe(seen[0]?.headers['idempotency-key']);
});

test('a carried value is marked until it is changed', () => {
  const form = open('http://127.0.0.1:9');
  expect([...form.carried.value]).toEqual(['place']);
  form.set('place', '湖北');
  expect([...form.carried.value]).toEqual([]);
});

test('an event counts for no day, and one that is changed says which', async () => {
  const { origin, seen } = await serve((_, response) => json(response, 200, receipt));
  const changed = receiptOf({ receipt: 'EVENT', day: null });
  const form = open(origin, { form: healthDaily({ is_event: true, receipt: changed, answers: { temperature: 36.5, place: '非疫区', abnormal: false } }) });
  await expect(form.submit()).resolves.not.toBeNull();
  expect(seen[0]?.body).toEqual({ form: 'health-daily', version: 1, receipt: 'EVENT', answers: { temperature: 36.5, place: '非疫区', abnormal: false }, carried: [] });
});

test('for somebody else it says for whom and why', async () => {
  const { origin, seen } = await serve((_, response) => json(response, 201, receipt));
  const api = createApi({ origin, signedOut: () => undefined });
  const behalf = healthDaily({ behalf: { person: 7, name: '同学甲', number: '20181234' } });
  const form = useReportForm(behalf, { api, notes: memory(), owner: 'a', sentence: (mistake) => mistake.kind, reason: () => '住院' });
  form.set('temperature', 36.5);
  form.set('place', '非疫区');
  form.set('abnormal', false);
  await expect(form.submit()).resolves.not.toBeNull();
  expect(seen[0]?.body).toMatchObject({ behalf: { person: 7, reason: '住院' }, carried: [] });
});

test('what was typed is kept when the form turned out to be another version', async () => {
  const { origin } = await serve((_, response) => json(response, 409, { code: 'form_changed', title: '表单已更新', status: 409 }));
  const notes = memory();
  const first = open(origin, { notes });
  first.set('temperature', 36.5);
  first.set('abnormal', false);
  await expect(first.submit()).resolves.toBeNull();
  expect(first.state.value).toMatchObject({ phase: 'failed', problem: { code: 'form_changed' } });
  const second = open(origin, { notes, form: healthDaily({ version: 2 }) });
  expect(second.outdated.value).toBe(true);
  expect(second.answers).toMatchObject({ temperature: 36.5, abnormal: false });
});

test('after the cut-off the refusal stands and nothing is lost', async () => {
  const { origin } = await serve((_, response) => json(response, 409, { code: 'cutoff_passed', title: '已过截止时间', detail: '请联系辅导员', status: 409 }));
  const notes = memory();
  const form = open(origin, { notes, form: healthDaily({ receipt, answers: { temperature: 36.5, place: '非疫区', abnormal: false } }) });
  form.set('temperature', 37);
  await expect(form.submit()).resolves.toBeNull();
  expect(form.state.value).toMatchObject({ phase: 'failed', problem: { title: '已过截止时间' } });
  expect(form.answers.temperature).toBe(37);
});
