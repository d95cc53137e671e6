// A password on offer: six words of the BIP-39 list, drawn evenly: 66 bits.
import { wordlist } from '@scure/bip39/wordlists/english.js';

export const PHRASE_WORDS = 6;

/** Words that one dash parts, in UTF-8. 2,048 words are eleven bits each, so that masked bytes are even. */
export function generatePhrase(random: (bytes: number) => Uint8Array): Uint8Array {
  const drawn = random(PHRASE_WORDS * 2);
  const words = Array.from(
    { length: PHRASE_WORDS },
    (_, index) => wordlist[(((drawn[2 * index] ?? 0) << 8) | (drawn[2 * index + 1] ?? 0)) & 0x7ff] ?? '',
  );
  drawn.fill(0);
  return new TextEncoder().encode(words.join('-'));
}
