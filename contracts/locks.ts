// What lies at the escrow's address: locks that parse, and outputs that do not, each with the reason.
import { NunetError } from '@nunet/shared/errors.ts';
import type { OutputReference } from '@nunet/shared/fields.ts';
import type { LockedOutput } from '@nunet/shared/lock.ts';
import { addressParts } from './address.ts';
import type { Chain, Utxo } from './chain/chain.ts';
import { decodeDatum } from './datum.ts';
import { ESCROW_ADDRESS } from './script.ts';
import { assetUnit, quantityOf } from './value.ts';

/** An output at the escrow's address that is no lock. It concerns nobody but whoever made it. */
export interface SkippedOutput {
  reference: OutputReference;
  reason: string;
}

/** One output as a lock. `confirmations` comes from its transaction's status. Throws `datum-invalid`, `address-invalid`. */
export function lockedOutput(utxo: Utxo, confirmations: number): LockedOutput {
  if (utxo.inlineDatum === undefined) throw new NunetError('datum-invalid', 'Cannot read lock: the output has no inline datum');
  const { payment, stake } = addressParts(utxo.address);
  if (payment.kind !== 'script') throw new NunetError('address-invalid', `Cannot read lock: ${utxo.address} is no script address`);
  const datum = decodeDatum(utxo.inlineDatum);
  return {
    reference: utxo.reference,
    scriptHash: payment.hash,
    staked: stake !== undefined,
    datum,
    amountBaseUnits: quantityOf(utxo, datum.asset),
    lovelace: utxo.lovelace,
    foreignAssets: utxo.assets.some((asset) => assetUnit(asset) !== assetUnit(datum.asset)),
    referenceScript: utxo.referenceScriptHash !== undefined,
    confirmations,
  };
}

/** Null when the output is not (or no longer, after a rollback) on chain. */
export async function readLock(
  chain: Pick<Chain, 'output' | 'transaction'>,
  reference: OutputReference,
  signal?: AbortSignal,
): Promise<{ lock: LockedOutput; spentBy: string | null } | null> {
  const [state, status] = await Promise.all([chain.output(reference, signal), chain.transaction(reference.txId, signal)]);
  if (state === null || status.state !== 'confirmed') return null;
  return { lock: lockedOutput(state.utxo, status.confirmations), spentBy: state.spentBy };
}

/** All locks that lie at the escrow's address now. Confirmations are 0: ask `readLock` about the one that matters. */
export async function readLocks(
  chain: Pick<Chain, 'utxos'>,
  signal?: AbortSignal,
): Promise<{ locks: LockedOutput[]; skipped: SkippedOutput[] }> {
  const locks: LockedOutput[] = [];
  const skipped: SkippedOutput[] = [];
  for (const utxo of await chain.utxos(ESCROW_ADDRESS, signal === undefined ? {} : { signal })) {
    try {
      locks.push(lockedOutput(utxo, 0));
    } catch (error) {
      if (!(error instanceof NunetError)) throw error;
      skipped.push({ reference: utxo.reference, reason: error.message });
    }
  }
  return { locks, skipped };
}
