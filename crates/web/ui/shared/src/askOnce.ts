import { shallowRef, type ShallowRef } from 'vue';

/** A question to whoever is there, which much may wait for and which is asked once. */
export type AskOnce = {
  /** How to answer while it is asked; null: nothing is asked. */
  readonly asked: Readonly<ShallowRef<((yes: boolean) => void) | null>>;
  /** Asks, or waits for the answer that is being waited for already. */
  ask: () => Promise<boolean>;
};

/** Makes such a question; a dialog looks at `asked` and answers. */
export function createAskOnce(): AskOnce {
  const asked = shallowRef<((yes: boolean) => void) | null>(null);
  let waiting: Promise<boolean> | null = null;

  function ask(): Promise<boolean> {
    waiting ??= new Promise<boolean>((resolve) => {
      asked.value = resolve;
    }).finally(() => {
      waiting = null;
      asked.value = null;
    });
    return waiting;
  }

  return { asked, ask };
}
