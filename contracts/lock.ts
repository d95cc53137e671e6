// Locks the price of one quoted job: (what, who pays, now) -> unsigned transaction.
import { NunetError } from '@nunet/shared/errors.ts';
import type { EscrowDatum } from '@nunet/shared/lock.ts';
import type { OutputReference } from '@nunet/shared/fields.ts';
import { balance, type BuiltTransaction, type Payer } from './balance.ts';
import { slotOf, type ProtocolParameters, type SlotConfig } from './chain/chain.ts';
import { lockLovelace, lockOutput } from './lock-output.ts';
import { transactionId } from './sign.ts';

export interface LockRequest {
  datum: EscrowDatum;
  /** Base units of the datum's asset. */
  amountBaseUnits: bigint;
  payer: Payer;
  parameters: ProtocolParameters;
  slotConfig: SlotConfig;
  /** The lock is invalid from here on: the quote's expiry, POSIX ms. */
  expiresAt: number;
}

export interface BuiltLock extends BuiltTransaction {
  /** Known before anybody signs. */
  reference: OutputReference;
}

/** The lock is always a lock transaction's first output. */
const LOCK_OUTPUT = 0;

/** Throws `quote-expired`, `amount-invalid`, and what `balance` throws. */
export async function buildLock(request: LockRequest, now: number, signal?: AbortSignal): Promise<BuiltLock> {
  const { datum, amountBaseUnits, payer, parameters, slotConfig, expiresAt } = request;
  if (amountBaseUnits <= 0n) throw new NunetError('amount-invalid', `Cannot lock ${amountBaseUnits}: want at least 1 base unit`);
  if (now >= expiresAt) {
    throw new NunetError('quote-expired', `Cannot lock: the quote expired at ${new Date(expiresAt).toISOString()}; ask for a new one`);
  }
  const output = lockOutput(datum, amountBaseUnits, lockLovelace(datum, amountBaseUnits, parameters));
  const built = await balance(
    {
      action: 'lock',
      inputs: [],
      outputs: () => [output],
      payer,
      parameters,
      validUntilSlot: slotOf(expiresAt, slotConfig),
    },
    signal,
  );
  return { ...built, reference: { txId: transactionId(built.cbor), index: LOCK_OUTPUT } };
}
