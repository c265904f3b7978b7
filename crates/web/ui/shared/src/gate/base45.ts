/** Base45 (RFC 9285): what a QR code holds in its alphanumeric mode. */
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:';

/** The bytes of a text; null where it is no base45. */
export function decodeBase45(text: string): Uint8Array | null {
  if (text.length % 3 === 1) return null;
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at += 3) {
    const [low = -1, middle = -1, high] = Array.from(text.slice(at, at + 3), (letter) => ALPHABET.indexOf(letter));
    if (low < 0 || middle < 0 || (high !== undefined && high < 0)) return null;
    const value = low + middle * 45 + (high ?? 0) * 2025;
    if (value > (high === undefined ? 0xff : 0xffff)) return null;
    if (high !== undefined) bytes.push(value >> 8);
    bytes.push(value & 0xff);
  }
  return Uint8Array.from(bytes);
}
