// Opens one callback over and over with Tencent's own package: signature compared, then decrypted.
// Reads {token, key, timestamp, nonce, signature, encrypt, seconds} from standard input, prints times a second.
import { readFileSync } from 'node:fs'
import { decrypt, getSignature } from '@wecom/crypto'

const { token, key, timestamp, nonce, signature, encrypt, seconds } = JSON.parse(readFileSync(0, 'utf8'))

function open() {
  if (getSignature(token, timestamp, nonce, encrypt) !== signature) throw new Error('signature')
  return decrypt(key, encrypt).message.length
}

function rate(seconds) {
  const began = performance.now()
  let count = 0
  let elapsed = 0
  while (elapsed < seconds * 1000) {
    for (let i = 0; i < 500; i++) open()
    count += 500
    elapsed = performance.now() - began
  }
  return (count / elapsed) * 1000
}

rate(0.5) // compiled by then
console.log(rate(seconds))
