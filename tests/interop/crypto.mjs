// Tencent's own @wecom/crypto, sealing callbacks for us or opening ours. Lines as crates/wecom/examples/callback_lines.rs
// writes them.
//
//   node crypto.mjs seal|open TOKEN KEY RECEIVER MOST

import { createInterface } from 'node:readline';

import { decrypt, encrypt, getSignature } from '@wecom/crypto';

const [verb, token, key, receiver, most] = process.argv.slice(2);
const last = Number(most);

/** The message of a length: three-byte characters as far as they go, then single bytes. */
function message(length) {
  let text = '点名'.repeat(Math.ceil(length / 6)).slice(0, Math.floor(length / 3));
  for (let n = 0; n < length % 3; n++) text += String.fromCharCode(97 + (n % 26));
  return text;
}

if (verb === 'seal') {
  for (let length = 0; length <= last; length++) {
    const [timestamp, nonce] = [String(1700000000 + length), `nonce${length}`];
    const sealed = encrypt(key, message(length), receiver);
    const signature = getSignature(token, timestamp, nonce, sealed);
    const envelope = `<xml><ToUserName><![CDATA[${receiver}]]></ToUserName><Encrypt><![CDATA[${sealed}]]></Encrypt></xml>`;
    console.log(JSON.stringify({ length, timestamp, nonce, signature, envelope }));
  }
} else {
  const lengths = new Set();
  for await (const line of createInterface({ input: process.stdin })) {
    const { length, timestamp, nonce, signature, envelope } = JSON.parse(line);
    const [, sealed] = envelope.match(/<Encrypt><!\[CDATA\[(.*?)\]\]><\/Encrypt>/);
    if (getSignature(token, timestamp, nonce, sealed) !== signature) throw new Error(`length ${length}: signature`);
    const opened = decrypt(key, sealed);
    if (opened.message !== message(length) || opened.id !== receiver) throw new Error(`length ${length}: another message`);
    lengths.add(length);
  }
  if (lengths.size !== last + 1) throw new Error(`${lengths.size} lengths of ${last + 1}`);
  console.log(lengths.size);
}
