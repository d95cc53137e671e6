import { expect, test } from 'vitest';
import fc from 'fast-check';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { askWords, isRight, pickFrom, placesOf, QUESTIONS } from './phrase-words.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const pick = pickFrom((count) => crypto.getRandomValues(new Uint8Array(count)));

test('words become their places in the list', () => {
  expect([...placesOf(bytes('abandon ability zoo'), wordlist)]).toEqual([0, 1, 2047]);
});

test('cannot show a phrase with a word that is not in the list, and does not say which', () => {
  expect(() => placesOf(bytes('abandon secretword'), wordlist)).toThrow(/^((?!secretword).)*$/);
});

test('three different places are asked in order, each with the right word among decoys', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(2047), { minLength: 12, maxLength: 24 }), (all) => {
      const places = Uint16Array.from(all);
      const questions = askWords(places, wordlist.length, pick);
      expect(questions).toHaveLength(QUESTIONS);
      expect(new Set(questions.map(({ number }) => number)).size).toBe(QUESTIONS);
      for (const question of questions) {
        expect(new Set(question.choices).size).toBe(question.choices.length);
        expect(question.choices.filter((choice) => isRight(places, question, choice))).toHaveLength(1);
        expect(question.choices.length).toBeGreaterThanOrEqual(3);
      }
    }),
  );
});

test('a phrase of distinct words has three of its own words as decoys', () => {
  const places = Uint16Array.from({ length: 24 }, (_, index) => index * 80);
  for (const question of askWords(places, wordlist.length, pick)) {
    expect(question.choices).toHaveLength(6);
    expect(question.choices.filter((choice) => places.includes(choice)).length).toBeGreaterThanOrEqual(4);
  }
});

test('no number is picked more often than others because of how bytes are read', () => {
  const given = [Uint8Array.of(0xff, 0xff), Uint8Array.of(0, 7)];
  // 65,535 lies beyond the last whole multiple of 24 and is thrown away.
  expect(pickFrom(() => given.shift() ?? Uint8Array.of(0, 0))(24)).toBe(7);
});
