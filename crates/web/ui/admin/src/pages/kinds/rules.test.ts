import { describe, expect, it } from 'vitest';
import { describeDepartment, describePerson, moved, patternsOf, textOf } from './rules.ts';

const names = { department: (id: number) => `部门${id}`, tag: (id: number) => `标签${id}` };

describe('rules of kinds', () => {
  it('reads patterns however they are separated', () => {
    expect(patternsOf(' *学院、*系，*部;##级 ')).toEqual(['*学院', '*系', '*部', '##级']);
    expect(patternsOf('  ')).toEqual([]);
    expect(patternsOf(textOf(['*学院', '20##级']))).toEqual(['*学院', '20##级']);
  });

  it('says a rule in words', () => {
    expect(describeDepartment({ kind: 'college', names: ['*学院', '*系'], except: ['二级学院'], depth_from: 1, depth_to: 1 }, names)).toBe(
      '名称像“*学院”或“*系”，且名称不像“二级学院”，且在第 1 层',
    );
    expect(describeDepartment({ kind: 'office' }, names)).toBe('其余所有部门');
    expect(describePerson({ kind: 'staff', tag: 3, under: 7 }, names)).toBe('有标签“标签3”，且在“部门7”及其下级');
  });

  it('moves an item and stays within the list', () => {
    expect(moved(['a', 'b', 'c'], 0, 1)).toEqual(['b', 'a', 'c']);
    expect(moved(['a', 'b', 'c'], 0, -1)).toEqual(['a', 'b', 'c']);
    expect(moved(['a', 'b', 'c'], 2, 1)).toEqual(['a', 'b', 'c']);
  });
});
