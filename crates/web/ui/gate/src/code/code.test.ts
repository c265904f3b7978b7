import { describe, expect, test } from 'vitest';
import fixture from '../../../../../../fixtures/gate/codes.json';
import { decodeBase45 } from '#shared/gate/base45.ts';
import { base64url, fromBase64url, readCode } from './code.ts';
import { byBrowser, byLibrary, isSignedWith } from './verify.ts';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:';
function base45(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 2) {
    const [high = 0, low] = bytes.slice(at, at + 2);
    const value = low === undefined ? high : high * 256 + low;
    text += ALPHABET.charAt(value % 45) + ALPHABET.charAt(Math.floor(value / 45) % 45);
    if (low !== undefined) text += ALPHABET.charAt(Math.floor(value / 2025));
  }
  return text;
}
const fromHex = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
const publicKey = base64url(fromHex(fixture.public_key));

describe('what the server wrote', () => {
  test.each(fixture.codes)('is read as it was meant: $jti', ({ code, end, jti, pseudonym, visitor = false }) => {
    expect(readCode(code)).toMatchObject({ kid: fixture.kid, end, jti, pseudonym: base64url(fromHex(pseudonym)), visitor });
  });

  test.each([
    ['the browser', byBrowser],
    ['the library', byLibrary],
  ])('is believed by %s with the right key alone', async (_, verify) => {
    const other = Uint8Array.from(fromBase64url(publicKey));
    other[0] = (other[0] ?? 0) ^ 1;
    for (const { code } of fixture.codes) {
      const read = readCode(code);
      if (!read) throw new Error('not read');
      expect(await isSignedWith(read, publicKey, verify)).toBe(true);
      expect(await isSignedWith(read, base64url(other), verify)).toBe(false);
      expect(await isSignedWith(read, '', verify)).toBe(false);
    }
  });

  test.each([
    ['the browser', byBrowser, 8],
    ['the library', byLibrary, 1],
  ])('is not believed by %s with any byte changed', async (_, verify, bits) => {
    const text = fixture.codes[0]?.code ?? '';
    const bytes = decodeBase45(text.slice(3)) ?? new Uint8Array(0);
    expect(bytes.length).toBeGreaterThan(100);
    let believed = 0;
    for (let index = 0; index < bytes.length; index++) {
      for (let bit = 0; bit < bits; bit++) {
        const changed = Uint8Array.from(bytes);
        changed[index] = (changed[index] ?? 0) ^ (1 << bit);
        const read = readCode(`G1:${base45(changed)}`);
        if (read && (await isSignedWith(read, publicKey, verify))) believed++;
      }
    }
    expect(believed).toBe(0);
  });

  test('is nothing when it is cut', () => {
    const text = fixture.codes[1]?.code ?? '';
    for (let length = 0; length < text.length; length++) expect(readCode(text.slice(0, length))).toBeNull();
  });
});

test('other texts are none of ours', () => {
  for (const text of ['', 'G1:', 'g1:6BF', 'HC1:6BFOXN', 'G1:中文', 'https://example.com/', 'G1:::::::', `G1:${'0'.repeat(10_000)}`]) {
    expect(readCode(text)).toBeNull();
  }
});
