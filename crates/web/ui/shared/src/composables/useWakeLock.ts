import { onScopeDispose } from 'vue';

type Lock = { release(): Promise<void> };
type Locks = { request(kind: 'screen'): Promise<Lock> };

/** Keeps the screen on while the page is visible, where the browser can. Ends with the scope. */
export function useWakeLock(): void {
  const locks = (navigator as { wakeLock?: Locks }).wakeLock;
  let lock: Lock | null = null;
  let ended = false;

  async function take() {
    if (!locks || ended || document.visibilityState !== 'visible') return;
    try {
      const taken = await locks.request('screen');
      // It is given back by itself whenever the page is hidden.
      if (ended) await taken.release();
      else lock = taken;
    } catch {
      // Low on battery, for example: the screen goes dark as it always does.
    }
  }

  const changed = () => void take();
  document.addEventListener('visibilitychange', changed);
  onScopeDispose(() => {
    ended = true;
    document.removeEventListener('visibilitychange', changed);
    void lock?.release().catch(() => undefined);
  });
  void take();
}
