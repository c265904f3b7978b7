import { onScopeDispose, shallowRef, type Ref } from 'vue';
import { current, serverNow, type Batch, type Shown } from '#shared/gate/batch.ts';

/** The code of now and the server's clock, drawn anew as time goes. Ends with the scope. */
export function useShown(batch: Ref<Batch | null>) {
  const shown = shallowRef<Shown | null>(null);
  const now = shallowRef(serverNow(batch.value, Date.now()));
  let drawn = 0;
  let frame: number | undefined;

  /** Twenty times a second: smooth enough for a hand that sweeps, and little work for a cheap phone. */
  function draw(at = 0) {
    frame = requestAnimationFrame(draw);
    if (at - drawn < 45 && drawn > 0) return;
    drawn = at;
    const phone = Date.now();
    now.value = serverNow(batch.value, phone);
    shown.value = batch.value && current(batch.value, phone);
  }

  onScopeDispose(() => {
    if (frame !== undefined) cancelAnimationFrame(frame);
  });
  draw();
  return { shown, now };
}
