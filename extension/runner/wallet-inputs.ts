// Which outputs of the wallet are promised to which job's lock or payment: two never build on the same one, which the ledger would take once.
// A lock that waits for the person keeps its promise and not its turn: others build meanwhile.
import type { Builders } from '@nunet/contracts/job-escrow.ts';
import { readTransactionHex } from '@nunet/contracts/chain/transaction.ts';
import type { Utxo } from '@nunet/contracts/chain/chain.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { referenceText, type OutputReference } from '@nunet/shared/fields.ts';

export interface WalletInputs {
  /** The builders as one job may use them. */
  buildersFor(jobId: string): Builders;
  /** What a transaction that was built spends, until it is known to be in the chain or dropped; null: nothing any more. `owner`: a job, or a payment. */
  promise(owner: string, cbor: string | null): void;
  /** Those that are promised to nobody but this owner, and not set apart. */
  free(owner: string, utxos: readonly Utxo[]): Utxo[];
  /** Outputs that nobody's transaction spends from now on, such as the collateral; in place of those of the last call. */
  setApart(references: readonly OutputReference[]): void;
}

export function walletInputs(builders: Builders): WalletInputs {
  const promised = new Map<string, ReadonlySet<string>>();
  let apart: ReadonlySet<string> = new Set();
  let turn: Promise<unknown> = Promise.resolve();

  const promise = (owner: string, cbor: string | null): void => {
    if (cbor === null) promised.delete(owner);
    else promised.set(owner, new Set(readTransactionHex(cbor).inputs.map(referenceText)));
  };
  const spendable = (utxos: readonly Utxo[]): Utxo[] => utxos.filter(({ reference }) => !apart.has(referenceText(reference)));
  const free = (owner: string, utxos: readonly Utxo[]): Utxo[] => {
    const others = [...promised].filter(([other]) => other !== owner).map(([, inputs]) => inputs);
    return spendable(utxos).filter(({ reference }) => !others.some((inputs) => inputs.has(referenceText(reference))));
  };
  /** One build at a time, so that what one promises is known to the next. */
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const mine = turn.then(act);
    turn = mine.catch(() => undefined);
    return mine;
  };

  return {
    promise,
    free,
    setApart(references) {
      apart = new Set(references.map(referenceText));
    },
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
            if (error instanceof NunetError && error.code === 'funds-insufficient' && utxos.length < spendable(request.payer.utxos).length)
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
