// @vitest-environment happy-dom
import { createApp, h, nextTick, reactive, type App } from 'vue';
import { afterEach, expect, test } from 'vitest';
import type { Field } from '#shared/api/types.ts';
import { field } from '#shared/testing/forms.ts';
import FormField from './FormField.vue';

let app: App | undefined;
afterEach(() => {
  app?.unmount();
  document.body.innerHTML = '';
});

/** One field on a page, with its value to look at. */
async function show(shown: Field, value?: unknown, rest: { mistake?: string; carried?: boolean } = {}) {
  const state = reactive<{ value: unknown; mistake?: string; carried?: boolean }>({ value, ...rest });
  app = createApp({
    render: () =>
      h(FormField, { field: shown, modelValue: state.value, mistake: state.mistake, carried: state.carried, 'onUpdate:modelValue': (next: unknown) => (state.value = next) }),
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
