import { onScopeDispose } from 'vue';

type PollingOptions = {
  /** Milliseconds between the end of one turn and the start of the next. */
  every: number;
  /** Asked before each turn; the polling sleeps while it says no. */
  while?: () => boolean;
};

/**
 * Does `work` again and again while the page is visible, one turn at a time, and at once when the
 * page becomes visible again. Ends with the scope.
 */
export function usePolling(work: () => Promise<void>, { every, while: wanted = () => true }: PollingOptions): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ended = false;
  let working = false;

  function plan() {
    clearTimeout(timer);
    if (!ended && document.visibilityState === 'visible') timer = setTimeout(() => void turn(), every);
  }

  async function turn() {
    if (working) return;
    working = true;
    try {
      if (wanted()) await work();
    } finally {
      working = false;
      plan();
    }
  }

  function visibilityChanged() {
    if (document.visibilityState === 'visible') void turn();
    else clearTimeout(timer);
  }

  document.addEventListener('visibilitychange', visibilityChanged);
  onScopeDispose(() => {
    ended = true;
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', visibilityChanged);
  });
  plan();
}
