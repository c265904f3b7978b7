import { describe, expect, test } from 'vitest';
import { createNotes } from './storage.ts';

/** What a browser's storage does, as far as notes use it. */
function fakeStorage(): Storage {
  const map = new Map<string, string>();
  return {
    get length() {
      return map.size;
    },
    key: (index) => [...map.keys()][index] ?? null,
    getItem: (key) => map.get(key) ?? null,
    setItem: (key, value) => void map.set(key, value),
    removeItem: (key) => void map.delete(key),
    clear: () => map.clear(),
  };
}

describe('notes', () => {
  test('outlive the page in the storage', () => {
    const storage = fakeStorage();
    createNotes(() => storage).write('a', { b: 1 });
    expect(createNotes(() => storage).read('a')).toEqual({ b: 1 });
  });

  test('live in memory where the storage throws', () => {
    const notes = createNotes(() => {
      throw new DOMException('denied', 'SecurityError');
    });
    notes.write('a', [1]);
    expect(notes.read('a')).toEqual([1]);
    notes.remove('a');
    expect(notes.read('a')).toBeNull();
  });

  test('that cannot be read are none', () => {
    const storage = fakeStorage();
    storage.setItem('a', '{broken');
    expect(createNotes(() => storage).read('a')).toBeNull();
  });

  test('are removed by the beginning of their key, from memory and storage', () => {
    const storage = fakeStorage();
    storage.setItem('draft.old', '1');
    const notes = createNotes(() => storage);
    notes.write('draft.new', 2);
    notes.write('other', 3);
    notes.removeAll('draft.');
    expect([notes.read('draft.old'), notes.read('draft.new'), notes.read('other')]).toEqual([null, null, 3]);
    expect(storage.length).toBe(1);
  });
});
