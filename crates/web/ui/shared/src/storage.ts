/** A place for one tab's own small notes. Reads give null where there is nothing, or nothing readable. */
export type Notes = {
  read(key: string): unknown;
  write(key: string, value: unknown): void;
  remove(key: string): void;
  /** Removes every note whose key starts so. */
  removeAll(prefix: string): void;
};

/**
 * Notes in memory, copied to the given storage where the browser lets us: private modes and some
 * WebViews refuse or throw. Meant for `sessionStorage`, which ends with the tab; personal answers
 * never go to `localStorage`.
 */
export function createNotes(storage: () => Storage): Notes {
  const memory = new Map<string, string>();
  const attempt = <T>(work: (place: Storage) => T): T | null => {
    try {
      return work(storage());
    } catch {
      return null;
    }
  };
  return {
    read(key) {
      const text = memory.get(key) ?? attempt((place) => place.getItem(key));
      if (text === null) return null;
      try {
        return JSON.parse(text) as unknown;
      } catch {
        return null;
      }
    },
    write(key, value) {
      const text = JSON.stringify(value);
      memory.set(key, text);
      attempt((place) => place.setItem(key, text));
    },
    remove(key) {
      memory.delete(key);
      attempt((place) => place.removeItem(key));
    },
    removeAll(prefix) {
      const stored = attempt((place) => Array.from({ length: place.length }, (_, index) => place.key(index) ?? '')) ?? [];
      for (const key of new Set([...memory.keys(), ...stored])) if (key.startsWith(prefix)) this.remove(key);
    },
  };
}

/** What this tab keeps until it is closed. */
export const tabNotes: Notes = createNotes(() => sessionStorage);
/** What this browser keeps: settings only, nothing about people. */
export const browserNotes: Notes = createNotes(() => localStorage);
