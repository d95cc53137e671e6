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

/** Throws `amount-invalid`, `datum-invalid`, `quote-expired`, `deadline-invalid` (lock-order.ts), and what `balance` throws. */
export async function buildLock(request: LockRequest, now: number, signal?: AbortSignal): Promise<BuiltLock> {
  const { datum, amountBaseUnits, expiresAt, ...rest } = request;
  const { references, ...built } = await buildLocks({ orders: [{ datum, amountBaseUnits, expiresAt }], ...rest }, now, signal);
  const [reference] = references;
  if (reference === undefined) throw new TypeError('one order makes one lock');
  return { ...built, reference };
}

export interface SweepRequest extends Omit<LockRequest, keyof LockOrder> {
  orders: LockOrder[];
}

export interface BuiltLocks extends BuiltTransaction {
  /** One an order, in their order; known before anybody signs. */
  references: OutputReference[];
}

/** Many quotes locked by one transaction, which is valid until the first of them expires. Throws as `buildLock`, and `locks-missing`. */
export async function buildLocks(request: SweepRequest, now: number, signal?: AbortSignal): Promise<BuiltLocks> {
  const { orders, payer, parameters, slotConfig } = request;
  if (orders.length === 0) throw new NunetError('locks-missing', 'Cannot lock: no quote was given');
  for (const order of orders) {
    const problem = lockProblem(order, now);
    if (problem !== null) throw new NunetError(problem.code, problem.message);
  }
  const outputs = orders.map(({ datum, amountBaseUnits }) =>
    lockOutput(datum, amountBaseUnits, lockLovelace(datum, amountBaseUnits, parameters)),
  );
  const validUntilSlot = slotOf(Math.min(...orders.map(({ expiresAt }) => expiresAt)), slotConfig);
  const built = await balance({ action: 'lock', inputs: [], outputs: () => outputs, payer, parameters, validUntilSlot }, signal);
  const txId = transactionId(built.cbor);
  // The locks are always a lock transaction's first outputs.
  return { ...built, references: orders.map((_, index) => ({ txId, index })) };
}
