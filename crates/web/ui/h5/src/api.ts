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

/** What leaves the house by name wants a sign-in of today: inside 企业微信 it is silent, and comes back to this page. */
function signInAgain() {
  if (!leaving && guard.mayLeave()) location.replace(signInAddress(location.pathname + location.search));
}

export const api = createApi({ signedOut, signInAgain });
/** Tell that the session is known. */
export const signInArrived = guard.arrived;
