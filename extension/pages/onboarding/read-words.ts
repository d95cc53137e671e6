// What somebody typed or pasted as recovery words: forgiving about case, spaces, line breaks, commas and numbering; strict about the words.

/** The counts that BIP-39 and CIP-1852 wallets use. */
export const WORD_COUNTS: readonly number[] = [12, 15, 24];
/** 24 words of 8 letters with numbers are below 300; more is not a phrase. */
export const MAX_TYPED = 1_000;
const MAX_WORDS = 30;

export interface TypedWord {
  text: string;
  isKnown: boolean;
  /** The one word of the list that is a letter away, where there is just one. */
  suggestion: string | null;
}

export interface TypedWords {
  words: TypedWord[];
  problem: { kind: 'none' } | { kind: 'count'; count: number } | { kind: 'unknown'; numbers: number[] };
}

/** "1." "2)" "3:" and bare numbers stand beside words on many a paper. */
const NUMBERING = /^\(?\d{1,2}[.):-]*$/;
const LEADING_NUMBER = /^\(?\d{1,2}[.):-]+/;

export function readWords(text: string, list: readonly string[]): TypedWords {
  const words = text
    .slice(0, MAX_TYPED)
    .normalize('NFKD')
    .toLowerCase()
    .split(/[\s,;|\u200b\u2060\ufeff]+/u)
    .filter((word) => word !== '' && !NUMBERING.test(word))
    .map((word) => word.replace(LEADING_NUMBER, ''))
    .filter((word) => word !== '')
    .slice(0, MAX_WORDS)
    .map((word): TypedWord => {
      const isKnown = list.includes(word);
      return { text: word, isKnown, suggestion: isKnown ? null : onlyNear(word, list) };
    });
  const numbers = words.flatMap((word, index) => (word.isKnown ? [] : [index + 1]));
  if (numbers.length > 0) return { words, problem: { kind: 'unknown', numbers } };
  if (!WORD_COUNTS.includes(words.length)) return { words, problem: { kind: 'count', count: words.length } };
  return { words, problem: { kind: 'none' } };
}

/** The words of the list are told apart by their first four letters, so that those are enough; else one letter may be wrong. */
function onlyNear(word: string, list: readonly string[]): string | null {
  if (word.length < 3 || word.length > 12) return null;
  const started = word.length >= 4 ? list.filter((known) => known.startsWith(word)) : [];
  const near = started.length > 0 ? started : list.filter((known) => isOneAway(word, known));
  return near.length === 1 ? (near[0] ?? null) : null;
}

/** One letter more, less, or another; or two neighbours that changed places. */
function isOneAway(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let from = 0;
  while (from < a.length && a[from] === b[from]) from += 1;
  let end = 0;
  while (end < Math.min(a.length, b.length) - from && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  const restA = a.slice(from, a.length - end);
  const restB = b.slice(from, b.length - end);
  if (restA.length <= 1 && restB.length <= 1) return true;
  return restA.length === 2 && restB.length === 2 && restA[0] === restB[1] && restA[1] === restB[0];
}
