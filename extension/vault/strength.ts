// How hard a password is to guess. For pages, loaded when somebody chooses one: the dictionaries are large, and the vault needs none of this.
import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import * as common from '@zxcvbn-ts/language-common';
import * as english from '@zxcvbn-ts/language-en';

export interface Strength {
  /** zxcvbn's, 0 to 4. */
  score: number;
  isStrong: boolean;
}

/** Where zxcvbn's score 4 begins: of this many guesses an attacker with the file needs years, at half a second each (NWL L-202). */
const STRONG_GUESSES = 1e10;
/** The estimate's time grows with the square of the length; what is longer is judged by its beginning, which is never stronger. */
const MAX_LOOKED_AT = 100;
/** What somebody thinks of first here. */
const OURS = ['nunet', 'ntx', 'cardano', 'wallet', 'lovelace', 'preprod', 'testnet'];

const zxcvbn = new ZxcvbnFactory({
  dictionary: { ...common.dictionary, ...english.dictionary },
  graphs: common.adjacencyGraphs,
});

export function strengthOf(password: string): Strength {
  const { score, guesses } = zxcvbn.check(password.slice(0, MAX_LOOKED_AT), OURS);
  return { score, isStrong: score >= 4 && guesses >= STRONG_GUESSES };
}
