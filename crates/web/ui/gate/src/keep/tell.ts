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
      if (!(error instanceof Problem) || error.status !== 422) throw error;
      for (const passage of passages) await send([passage]).catch(unlessRefused);
    }
    await shelf.told(numbers);
    told += passages.length;
  }
}

function unlessRefused(error: unknown): void {
  if (!(error instanceof Problem) || error.status !== 422) throw error;
}
