import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { en } from './en.ts';
import { es } from './es.ts';

/** Every sentence of a catalog by its path; a function is called with stand-ins, so that its words are seen too. */
function sentences(value: unknown, path: string): [path: string, text: string][] {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value === 'function') {
    const texts = [1, 2].map((count) => {
      const stand = Array.from({ length: value.length }, () => count);
      return String((value as (...args: unknown[]) => unknown)(...stand));
    });
    return [[path, texts.join(' ')]];
  }
  if (typeof value === 'object' && value !== null) return Object.entries(value).flatMap(([key, part]) => sentences(part, `${path}.${key}`));
  return [];
}

/** The same in both languages: names, units, and words that Spanish shares. */
const SHARED = new Set([
  'Devnet',
  'Preview',
  'Preprod',
  'Koios',
  'Blockfrost',
  'Pool',
  'Tokens',
  'General',
  'addr_test1…',
  '1 byte 2 bytes',
]);
const isShared = (text: string): boolean => SHARED.has(text) || !/\p{Ll}{3}/u.test(text.replaceAll(/\b(?:NTX|ADA|CIP-\d+|https?)\b/g, ''));

describe('the catalogs', () => {
  test('Spanish has no sentence left in English', () => {
    const spanish = new Map(sentences(es, ''));
    const left = sentences(en, '').filter(([path, text]) => spanish.get(path) === text && !isShared(text));
    expect(left).toEqual([]);
  });

  test('no sentence is empty in one language alone', () => {
    const english = new Map(sentences(en, ''));
    for (const [path, text] of sentences(es, '')) expect([path, text.trim() === '']).toEqual([path, english.get(path)?.trim() === '']);
  });
});

/** Text of a component that is not a word of ours: names, commands, units, marks. */
const ALLOWED = /^(?:NuNet|https?:\/\/[\w.:]*|extends Frame|npm run dev|nunet-agent (?:pair|confirm)|NTX|ADA|[\d\s\p{P}\p{S}]*)$/u;
const FOLDERS = ['ui', 'jobs', 'dashboard', 'lend', 'pages', 'preview'];
const SPOKEN = ['aria-label', 'title', 'label', 'placeholder', 'alt', 'hint', 'says', 'lead', 'what'];

const files = FOLDERS.flatMap((folder) =>
  readdirSync(join(import.meta.dirname, '..', folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.tsx') && !name.endsWith('.test.tsx'))
    .map((name) => join(import.meta.dirname, '..', folder, name)),
);

/** Words between tags, and in attributes that are spoken or shown. */
function wordsIn(code: string): string[] {
  const markup = code.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  const between = [...markup.matchAll(/(?<=[\w"'}/-]>)([^<>{}=;()]*\p{L}{3}[^<>{}=;()]*)(?=<\/|<[a-z]|\{)/gu)].map(([text]) => text.trim());
  const spoken = [...markup.matchAll(new RegExp(`\\s(?:${SPOKEN.join('|')})="([^"]*\\p{L}{2}[^"]*)"`, 'gu'))].map(([, text = '']) => text);
  return [...between, ...spoken].filter((text) => !ALLOWED.test(text));
}

describe('the components', () => {
  test('are looked through for words of their own by a search that finds them', () => {
    expect(wordsIn('<p>Hello there</p>')).toEqual(['Hello there']);
    expect(wordsIn('<p>\n  Hello {name}\n</p>')).toEqual(['Hello']);
    expect(wordsIn('<p>See <code>x</code></p>')).toEqual(['See']);
    expect(wordsIn('<Icon name="lock" /><button aria-label="Close this">{t().close}</button>')).toEqual(['Close this']);
    expect(wordsIn('const less = (a: Map<string, number>): boolean => a.size > 1 && b < 2;')).toEqual([]);
  });

  test('hold none: every word comes from the catalogs', () => {
    const found = files.flatMap((file) =>
      wordsIn(readFileSync(file, 'utf8')).map((text) => `${file.slice(file.lastIndexOf('/') + 1)}: ${text}`),
    );
    expect(found).toEqual([]);
  });
});
