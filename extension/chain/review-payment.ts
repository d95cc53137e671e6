// What the wallet signs to pay somebody: refused unless it pays exactly what was ordered and sends all the rest home.
import type { BuiltTransaction } from '@nunet/contracts/balance.ts';
import type { TransactionOutput } from '@nunet/contracts/chain/transaction.ts';
import { memoData } from '@nunet/contracts/memo.ts';
import { planPayment, type PaymentRequest } from '@nunet/contracts/payment-order.ts';
import { difference, type Output } from '@nunet/contracts/value.ts';
import { demandOwn, outputOf, readBuilt, refused, sameReferences } from './read-built.ts';

/** Inputs, outputs, fee, end of validity. */
const PLAIN_FIELDS = [0, 1, 2, 3];
const AUXILIARY_HASH = 7;

const isSame = (made: TransactionOutput | undefined, ordered: Output): boolean => {
  if (made === undefined || made.address !== ordered.address) return false;
  const off = difference([outputOf(made)], [ordered]);
  return off.lovelace === 0n && off.assets.length === 0;
};

/** Throws `transaction-refused`. */
export function reviewPayment(cbor: string, request: PaymentRequest): BuiltTransaction {
  const { payer, validUntilSlot } = request;
  const auxiliary = memoData(request.memo);
  const fields = new Set(auxiliary === null ? PLAIN_FIELDS : [...PLAIN_FIELDS, AUXILIARY_HASH]);
  const transaction = readBuilt('payment', cbor, fields, payer.utxos, auxiliary);
  const { all, outputs } = planPayment(request);
  const ordered = outputs(transaction.fee);
  const paid = transaction.outputs.slice(0, ordered.length);
  const change = transaction.outputs.slice(ordered.length);
  if (!ordered.every((output, index) => isSame(paid[index], output))) throw refused('payment', 'it does not pay what was ordered');
  for (const output of paid) demandOwn('payment', [output], request.to);
  demandOwn('payment', change, payer.changeAddress);
  const references = all?.map(({ reference }) => reference);
  if (references !== undefined && (change.length > 0 || !sameReferences(transaction.inputs, references)))
    throw refused('payment', 'it leaves something behind');
  if (transaction.validUntil !== validUntilSlot) throw refused('payment', 'it does not end when it was to end');
  if (transaction.redeemers.length > 0 || transaction.scripts.length > 0 || transaction.datums.size > 0)
    throw refused('payment', 'it runs a script');
  return { cbor, fee: transaction.fee, outputs: transaction.outputs.map(outputOf), units: { memory: 0n, steps: 0n } };
}
