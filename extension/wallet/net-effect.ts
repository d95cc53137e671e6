// What a transaction does to one address, and the outputs that it spends, read from raw transactions that hash to their ids.
import type { Source, Utxo } from '@nunet/contracts/chain/chain.ts';
import { effectOf, type Transaction } from '@nunet/contracts/chain/transaction.ts';
import { difference, type Value } from '@nunet/contracts/value.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { referenceText, type OutputReference } from '@nunet/shared/fields.ts';

/** Requests at a time; public sources allow ten a second. */
const AT_ONCE = 4;

/** In is positive. Where a script failed, what was taken of the collateral. */
export const netEffect = (address: string, transaction: Transaction, spent: readonly Utxo[]): Value =>
  difference(
    effectOf(transaction).made.filter((output) => output.address === address),
    spent.filter((output) => output.address === address),
  );

/** In the order of `references`. Throws `chain-unavailable`, and `output-unknown` where the chain has no such output. */
export async function outputsAt(
  chain: Pick<Source, 'rawTransaction'>,
  references: readonly OutputReference[],
  signal: AbortSignal,
): Promise<Utxo[]> {
  const txIds = [...new Set(references.map(({ txId }) => txId))];
  const made = new Map<string, Utxo>();
  for (let at = 0; at < txIds.length; at += AT_ONCE) {
    const found = await Promise.all(txIds.slice(at, at + AT_ONCE).map((txId) => chain.rawTransaction(txId, signal)));
    for (const output of found.flatMap((transaction) => (transaction === null ? [] : effectOf(transaction).made)))
      made.set(referenceText(output.reference), output);
  }
  return references.map((reference) => {
    const output = made.get(referenceText(reference));
    if (output === undefined)
      throw new NunetError('output-unknown', `Cannot read output ${referenceText(reference)}: the chain does not have it`);
    return output;
  });
}
