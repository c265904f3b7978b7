import { createApi } from '#shared/api/client.ts';
import { createSignInGuard, signInAddress } from '#shared/session.ts';
import { tabNotes } from '#shared/storage.ts';
import { shallowRef } from 'vue';

const guard = createSignInGuard(tabNotes, Date.now);

/** Set when signing in leads nowhere: the browser keeps no session. */
export const signInFails = shallowRef(false);

let leaving = false;

function signedOut() {
  if (leaving || location.pathname.endsWith('/signed-out')) return;
  leaving = true;
  if (!guard.mayLeave()) signInFails.value = true;
  else location.replace(signInAddress(location.pathname + location.search));
}

export const api = createApi({ signedOut });
/** Tell that the session is known. */
export const signInArrived = guard.arrived;
