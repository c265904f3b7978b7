// @vitest-environment happy-dom
import { createApp, h, nextTick, reactive, type App } from 'vue';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { Answers, Field } from '#shared/api/types.ts';
import { field } from '#shared/testing/forms.ts';
import FormField from './FormField.vue';

// The fields fetch these when they are shown; here they are at hand.
beforeAll(() => Promise.all([import('./DateField.vue'), import('./RegionField.vue'), import('./PhotosField.vue')]), 120_000);

let app: App | undefined;
afterEach(() => {
  app?.unmount();
  document.body.innerHTML = '';
});

/** One field on a page, with its value to look at. */
async function show(shown: Field, value?: unknown, rest: { mistake?: string; carried?: boolean; answers?: Answers; today?: string } = {}) {
  const state = reactive<typeof rest & { value: unknown }>({ value, ...rest });
  app = createApp({
    render: () => {
      const { value: modelValue, ...others } = state;
      return h(FormField, { field: shown, modelValue, ...others, 'onUpdate:modelValue': (next: unknown) => (state.value = next) });
    },
  });
  const place = document.createElement('div');
  document.body.append(place);
  app.mount(place);
  await nextTick();
  return state;
}

const input = () => document.querySelector<HTMLInputElement>('input, textarea');
async function type(text: string) {
  const element = input();
  if (!element) throw new Error('no input');
  element.value = text;
  element.dispatchEvent(new Event('input', { bubbles: true }));
  await nextTick();
}

test('a temperature is typed as 365 and read as 36.5', async () => {
  const state = await show(field('temperature'));
  await type('365');
  expect(state.value).toBe(36.5);
  expect(input()?.value).toBe('36.5');
  await type('');
  expect(state.value).toBeUndefined();
});

test('the message of a field is tied to its input', async () => {
  const state = await show(field('temperature'), 36.5);
  expect(input()?.getAttribute('aria-invalid')).toBeNull();
  state.mistake = '体温应在 34.0 到 43.0 之间';
  await nextTick();
  expect(input()?.getAttribute('aria-invalid')).toBe('true');
  const described = (input()?.getAttribute('aria-describedby') ?? '').split(' ').map((id) => document.getElementById(id)?.textContent);
  expect(described).toEqual([field('temperature').help, '体温应在 34.0 到 43.0 之间']);
});

test('one of several, and the group has its title', async () => {
  const state = await show(field('place'), '非疫区', { carried: true });
  const radios = [...document.querySelectorAll<HTMLInputElement>('input[type=radio]')];
  expect(radios.map((radio) => radio.checked)).toEqual([true, false, false, false, false]);
  expect(document.querySelector('fieldset > legend')?.textContent).toContain('当前所在地');
  expect(document.querySelector('legend')?.textContent).toContain('沿用上次');
  radios[1]?.click();
  expect(state.value).toBe('湖北');
});

test('some of several, in the order of the form', async () => {
  const state = await show(field('symptoms'));
  const boxes = [...document.querySelectorAll<HTMLInputElement>('input[type=checkbox]')];
  boxes[2]?.click();
  await nextTick();
  boxes[0]?.click();
  await nextTick();
  expect(state.value).toEqual(['发热', '乏力']);
  boxes[2]?.click();
  await nextTick();
  expect(state.value).toEqual(['发热']);
});

test('yes and no are answers of their own, neither chosen at first', async () => {
  const state = await show(field('abnormal'));
  const radios = [...document.querySelectorAll<HTMLInputElement>('input[type=radio]')];
  expect(radios.some((radio) => radio.checked)).toBe(false);
  radios[0]?.click();
  expect(state.value).toBe(false);
});

const asked = (kind: Field['kind'], rest: Partial<Field> = {}): Field => ({ name: 'x', title: '此项', kind, required: true, sensitive: false, carry_over: 'ask', ...rest });
const button = (name: string) => [...document.querySelectorAll('button')].find((one) => one.textContent.trim() === name);

test('a phone number brings the keyboard for numbers', async () => {
  const state = await show(asked('phone'));
  expect(input()?.type).toBe('tel');
  await type('0371-66666666');
  expect(state.value).toBe('0371-66666666');
});

test('a date without a thumb is the own input of the browser, within its limits', async () => {
  const state = await show(asked('date', { days_ahead: 0, not_before: 'left_on' }), undefined, { answers: { left_on: '2020-03-01' }, today: '2020-03-04' });
  await vi.waitFor(() => expect(input()?.type).toBe('date'));
  expect([input()?.min, input()?.max]).toEqual(['2020-03-01', '2020-03-04']);
  await type('2020-03-02');
  expect(state.value).toBe('2020-03-02');
});

test('a county is found from the province down, and the one city of 北京市 is skipped', async () => {
  const state = await show(asked('region'));
  await vi.waitFor(() => expect(button('请选择省、市、区县')).toBeDefined());
  button('请选择省、市、区县')?.click();
  await vi.waitFor(() => expect(button('北京市')).toBeDefined());
  button('北京市')?.click();
  await vi.waitFor(() => expect(button('东城区')).toBeDefined());
  button('东城区')?.click();
  await vi.waitFor(() => expect(button('北京市东城区')).toBeDefined());
  expect(state.value).toBe('110101');
});

test('photos that a report has are shown, can be taken away, and leave room for others', async () => {
  const state = await show(asked('photos', { at_most: 2 }), ['a'.repeat(32), 'b'.repeat(32)]);
  await vi.waitFor(() => expect(document.querySelectorAll('img')).toHaveLength(2));
  expect(document.querySelector('img')?.getAttribute('src')).toBe(`/api/v1/attachments/${'a'.repeat(32)}`);
  expect(document.querySelector('input[type=file]')).toBeNull();
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(null, { status: 204 })));
  document.querySelector<HTMLButtonElement>('button.take-away')?.click();
  await nextTick();
  expect(state.value).toEqual(['b'.repeat(32)]);
  expect(document.querySelector('input[type=file]')).not.toBeNull();
});
