import { expect, test } from 'vitest';
import { decodeBase45 } from './base45.ts';

const text = (bytes: Uint8Array | null) => bytes && new TextDecoder().decode(bytes);

test('the examples of RFC 9285', () => {
  expect(text(decodeBase45('BB8'))).toBe('AB');
  expect(text(decodeBase45('%69 VD92EX0'))).toBe('Hello!!');
  expect(text(decodeBase45('UJCLQE7W581'))).toBe('base-45');
  expect(text(decodeBase45('QED8WEX0'))).toBe('ietf!');
  expect(text(decodeBase45(''))).toBe('');
});

test.each(['A', ':::', '::', 'GGX', 'bb8', '中文字', 'BB8B'])('%s is none', (wrong) => {
  expect(decodeBase45(wrong)).toBeNull();
});
