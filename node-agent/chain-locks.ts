// The LockSource over a chain: what an output is, how deep it lies, and what a settle paid for it. Loads no transaction builder.
import type { Chain } from '@nunet/contracts/chain/chain.ts';
import type { Transaction } from '@nunet/contracts/chain/transaction.ts';
import { lockedOutput } from '@nunet/contracts/locks.ts';
import { readSpend } from '@nunet/contracts/read-spend.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import type { OutputReference } from '@nunet/shared/fields.ts';
import type { LockSource, SeenLock } from './lock-wait.ts';

type Source = Pick<Chain, 'output' | 'transaction'> & {
  rawTransaction(txId: string, signal?: AbortSignal): Promise<Transaction | null>;
};

export function chainLocks(chain: Source): LockSource {
  return {
    async find(reference, signal) {
      const [state, made] = await Promise.all([chain.output(reference, signal), chain.transaction(reference.txId, signal)]);
      if (state === null || made.state !== 'confirmed') return null;
      const { confirmations, timeMs: madeAtMs } = made;
      const lock = lockOf(state.utxo, confirmations);
      const spent = state.spentBy === null ? null : await spendOf(chain, reference, lock, state.spentBy, signal);
      return { lock, confirmations, madeAtMs, spent };
    },
  };
}

function lockOf(utxo: Parameters<typeof lockedOutput>[0], confirmations: number): SeenLock['lock'] {
  try {
    return lockedOutput(utxo, confirmations);
  } catch (error) {
    if (!(error instanceof NunetError)) throw error;
    return { code: error.code, message: error.message.slice(0, 500) };
  }
}

/** Null while the spending transaction is in no block. */
async function spendOf(
  chain: Source,
  reference: OutputReference,
  lock: SeenLock['lock'],
  txId: string,
  signal: AbortSignal,
): Promise<SeenLock['spent']> {
  const status = await chain.transaction(txId, signal);
  if (status.state !== 'confirmed') return null;
  const transaction = await chain.rawTransaction(txId, signal);
  const spend = transaction === null || !('datum' in lock) ? null : readSpend(transaction, { reference, datum: lock.datum });
  return { txId, confirmations: status.confirmations, paid: spend?.paid ?? null };
}
