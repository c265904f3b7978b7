import { shallowRef } from 'vue';
import { createApi } from '#shared/api/client.ts';
import { asProblem } from '#shared/api/problem.ts';
import { upload, type Step } from '#shared/api/upload.ts';
import { createAskOnce } from '#shared/askOnce.ts';

let leaving = false;

/** Leaves for the landing page, which keeps where one was. A real load: nothing of the session stays in memory. */
export function signedOut() {
  if (leaving || location.pathname === '/admin/sign-in') return;
  leaving = true;
  const to = location.pathname + location.search;
  location.replace(`/admin/sign-in?to=${encodeURIComponent(to)}`);
}

/** Set when the server wants a fresh sign-in before it does what was asked: `SignInAgain` asks for it. */
export const wantsSignIn = shallowRef(false);
const signInAgain = () => (wantsSignIn.value = true);

/** Set when the server wants a code before it does what was asked: `AskCode` asks for it, and tells whether one was shown. */
export const { asked: wantsCode, ask: secondFactor } = createAskOnce();

export const api = createApi({ signedOut, signInAgain, secondFactor });
/** For files: a large one takes longer than a question. */
export const patientApi = createApi({ signedOut, signInAgain, secondFactor, timeout: 180_000 });

/** Sends a file whose answer comes in steps; once more after a code, where one is wanted first. */
export async function sendFile<T>(path: string, file: File, on: (step: Step) => void): Promise<T> {
  const send = () => upload<T>({ path, file, on, signedOut });
  try {
    return await send();
  } catch (error) {
    const { code } = asProblem(error);
    if (code === 'sign_in_again') signInAgain();
    if (code === 'second_factor_needed' && (await secondFactor())) return send();
    throw error;
  }
}

/** What a request with nothing but a file in its body needs beside its path. */
export function fileBody(file: File, { named = false } = {}) {
  return {
    headers: { 'Content-Type': 'application/octet-stream', ...(named ? { 'X-File-Name': encodeURIComponent(file.name) } : {}) },
    body: file as never,
    bodySerializer: (body: unknown) => body as File,
  };
}
