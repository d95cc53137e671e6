// Recovery words as places in the BIP-39 list: numbers can be overwritten, texts cannot. Pure; the list comes in.

/** Reads words that one space parts, in UTF-8. A word that is not in the list is a failure of the vault, not of a person. */
export function placesOf(words: Uint8Array, list: readonly string[]): Uint16Array {
  const places: number[] = [];
  const decoder = new TextDecoder();
  let from = 0;
  for (let at = 0; at <= words.length; at += 1) {
    if (at < words.length && words[at] !== 0x20) continue;
    const place = list.indexOf(decoder.decode(words.subarray(from, at)));
    if (place < 0) throw new Error('the vault gave a word that is not in the list');
    places.push(place);
    from = at + 1;
  }
  const taken = Uint16Array.from(places);
  places.fill(0);
  return taken;
}

/** One question of the check: which of these words stands here? */
export interface WordQuestion {
  /** Counted from one, as it is shown. */
  number: number;
  /** Places in the list, in the order in which they are offered; the right one is among them. */
  choices: number[];
}

export const QUESTIONS = 3;
const OWN_DECOYS = 3;
const OTHER_DECOYS = 2;

/** A whole number from 0 to below `limit`, evenly. */
export type Pick = (limit: number) => number;

/** Even numbers from random bytes: what would favour small ones is thrown away. */
export const pickFrom =
  (random: (bytes: number) => Uint8Array): Pick =>
  (limit) => {
    const top = Math.floor(0x1_0000 / limit) * limit;
    for (;;) {
      const [high = 0, low = 0] = random(2);
      const value = high * 256 + low;
      if (value < top) return value % limit;
    }
  };

function shuffled<Item>(items: readonly Item[], pick: Pick): Item[] {
  const rest = [...items];
  const out: Item[] = [];
  while (rest.length > 0) out.push(...rest.splice(pick(rest.length), 1));
  return out;
}

/**
 * Three places in ascending order. The decoys are words of the same phrase, so that knowing which words there are is not enough, and words of
 * the list, so that they are not all on the paper.
 */
export function askWords(places: Uint16Array, listLength: number, pick: Pick): WordQuestion[] {
  const numbers = shuffled(
    Array.from(places, (_, index) => index),
    pick,
  ).slice(0, QUESTIONS);
  return numbers
    .sort((a, b) => a - b)
    .map((index) => {
      const right = places[index] ?? 0;
      const own = shuffled(
        [...new Set(places)].filter((place) => place !== right),
        pick,
      ).slice(0, OWN_DECOYS);
      const choices = [right, ...own];
      while (choices.length < 1 + own.length + OTHER_DECOYS) {
        const other = pick(listLength);
        if (!choices.includes(other)) choices.push(other);
      }
      return { number: index + 1, choices: shuffled(choices, pick) };
    });
}

/** The answer to a question is right: the word at its number. */
export const isRight = (places: Uint16Array, question: WordQuestion, choice: number): boolean => places[question.number - 1] === choice;
