import { onScopeDispose, shallowRef, type ShallowRef } from 'vue';
import { asCode, Wedge } from './wedge.ts';

/** Listens to a hand scanner. What is typed into a field is the field's. Ends with the scope. */
export function useWedge(scanned: (text: string) => void) {
  const wedge = new Wedge();
  /** An input method swallows what the scanner types: it is to be switched to English. */
  const swallowed = shallowRef(false);

  function key(event: KeyboardEvent) {
    if (event.target instanceof HTMLElement && event.target.closest('input, textarea, select')) return;
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === 'Process') {
      swallowed.value = true;
      return;
    }
    // A blank presses the button that has the focus, as Enter does.
    if (event.key === ' ' && wedge.isTyping(event.timeStamp)) event.preventDefault();
    const text = wedge.key(event.key, event.timeStamp);
    if (text === null) return;
    swallowed.value = false;
    event.preventDefault();
    scanned(asCode(text));
  }

  addEventListener('keydown', key, { capture: true });
  onScopeDispose(() => removeEventListener('keydown', key, { capture: true }));
  return { swallowed: swallowed as Readonly<ShallowRef<boolean>> };
}
