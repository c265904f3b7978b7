import { describe, expect, it } from 'vitest';
import { NO_FILTERS } from '#shared/exports/sheets.ts';
import { copyOf, freeTitle, linesOf, moved, wordsOf } from './draft.ts';

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

  it('writes code words as lines and reads them back', () => {
    const words = [{ says: '是', writes: '1' }, { says: '', writes: '0' }];
    expect(linesOf(words)).toBe('是=1\n=0');
    expect(wordsOf('是 = 1\n=0\n还没写完\n')).toEqual(words);
    expect(wordsOf(linesOf(undefined))).toEqual([]);
  });

  it('keeps how a column is written', () => {
    const column = { column: 'blank', title: '学校代码', fixed: '41010' };
    expect(copyOf({ dataset: 'people', columns: [column], order: 'number', filters: NO_FILTERS }).columns).toEqual([column]);
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
