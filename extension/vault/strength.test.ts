import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { generatePhrase, PHRASE_WORDS } from './phrase.ts';
import { strengthOf } from './strength.ts';

test.each([
  '',
  'password',
  'correcthorse',
  'Summer2026!',
  'nunetwallet2026',
  'qwertyuiop[]',
  'aaaaaaaaaaaaaaaaaaaa',
  'abcdefghijklmnop',
  'michael1985',
])('cannot choose "%s" as a password (NWL L-202)', (password) => {
  expect(strengthOf(password).isStrong).toBe(false);
});

test.each(['gravel-otter-mosaic-tuba-fern-lid', 'kT9#vq!2LmZx0', 'Ein Dachs verleiht dreizehn Geigen'])('"%s" is strong', (password) => {
  expect(strengthOf(password)).toMatchObject({ score: 4, isStrong: true });
});

test('each phrase on offer is six words, differs from the last, and is strong', () => {
  const phrases = Array.from({ length: 50 }, () => new TextDecoder().decode(generatePhrase((bytes) => new Uint8Array(randomBytes(bytes)))));
  expect(new Set(phrases).size).toBe(50);
  for (const phrase of phrases) {
    expect(phrase.split('-')).toHaveLength(PHRASE_WORDS);
    expect(strengthOf(phrase).isStrong).toBe(true);
  }
});

test('every word of the list can be drawn, none more often', () => {
  const at = (high: number, low: number): string =>
    new TextDecoder().decode(generatePhrase((bytes) => new Uint8Array(bytes).map((_, i) => (i % 2 === 0 ? high : low)))).split('-')[0] ??
    '';
  expect(at(0, 0)).toBe('abandon');
  expect(at(0xff, 0xff)).toBe('zoo');
  expect(at(0x08, 0)).toBe('abandon');
});

test('a pasted megabyte is judged in no time', () => {
  expect(strengthOf('x7'.repeat(500_000)).isStrong).toBe(false);
});
