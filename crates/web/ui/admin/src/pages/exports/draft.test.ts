import { describe, expect, it } from 'vitest';
import { NO_FILTERS } from '#shared/exports/sheets.ts';
import { copyOf, freeTitle, moved } from './draft.ts';

describe('a draft of an export', () => {
  it('moves a column within its list and not beyond', () => {
    expect(moved(['a', 'b', 'c'], 1, -1)).toEqual(['b', 'a', 'c']);
    expect(moved(['a', 'b', 'c'], 1, 1)).toEqual(['a', 'c', 'b']);
    expect(moved(['a', 'b'], 0, -1)).toEqual(['a', 'b']);
    expect(moved(['a', 'b'], 1, 1)).toEqual(['a', 'b']);
  });

  it('finds a heading that is free', () => {
    expect(freeTitle('备注', [])).toBe('备注');
    expect(freeTitle('备注', ['备注', '备注 2'])).toBe('备注 3');
  });

  it('leaves the template alone', () => {
    const template = { dataset: 'people', columns: [{ column: 'name', title: '姓名' }], order: 'number', filters: { ...NO_FILTERS, kind: 'student' } };
    const draft = copyOf(template);
    for (const column of draft.columns) column.title = '名字';
    draft.filters.year = 2019;
    expect(template.columns.map((column) => column.title)).toEqual(['姓名']);
    expect(template.filters.year).toBeNull();
    expect(draft.filters.kind).toBe('student');
  });
});
