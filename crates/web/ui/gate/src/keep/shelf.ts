/** What this device keeps in the browser's database: who it is, what it decides by, and what it has to tell. */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { components } from '#shared/api/schema.d.ts';
import type { ClockNote } from '../decide/clock.ts';
import type { Direction, Guide } from '../decide/decide.ts';

export type Carried = components['schemas']['GateCarried'];
export type Device = { token: string; id: number; name: string; gate: string };
/** The guide, when it came, and what it said of the clock. */
export type KeptGuide = { guide: Guide; came: number; clock: ClockNote };
/** How many this device let through on a day. */
export type Counts = { day: string; in: number; out: number };

type Kept = { device: Device; guide: KeptGuide; counts: Counts; direction: Direction };
/** A passage that waits to be told: in the order it happened. */
type Waiting = { nth?: number; passage: Carried };
/** A code that was let through, until it is worth nothing anyway. */
type Used = { jti: string; until: number };

interface Shelves extends DBSchema {
  kept: { key: string; value: Kept[keyof Kept] };
  waiting: { key: number; value: Waiting; indexes: { id: string } };
  used: { key: string; value: Used; indexes: { until: number } };
}

/** Passages of one telling at most, as the server has it. */
export const MOST_TOLD = 100;

export class Shelf {
  private constructor(private readonly database: IDBPDatabase<Shelves>) {}

  static async open(name = 'rollcall-gate'): Promise<Shelf> {
    const database = await openDB<Shelves>(name, 1, {
      upgrade(fresh) {
        fresh.createObjectStore('kept');
        fresh.createObjectStore('waiting', { keyPath: 'nth', autoIncrement: true }).createIndex('id', 'passage.id', { unique: true });
        fresh.createObjectStore('used', { keyPath: 'jti' }).createIndex('until', 'until');
      },
    });
    return new Shelf(database);
  }

  async read<Name extends keyof Kept>(name: Name): Promise<Kept[Name] | null> {
    return ((await this.database.get('kept', name)) as Kept[Name] | undefined) ?? null;
  }

  async keep<Name extends keyof Kept>(name: Name, value: Kept[Name]): Promise<void> {
    await this.database.put('kept', value, name);
  }

  /** Keeps a passage that is to be told, and its code as used where it was let through: both or neither. */
  async decided(passage: Carried, used: Used | null): Promise<void> {
    const act = this.database.transaction(['waiting', 'used'], 'readwrite', { durability: 'strict' });
    const known = await act.objectStore('waiting').index('id').getKey(passage.id);
    if (known === undefined) await act.objectStore('waiting').add({ passage });
    if (used) await act.objectStore('used').put(used);
    await act.done;
  }

  /** Notes that a code was let through, and forgets those that are worth nothing any more. */
  async use(used: Used, now: number): Promise<void> {
    const act = this.database.transaction('used', 'readwrite');
    await act.store.put(used);
    for (const jti of await act.store.index('until').getAllKeys(IDBKeyRange.upperBound(now))) await act.store.delete(jti);
    await act.done;
  }

  async isUsed(jti: string): Promise<boolean> {
    return (await this.database.getKey('used', jti)) !== undefined;
  }

  /** The oldest that wait, as many as are told at once, each under the number it is forgotten by. */
  async waiting(): Promise<{ numbers: number[]; passages: Carried[] }> {
    const rows = await this.database.getAll('waiting', undefined, MOST_TOLD);
    return { numbers: rows.flatMap(({ nth }) => (nth === undefined ? [] : [nth])), passages: rows.map(({ passage }) => passage) };
  }

  count(): Promise<number> {
    return this.database.count('waiting');
  }

  /** Forgets what the server has. */
  async told(numbers: readonly number[]): Promise<void> {
    const act = this.database.transaction('waiting', 'readwrite');
    await Promise.all([...numbers.map((nth) => act.store.delete(nth)), act.done]);
  }

  /** Forgets everything: the device is none any more. */
  async clear(): Promise<void> {
    const act = this.database.transaction(['kept', 'waiting', 'used'], 'readwrite');
    await Promise.all([act.objectStore('kept').clear(), act.objectStore('waiting').clear(), act.objectStore('used').clear(), act.done]);
  }

  close(): void {
    this.database.close();
  }
}
