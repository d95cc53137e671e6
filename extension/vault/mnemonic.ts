// Recovery words (BIP-39, English) between bytes of text and entropy. Never a string: a string cannot be overwritten, and nobody knows how
// long an engine keeps it.
import { sha256 } from '@noble/hashes/sha2.js';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { NunetError } from '@nunet/shared/errors.ts';

/** Entropy bytes by the number of words that a person may bring. */
const ENTROPY_BYTES: Readonly<Record<number, number>> = { 12: 16, 15: 20, 24: 32 };
/** A word says 11 bits. */
const BITS = 11;
/** 24 words of 8 letters, numbers before them, generous spacing. */
export const MAX_PHRASE_BYTES = 1024;
const MOST_WORDS = 24;

const isLetter = (byte: number): boolean => byte >= 0x61 && byte <= 0x7a;

/** Below 0, 0 or above: where these bytes stand beside a word of the list. */
function compare(bytes: Uint8Array, word: string): number {
  const shared = Math.min(bytes.length, word.length);
  for (let i = 0; i < shared; i++) {
    const difference = (bytes[i] ?? 0) - word.charCodeAt(i);
    if (difference !== 0) return difference;
  }
  return bytes.length - word.length;
}

/** Number of a word; -1 when it is not in the list, which is in alphabetical order. */
function numberOf(bytes: Uint8Array): number {
  let low = 0;
  let high = wordlist.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const order = compare(bytes, wordlist[middle] ?? '');
    if (order === 0) return middle;
    if (order < 0) high = middle - 1;
    else low = middle + 1;
  }
  return -1;
}

/** Small letters, NFKD. Makes a string only of text that is not plain ASCII: full-width letters, unusual spaces. */
function normalised(text: Uint8Array): Uint8Array {
  const bytes = text.some((byte) => byte >= 0x80)
    ? new TextEncoder().encode(new TextDecoder().decode(text).normalize('NFKD'))
    : text.slice();
  for (const [at, byte] of bytes.entries()) if (byte >= 0x41 && byte <= 0x5a) bytes[at] = byte + 0x20;
  return bytes;
}

/** The words' numbers. Digits, dots, commas and any white space stand between words. */
function wordNumbers(text: Uint8Array): number[] {
  const bytes = normalised(text);
  try {
    const numbers: number[] = [];
    let start = -1;
    for (let at = 0; at <= bytes.length; at++) {
      const byte = bytes[at] ?? 0x20;
      const isInside = isLetter(byte) || byte >= 0x80;
      if (isInside && start < 0) start = at;
      if (isInside || start < 0) continue;
      numbers.push(numberOf(bytes.subarray(start, at)));
      start = -1;
    }
    return numbers;
  } finally {
    bytes.fill(0);
  }
}

/** First byte of the SHA-256, of which a quarter of a bit a byte is the checksum. */
const checksum = (entropy: Uint8Array): number => sha256(entropy)[0] ?? 0;

const list = (numbers: readonly number[]): string =>
  numbers.length === 1 ? `word ${numbers[0]} is` : `words ${numbers.slice(0, -1).join(', ')} and ${numbers.at(-1)} are`;

/** Throws `words-count`, `words-unknown` (by position: the words themselves are in no message), `words-checksum`. */
export function entropyOfWords(text: Uint8Array): Uint8Array {
  if (text.length > MAX_PHRASE_BYTES) throw new NunetError('words-count', 'Cannot read the words: this is longer than 24 words can be');
  const numbers = wordNumbers(text);
  const size = ENTROPY_BYTES[numbers.length];
  if (size === undefined)
    throw new NunetError('words-count', `Cannot read the words: there are ${Math.min(numbers.length, 999)}, want 12, 15 or 24`);
  const unknown = numbers.flatMap((number, index) => (number < 0 ? [index + 1] : []));
  if (unknown.length > 0)
    throw new NunetError(
      'words-unknown',
      `Cannot read the words: ${list(unknown)} not in the list of recovery words; look for a typing mistake`,
    );
  const entropy = new Uint8Array(size);
  let rest = 0;
  for (const [index, number] of numbers.entries()) {
    for (let bit = 0; bit < BITS; bit++) {
      const at = index * BITS + bit;
      const value = (number >> (BITS - 1 - bit)) & 1;
      if (at < size * 8) entropy[at >> 3] = (entropy[at >> 3] ?? 0) | (value << (7 - (at & 7)));
      else rest = (rest << 1) | value;
    }
  }
  numbers.fill(0);
  if (rest === checksum(entropy) >> (8 - size / 4)) return entropy;
  entropy.fill(0);
  throw new NunetError(
    'words-checksum',
    'Cannot read the words: each is in the list, but together they are no recovery phrase; one is wrong, or their order is',
  );
}

/** The words with single spaces, in bytes. */
export function wordsOfEntropy(entropy: Uint8Array): Uint8Array {
  const count = (entropy.length * 8 + entropy.length / 4) / BITS;
  if (!Number.isInteger(count) || count > MOST_WORDS) throw new RangeError('no such number of words');
  const sum = checksum(entropy);
  const bitAt = (at: number): number =>
    at < entropy.length * 8 ? ((entropy[at >> 3] ?? 0) >> (7 - (at & 7))) & 1 : (sum >> (7 - (at - entropy.length * 8))) & 1;
  const out = new Uint8Array(MAX_PHRASE_BYTES);
  let end = 0;
  for (let index = 0; index < count; index++) {
    let number = 0;
    for (let bit = 0; bit < BITS; bit++) number = (number << 1) | bitAt(index * BITS + bit);
    const word = wordlist[number] ?? '';
    if (index > 0) out[end++] = 0x20;
    for (let i = 0; i < word.length; i++) out[end++] = word.charCodeAt(i);
  }
  const words = out.slice(0, end);
  out.fill(0);
  return words;
}
