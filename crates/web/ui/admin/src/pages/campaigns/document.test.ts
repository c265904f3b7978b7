import { describe, expect, it } from 'vitest';
import { asKind, carryOvers, chosen, duplicated, freeName, measurable, moved, newCondition, newQuestion, newQuick, pasted, previewed, same, toSend, usesOf, without, type Document } from './document.ts';

function document(): Document {
  const present = { ...newQuestion([], 'boolean'), title: '是否在校' };
  const where = { ...newQuestion([present], 'text'), title: '在哪里', show_if: { field: 'q1', equals: false } };
  return {
    title: '晚点名',
    purpose: '安全',
    legal_basis: '规定',
    cadence: { kind: 'once' },
    audience: { kinds: ['student'] },
    fields: [present, where],
    abnormal: [{ field: 'q1', equals: false }],
    checks: [],
    statistics: [{ field: 'q1', categories: [] }],
    place: null,
    trip: null,
  };
}

describe('a form in the designer', () => {
  it('gives each question a name of its own', () => {
    const { fields } = document();
    expect(freeName(fields)).toBe('q3');
    expect(freeName([{ ...newQuestion([]), name: 'q2' }])).toBe('q3');
    expect(duplicated(fields, 0).map((field) => field.name)).toEqual(['q1', 'q3', 'q2']);
  });

  it('moves a question, and not beyond the ends', () => {
    expect(moved(['a', 'b', 'c'], 2, -1)).toEqual(['a', 'c', 'b']);
    expect(moved(['a', 'b', 'c'], 2, 1)).toEqual(['a', 'b', 'c']);
  });

  it('never carries over what is measured', () => {
    expect(carryOvers('number')).not.toContain('prefill');
    const temperature = asKind({ ...newQuestion([], 'choice'), carry_over: 'prefill' }, 'number');
    expect(temperature.carry_over).toBe('ask');
    expect(temperature).not.toHaveProperty('choices');
    expect(temperature.decimals).toBe(0);
    expect(asKind({ ...newQuestion([], 'choice'), choices: [{ value: '甲', title: '甲' }] }, 'choices').choices).toHaveLength(1);
  });

  it('takes many choices at once, each once', () => {
    const choices = pasted([{ value: '甲', title: '甲' }], 'A. 乙\n\n2、丙\r\n甲\n 丁 ');
    expect(choices.map((choice) => choice.title)).toEqual(['甲', '乙', '丙', '丁']);
  });

  it('forgets what was said of a question that goes', () => {
    expect(usesOf(document(), 'q1')).toEqual({ questions: ['在哪里'], elsewhere: true });
    const left = without(document(), 'q1');
    expect(left.fields.map((field) => field.name)).toEqual(['q2']);
    expect(left.fields[0]).not.toHaveProperty('show_if');
    expect(left.abnormal).toEqual([]);
    expect(left.statistics).toEqual([]);
  });

  it('offers a quick answer only where a number is always asked', () => {
    const temperature = { ...asKind({ ...newQuestion([]), name: 'q9', title: '体温' }, 'number'), minimum: 34, unit: '℃' };
    const fields = [...document().fields, temperature];
    expect(measurable(fields).map((field) => field.name)).toEqual(['q9']);
    expect(measurable([{ ...temperature, required: false }])).toEqual([]);
    const quick = newQuick(fields, temperature);
    expect(quick).toEqual({ field: 'q9', bands: [{ title: '34℃', value: 34 }], same: ['q1'] });
    const form = { ...document(), fields, quick };
    expect(same(form, toSend(form))).toBe(true);
    expect(toSend(form).quick).toEqual(quick);
    expect(usesOf(form, 'q1').elsewhere).toBe(true);
    expect(without(form, 'q1').quick).toEqual({ ...quick, same: [] });
    expect(without(form, 'q9').quick).toBeNull();
  });

  it('knows the same form again, and sends nothing empty', () => {
    const one = document();
    const other = document();
    other.fields = other.fields.map((field) => ({ ...field, help: ' ' }));
    delete other.place;
    expect(same(one, other)).toBe(true);
    expect(toSend(other).fields[0]).not.toHaveProperty('help');
    other.title = '夜间点名';
    expect(same(one, other)).toBe(false);
  });

  it('reads and makes conditions', () => {
    expect(chosen({ field: 'q1', equals: '甲' })).toEqual(['甲']);
    expect(chosen({ field: 'q1', one_of: ['甲', '乙'] })).toEqual(['甲', '乙']);
    expect(newCondition(newQuestion([], 'boolean'))).toEqual({ field: 'q1', equals: true });
    expect(previewed(document(), {}).map((field) => field.name)).toEqual(['q1']);
    expect(previewed(document(), { q1: false }).map((field) => field.name)).toEqual(['q1', 'q2']);
  });
});
