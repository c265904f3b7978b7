/** Whether a code is signed with a public key of the guide: Ed25519 of the browser where it has it, a library's where not. */
import { fromBase64url, type Code } from './code.ts';

type Verify = (key: Uint8Array<ArrayBuffer>, signature: Uint8Array<ArrayBuffer>, signed: Uint8Array<ArrayBuffer>) => Promise<boolean>;

/** The browser's own. It throws where the browser has none. */
export const byBrowser: Verify = async (key, signature, signed) => {
  const imported = await crypto.subtle.importKey('raw', key, { name: 'Ed25519' }, false, ['verify']);
  return crypto.subtle.verify({ name: 'Ed25519' }, imported, signature, signed);
};

/** The library's; by the strict rules of RFC 8032, as the server checks. */
export const byLibrary: Verify = async (key, signature, signed) => {
  const { verifyAsync } = await import('@noble/ed25519');
  return verifyAsync(signature, signed, key, { zip215: false });
};

let usable: Promise<Verify> | undefined;

/** Which of the two this browser uses, found out once. */
function chosen(): Promise<Verify> {
  // A key that RFC 8032 (7.1, test 1) names: whoever knows the algorithm takes it.
  usable ??= crypto.subtle
    .importKey('raw', fromBase64url('11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'), { name: 'Ed25519' }, false, ['verify'])
    .then(() => byBrowser, () => byLibrary);
  return usable;
}

/** Whether a code is signed with this key, in base64url. */
export async function isSignedWith(code: Code, publicKey: string, verify?: Verify): Promise<boolean> {
  try {
    const check = verify ?? (await chosen());
    return await check(fromBase64url(publicKey), code.signature, code.signed);
  } catch {
    return false;
  }
}
