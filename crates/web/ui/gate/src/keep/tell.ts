/** Tells the server what was decided without it: oldest first, each until the server says that it has it. */
import { Problem } from '#shared/api/problem.ts';
import type { Carried, Shelf } from './shelf.ts';

/** Sends some; gives when the server has them. */
export type Send = (passages: Carried[]) => Promise<void>;

/**
 * Tells all that waits. What fails stays, and is told again the next time: the server keeps each once. Gives how many
 * were told.
 */
export async function tellAll(shelf: Shelf, send: Send): Promise<number> {
  let told = 0;
  for (;;) {
    const { numbers, passages } = await shelf.waiting();
    if (passages.length === 0) return told;
    try {
      await send(passages);
    } catch (error) {
      // One that the server will never take must not keep the others: it is told alone, and dropped where that is refused.
      if (!isRefused(error)) throw error;
      // Each is forgotten as soon as the server has it: where it asks to wait, the next time goes on from there.
      for (const [nth, passage] of passages.entries()) {
        await send([passage]).catch(unlessRefused);
        await shelf.told(numbers.slice(nth, nth + 1));
      }
    }
    await shelf.told(numbers);
    told += passages.length;
  }
}

/** Unreadable, too long or invalid: the same tomorrow as today. */
const isRefused = (error: unknown) => error instanceof Problem && [400, 413, 422].includes(error.status ?? 0);

function unlessRefused(error: unknown): void {
  if (!isRefused(error)) throw error;
}
