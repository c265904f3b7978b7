import { createApi } from '#shared/api/client.ts';
import { createAskOnce } from '#shared/askOnce.ts';
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

const AGAIN = 'rollcall.signed_in_again';

/** Whether one has just come back from a sign-in that was asked for on the way: what was tapped is to be tapped once more. */
export const tapOnceMore = shallowRef(tabNotes.read(AGAIN) !== null);
tabNotes.remove(AGAIN);

/** What leaves the house by name wants a sign-in of today: inside 企业微信 it is silent, and comes back to this page. */
function signInAgain() {
  if (leaving || !guard.mayLeave()) return;
  tabNotes.write(AGAIN, true);
  location.replace(signInAddress(location.pathname + location.search));
}

/** Set when the server wants a code before it does what was asked: `CodeSheet` asks for it, and tells whether one was shown. */
export const { asked: wantsCode, ask: secondFactor } = createAskOnce();

export const api = createApi({ signedOut, signInAgain, secondFactor });
/** Tell that the session is known. */
export const signInArrived = guard.arrived;
