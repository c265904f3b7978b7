/**
 * What a code says: a CWT (RFC 8392) in COSE_Sign1 (RFC 9052) in base45 behind `G1:`, as the server writes it. Reading says
 * nothing about whether it is to be believed; `verify.ts` does.
 */
import { decode, encode } from 'cborg';
import { decodeBase45 } from '#shared/gate/base45.ts';

export type Code = {
  /** The keys it says it is signed with, in hex. */
  kid: string;
  /** Whom it is of, to whoever has the keys of the day; base64url, as the guide's lists have it. */
  pseudonym: string;
  /** Whether it is a visitor's, whom no guide knows. */
  visitor: boolean;
  /** Until when it is good, in seconds since 1970. */
  end: number;
  /** Its own id, in hex. */
  jti: string;
  /** What the signature is of. */
  signed: Uint8Array<ArrayBuffer>;
  signature: Uint8Array<ArrayBuffer>;
};

const PREFIX = 'G1:';
/** No code is longer. */
const LONGEST = 400;
const ALGORITHM = 1;
const KEY_ID = 4;
const CRITICAL = 2;
const EDDSA = -8;
const EXPIRES = 4;
const CWT_ID = 7;
const PSEUDONYM = -65_537;
const VISITOR = -65_540;

/** Reads a code; null where it is none of ours. */
export function readCode(text: string): Code | null {
  if (!text.startsWith(PREFIX) || text.length > LONGEST) return null;
  const bytes = decodeBase45(text.slice(PREFIX.length));
  if (!bytes || bytes.length === 0) return null;
  try {
    return codeOf(parse(bytes));
  } catch {
    return null;
  }
}

const parse = (bytes: Uint8Array): unknown => decode(bytes, { useMaps: true, strict: true, allowIndefinite: false, rejectDuplicateMapKeys: true });

function codeOf(message: unknown): Code | null {
  if (!Array.isArray(message) || message.length !== 4) return null;
  const [protectedBytes, open, payload, signature] = message as unknown[];
  if (!isBytes(protectedBytes) || !isMap(open) || open.size !== 0 || !isBytes(payload) || !isBytes(signature)) return null;
  const header = parse(protectedBytes);
  const claims = parse(payload);
  if (!isMap(header) || !isMap(claims) || header.get(ALGORITHM) !== EDDSA || header.has(CRITICAL)) return null;
  const kid = header.get(KEY_ID);
  const visitor = claims.has(VISITOR);
  if (visitor && claims.has(PSEUDONYM)) return null;
  const [end, jti, pseudonym] = [claims.get(EXPIRES), claims.get(CWT_ID), claims.get(visitor ? VISITOR : PSEUDONYM)];
  if (!isBytes(kid, 4) || !isBytes(jti, 8) || !isBytes(pseudonym, 12) || !isBytes(signature, 64)) return null;
  if (typeof end !== 'number' || !Number.isSafeInteger(end)) return null;
  return {
    kid: hex(kid),
    pseudonym: base64url(pseudonym),
    visitor,
    end,
    jti: hex(jti),
    signed: Uint8Array.from(encode(['Signature1', protectedBytes, new Uint8Array(0), payload])),
    signature: Uint8Array.from(signature),
  };
}

function isBytes(value: unknown, length?: number): value is Uint8Array {
  return value instanceof Uint8Array && (length === undefined || value.length === length);
}

const isMap = (value: unknown): value is Map<unknown, unknown> => value instanceof Map;

export const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

export function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

export function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}
