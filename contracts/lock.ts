// Locks the price of one quoted job: (what, who pays, now) -> unsigned transaction.
import { NunetError } from '@nunet/shared/errors.ts';
import type { OutputReference } from '@nunet/shared/fields.ts';
import { balance, type BuiltTransaction, type Payer } from './balance.ts';
import { slotOf, type ProtocolParameters, type SlotConfig } from './chain/chain.ts';
import { lockProblem, type LockOrder } from './lock-order.ts';
import { lockLovelace, lockOutput } from './lock-output.ts';
import { transactionId } from './sign.ts';

export interface LockRequest extends LockOrder {
  payer: Payer;
  parameters: ProtocolParameters;
  slotConfig: SlotConfig;
}

export interface BuiltLock extends BuiltTransaction {
  /** Known before anybody signs. */
  reference: OutputReference;
}

/** The lock is always a lock transaction's first output. */
const LOCK_OUTPUT = 0;

/** Throws `amount-invalid`, `datum-invalid`, `quote-expired`, `deadline-invalid` (lock-order.ts), and what `balance` throws. */
export async function buildLock(request: LockRequest, now: number, signal?: AbortSignal): Promise<BuiltLock> {
  const { datum, amountBaseUnits, payer, parameters, slotConfig, expiresAt } = request;
  const problem = lockProblem(request, now);
  if (problem !== null) throw new NunetError(problem.code, problem.message);
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
