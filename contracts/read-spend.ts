// How a transaction ended one lock, from the redeemers that the validator enforced. Loads no transaction builder.
import { hexToBytes } from '@noble/hashes/utils.js';
import { keyHashOf } from '@nunet/shared/agreement.ts';
import { referenceText, type OutputReference } from '@nunet/shared/fields.ts';
import { NO_KEY_HASH, settleBytes, voucherBytes, type EscrowDatum } from '@nunet/shared/lock.ts';
import { verifySignature } from '@nunet/shared/signature.ts';
import type { Transaction } from './chain/transaction.ts';
import { decodePlutusData, type PlutusData } from './plutus-data.ts';
import { AGREE, AGREED, ATTESTED, byInputOrder, RECLAIM, SETTLE } from './redeemer.ts';

export interface LockSpend {
  how: 'settle' | 'agree' | 'reclaim';
  /** Base units for the compute provider. */
  paid: bigint;
  /** K, hex, where an agreement revealed it. */
  secret: string | null;
}

type LockDatum = Pick<EscrowDatum, 'oracleKeys' | 'voucherKey' | 'computeProvider' | 'serviceProvider'>;

const constructorOf = (data: PlutusData | undefined) => (typeof data === 'object' && !Array.isArray(data) ? data : undefined);
const isSignature = (data: PlutusData | undefined): data is string => typeof data === 'string' && data.length === 128;

/** An entry of a settlement list, if it decides this lock: its signatures cover the lock's reference and the pay. */
function entryFor(data: PlutusData, reference: OutputReference, datum: LockDatum): (LockSpend & { outputs: PlutusData[] }) | null {
  const entry = constructorOf(data);
  const paid = entry?.fields[0];
  if (entry === undefined || typeof paid !== 'bigint' || paid < 0n || paid >= 1n << 63n) return null;
  const outputs = entry.fields.slice(-2);
  if (entry.index === ATTESTED) {
    const [first] = Array.isArray(entry.fields[1]) ? entry.fields[1] : [];
    const [position, signature] = Array.isArray(first) ? first : [];
    const key = typeof position === 'bigint' ? datum.oracleKeys[Number(position)] : undefined;
    if (key === undefined || !isSignature(signature)) return null;
    return verifySignature(hexToBytes(signature), settleBytes(reference, paid), key)
      ? { how: 'settle', paid, secret: null, outputs }
      : null;
  }
  const [, voucherSignature, , secret] = entry.fields;
  if (entry.index !== AGREED || !isSignature(voucherSignature) || typeof secret !== 'string') return null;
  const bytes = voucherBytes(reference, paid, secret === '' ? NO_KEY_HASH : keyHashOf(secret));
  if (!verifySignature(hexToBytes(voucherSignature), bytes, datum.voucherKey)) return null;
  return { how: 'agree', paid, secret: secret === '' ? null : secret, outputs };
}

/**
 * Null: the transaction does not spend the lock, or in a way unknown here. Whoever made the transaction may have put other
 * scripts' redeemers beside ours, so an entry counts by its signatures and by where its outputs go, not by its place.
 */
export function readSpend(
  transaction: Transaction,
  { reference, datum }: { reference: OutputReference; datum: LockDatum },
): LockSpend | null {
  const place = transaction.inputs.toSorted(byInputOrder).findIndex((input) => referenceText(input) === referenceText(reference));
  const spends = transaction.redeemers.filter(({ tag }) => tag === 'spend');
  const own = constructorOf(decoded(spends.find(({ index }) => index === place)?.data));
  if (place === -1 || own === undefined) return null;
  if (own.index === RECLAIM) return { how: 'reclaim', paid: 0n, secret: null };
  if (own.index !== SETTLE && own.index !== AGREE) return null;
  const addressAt = (output: PlutusData | undefined): string | undefined =>
    typeof output === 'bigint' ? transaction.outputs[Number(output)]?.address : undefined;
  for (const { data } of spends) {
    const list = constructorOf(decoded(data))?.fields[0];
    for (const entry of Array.isArray(list) ? list : []) {
      const found = entryFor(entry, reference, datum);
      if (found === null || addressAt(found.outputs[1]) !== datum.serviceProvider) continue;
      if (found.paid > 0n && addressAt(found.outputs[0]) !== datum.computeProvider) continue;
      const { how, paid, secret } = found;
      return { how, paid, secret };
    }
  }
  return null;
}

function decoded(data: string | undefined): PlutusData | undefined {
  if (data === undefined) return undefined;
  try {
    return decodePlutusData(data);
  } catch {
    // Another script's redeemer may be beyond what is read here.
    return undefined;
  }
}
