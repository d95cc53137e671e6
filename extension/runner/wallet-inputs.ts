// Which outputs of the wallet are promised to which job's lock: two jobs never build on the same one, which the ledger would take once.
import type { Builders } from '@nunet/contracts/job-escrow.ts';
import { readTransactionHex } from '@nunet/contracts/chain/transaction.ts';
import type { Utxo } from '@nunet/contracts/chain/chain.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { referenceText } from '@nunet/shared/fields.ts';

export interface WalletInputs {
  /** The builders as one job may use them. */
  buildersFor(jobId: string): Builders;
  /** What a signed lock of a job spends, until it is known to be in the chain or dropped; null: nothing any more. */
  promise(jobId: string, cbor: string | null): void;
}

export function walletInputs(builders: Builders): WalletInputs {
  const promised = new Map<string, ReadonlySet<string>>();
  let turn: Promise<unknown> = Promise.resolve();

  const promise = (jobId: string, cbor: string | null): void => {
    if (cbor === null) promised.delete(jobId);
    else promised.set(jobId, new Set(readTransactionHex(cbor).inputs.map(referenceText)));
  };
  const free = (jobId: string, utxos: readonly Utxo[]): Utxo[] => {
    const others = [...promised].filter(([other]) => other !== jobId).map(([, inputs]) => inputs);
    return utxos.filter(({ reference }) => !others.some((inputs) => inputs.has(referenceText(reference))));
  };
  /** One build at a time, so that what one promises is known to the next. */
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const mine = turn.then(act);
    turn = mine.catch(() => undefined);
    return mine;
  };

  return {
    promise,
    buildersFor: (jobId) => ({
      lock: (request, now, signal) =>
        inTurn(async () => {
          signal?.throwIfAborted();
          const utxos = free(jobId, request.payer.utxos);
          try {
            const built = await builders.lock({ ...request, payer: { ...request.payer, utxos } }, now, signal);
            promise(jobId, built.cbor);
            return built;
          } catch (error) {
            // The flow ends a job whose wallet cannot pay; change that is on its way will pay in a block or two.
            if (error instanceof NunetError && error.code === 'funds-insufficient' && utxos.length < request.payer.utxos.length)
              throw new NunetError('funds-pending', `${error.message}, or wait for the change of another job's lock`, { cause: error });
            throw error;
          }
        }),
      reclaim: (request, now, signal) =>
        inTurn(() => builders.reclaim({ ...request, payer: { ...request.payer, utxos: free(jobId, request.payer.utxos) } }, now, signal)),
      settle: (request, signal) =>
        inTurn(() => builders.settle({ ...request, payer: { ...request.payer, utxos: free(jobId, request.payer.utxos) } }, signal)),
    }),
  };
}
