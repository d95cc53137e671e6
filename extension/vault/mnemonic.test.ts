// Recovery words: what a person may type, and how a mistake is told without telling the words.
import { entropyToMnemonic, mnemonicToEntropy } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { bytesToHex, hexToBytes, randomBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';
import { describe, expect, test } from 'vitest';
import { entropyOfWords, wordsOfEntropy } from './mnemonic.ts';

const read = (text: string): string => bytesToHex(entropyOfWords(utf8ToBytes(text)));
const written = (entropy: Uint8Array): string => new TextDecoder().decode(wordsOfEntropy(entropy));
const TWELVE = 'legal winner thank year wave sausage worth useful legal winner thank yellow';
const TWELVE_ENTROPY = '7f'.repeat(16);

/** The error that reading this text throws. */
function failure(text: string): NunetError {
  try {
    read(text);
  } catch (error) {
    if (error instanceof NunetError) return error;
    throw error;
  }
  throw new Error('it was read');
}

test('the published vectors of BIP-39, both ways', () => {
  const vectors: [string, string][] = [
    [TWELVE_ENTROPY, TWELVE],
    ['00'.repeat(16), `${'abandon '.repeat(11)}about`],
    ['ff'.repeat(32), `${'zoo '.repeat(23)}vote`],
    [
      '80'.repeat(32),
      'letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd amount doctor acoustic bless',
    ],
  ];
  for (const [entropy, words] of vectors) {
    expect(read(words)).toBe(entropy);
    expect(written(hexToBytes(entropy))).toBe(words);
  }
});

test('agrees with another implementation over 300 random phrases of each length', () => {
  for (const size of [16, 20, 32]) {
    for (let i = 0; i < 300; i++) {
      const entropy = randomBytes(size);
      const words = entropyToMnemonic(entropy, wordlist);
      expect(written(entropy)).toBe(words);
      expect(read(words)).toBe(bytesToHex(mnemonicToEntropy(words, wordlist)));
    }
  }
});

describe('what a person types is read', () => {
  const forms: Record<string, string> = {
    'in capitals': TWELVE.toUpperCase(),
    'with spaces before, after and between': `  \t${TWELVE.replaceAll(' ', '   ')}\n`,
    'one word a line, numbered': TWELVE.split(' ')
      .map((word, at) => `${at + 1}. ${word}`)
      .join('\r\n'),
    'with commas': TWELVE.replaceAll(' ', ', '),
    'with the spaces of a web page': TWELVE.replaceAll(' ', '\u00a0'),
    'in full-width letters': TWELVE.replaceAll(' ', '\u3000').replaceAll(/[a-z]/g, (letter) =>
      String.fromCharCode(letter.charCodeAt(0) + 0xfee0),
    ),
  };
  for (const [name, form] of Object.entries(forms)) test(name, () => expect(read(form)).toBe(TWELVE_ENTROPY));
});

describe('a mistake is named', () => {
  test('by the places of unknown words', () => {
    const error = failure(TWELVE.replace('winner', 'winer').replace('yellow', 'yellov'));
    expect(error.code).toBe('words-unknown');
    expect(error.message).toContain('words 2 and 12 are not in the list');
  });

  test('by the number of words', () => {
    for (const count of [0, 1, 11, 13, 18, 21, 25]) {
      const error = failure('abandon '.repeat(count));
      expect(error.code).toBe('words-count');
      expect(error.message).toContain(`there are ${count}, want 12, 15 or 24`);
    }
  });

  test('by the checksum', () => {
    expect(failure(TWELVE.replace('yellow', 'year')).code).toBe('words-checksum');
    expect(failure(TWELVE.split(' ').toReversed().join(' ')).code).toBe('words-checksum');
  });

  test('cannot put a word, right or wrong, into an error', () => {
    const wrong = [TWELVE.replace('winner', 'wynner'), TWELVE.replace('yellow', 'year'), `${TWELVE} extra`, `${TWELVE} ${'é'.repeat(700)}`];
    const listed = new Set([
      'word',
      'list',
      'one',
      'change',
      'mistake',
      'order',
      'there',
      'look',
      'type',
      'can',
      'recovery',
      'than',
      'that',
      'this',
      'together',
    ]);
    for (const text of wrong) {
      const error = failure(text);
      const said = new Set(error.message.toLowerCase().match(/[a-z]+/g));
      expect(error.cause).toBeUndefined();
      expect(text.split(' ').filter((word) => said.has(word) && !listed.has(word))).toEqual([]);
    }
  });
});

test('cannot be made to read a megabyte', () => {
  expect(failure('abandon '.repeat(131_072)).code).toBe('words-count');
});
