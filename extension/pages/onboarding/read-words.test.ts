import { expect, test } from 'vitest';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { MAX_TYPED, readWords } from './read-words.ts';

const twelve = 'legal winner thank year wave sausage worth useful legal winner thank yellow';
const texts = (text: string): string[] => readWords(text, wordlist).words.map((word) => word.text);

test.each([
  ['as they are', twelve],
  ['with capitals, tabs and line breaks', `  ${twelve.toUpperCase().replaceAll(' ', '\t\n ')} `],
  ['with commas', twelve.replaceAll(' ', ', ')],
  [
    'with the numbers of a paper',
    twelve
      .split(' ')
      .map((word, index) => `${index + 1}. ${word}`)
      .join('\n'),
  ],
  [
    'with numbers that touch the words',
    twelve
      .split(' ')
      .map((word, index) => `${index + 1})${word}`)
      .join(' '),
  ],
  [
    'with bare numbers',
    twelve
      .split(' ')
      .map((word, index) => `${index + 1} ${word}`)
      .join(' '),
  ],
  ['with no-break and zero-width spaces', twelve.replaceAll(' ', '\u00a0\u200b')],
  ['in full-width letters', twelve.replace('legal', 'ｌｅｇａｌ')],
])('words are read %s', (_, text) => {
  expect(texts(text)).toEqual(twelve.split(' '));
  expect(readWords(text, wordlist).problem).toEqual({ kind: 'none' });
});

test('unknown words are named by their number', () => {
  const typed = readWords(twelve.replace('thank', 'thnak').replace('useful', 'xxxxxx'), wordlist);
  expect(typed.problem).toEqual({ kind: 'unknown', numbers: [3, 8] });
  expect(typed.words[2]?.suggestion).toBe('thank');
  expect(typed.words[7]?.suggestion).toBeNull();
});

test('the first four letters of a word are enough for a suggestion', () => {
  expect(readWords('aban', wordlist).words[0]?.suggestion).toBe('abandon');
});

test('another count than 12, 15 or 24 is told', () => {
  expect(readWords(`${twelve} legal`, wordlist).problem).toEqual({ kind: 'count', count: 13 });
  expect(readWords('', wordlist).problem).toEqual({ kind: 'count', count: 0 });
});

test('cannot be flooded by a pasted megabyte', () => {
  const typed = readWords('a '.repeat(500_000), wordlist);
  expect(typed.words.length).toBeLessThanOrEqual(30);
  expect(readWords('b'.repeat(1_000_000), wordlist).words[0]?.text.length).toBeLessThanOrEqual(MAX_TYPED);
});
