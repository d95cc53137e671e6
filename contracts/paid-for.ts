// What a transaction paid for one lock, from the redeemers that the validator enforced. Loads no transaction builder.
import { referenceText, type OutputReference } from '@nunet/shared/fields.ts';
import type { Transaction } from './chain/transaction.ts';
import { decodePlutusData, type PlutusData } from './plutus-data.ts';
import { byInputOrder } from './redeemer.ts';

const SETTLE = 0;
const RECLAIM = 2;

/** Base units paid to the compute provider; null when the redeemers are of a kind not known here. */
export function paidFor(transaction: Transaction, reference: OutputReference): bigint | null {
  const inputs = transaction.inputs.toSorted(byInputOrder);
  const redeemers = transaction.redeemers
    .filter(({ tag }) => tag === 'spend')
    .sort((a, b) => a.index - b.index)
    .map(({ index, data }) => ({ input: inputs[index], data: constructorOf(decodePlutusData(data)) }));
  const own = redeemers.find(({ input }) => input !== undefined && referenceText(input) === referenceText(reference));
  if (own?.data?.index === RECLAIM) return 0n;
  if (own?.data?.index !== SETTLE) return null;
  // The first lock's redeemer holds the settlements of all, in input order.
  const settles = redeemers.filter(({ data }) => data?.index === SETTLE);
  const settlements = settles[0]?.data?.fields[0];
  const settlement = Array.isArray(settlements) ? constructorOf(settlements[settles.indexOf(own)]) : undefined;
  const paid = settlement?.fields[0];
  return typeof paid === 'bigint' ? paid : null;
}

const constructorOf = (data: PlutusData | undefined) => (typeof data === 'object' && !Array.isArray(data) ? data : undefined);
