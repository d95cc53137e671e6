// The committed mutants: the validator without one of its conditions, compiled.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { scriptHash } from '../chain/transaction.ts';
import type { PlutusScript } from '../script.ts';

export interface Mutant {
  /** The source from which something is dropped. */
  file: string;
  dropped: string;
  /** The named condition that it belongs to. */
  check?: string;
  hash: string;
  /** The flat program wrapped once in CBOR, base64. */
  code: string;
}

export interface MutantsPage {
  /** Of the sources that the mutants were made from. */
  sourcesSha256: string;
  mutants: Mutant[];
}

export const MUTANTS_FILE = join(import.meta.dirname, 'mutants.json');

export const readMutants = (): MutantsPage => JSON.parse(readFileSync(MUTANTS_FILE, 'utf8')) as MutantsPage;

/** Throws when its code is not what its hash says. */
export function scriptOf({ hash, code, dropped }: Mutant): PlutusScript {
  const bytes = Buffer.from(code, 'base64');
  if (scriptHash('plutusV3', bytes) !== hash) throw new TypeError(`The mutant without "${dropped}" does not hash to ${hash}`);
  return { hash, code: bytes.toString('hex') };
}
