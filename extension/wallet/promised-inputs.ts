// Which of the account's outputs something is built on already: a job's lock, a payment on its way, the collateral.
import type { Utxo } from '@nunet/contracts/chain/chain.ts';
import type { OutputReference } from '@nunet/shared/fields.ts';

export interface PromisedInputs {
  /** Those that are promised to nobody but this owner, and not set apart. */
  free(owner: string, utxos: readonly Utxo[]): Utxo[];
  /** What a transaction spends, until it is known to be in the chain or dropped; null: nothing any more. */
  promise(owner: string, cbor: string | null): void;
  /** Free for nobody; replaces those of before. */
  setApart(references: readonly OutputReference[]): void;
}
