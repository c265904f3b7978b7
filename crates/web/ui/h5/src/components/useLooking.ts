import { onScopeDispose } from 'vue';

/**
 * Looks now, every `pause` milliseconds while the page is seen, and at once when it is seen again or the network is back.
 * Gives what looks out of turn. Ends with the scope.
 */
export function useLooking(look: () => Promise<void>, pause: number): () => Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ended = false;

  async function again() {
    clearTimeout(timer);
    if (document.visibilityState === 'visible') await look();
    clearTimeout(timer);
    // Left while it looked: nobody is there to look for.
    if (!ended) timer = setTimeout(() => void again(), pause);
  }

  const back = () => void again();
  addEventListener('online', back);
  document.addEventListener('visibilitychange', back);
  onScopeDispose(() => {
    ended = true;
    clearTimeout(timer);
    removeEventListener('online', back);
    document.removeEventListener('visibilitychange', back);
  });
  void again();
  return again;
}
