// The Escrow port over a Cardano source, three builders and one wallet: what the service provider's money does. Loads no transaction builder.
import { NunetError } from '@nunet/shared/errors.ts';
import { referenceText, type OutputReference } from '@nunet/shared/fields.ts';
import type { BuiltTransaction as PortTransaction, Escrow, LockStatus, SpentLock } from '@nunet/shared/job-flow/ports.ts';
import type { NetworkRecord } from '@nunet/shared/network-record.ts';
import type { Quote } from '@nunet/shared/quote.ts';
import type { Signed } from '@nunet/shared/signature.ts';
import type { ScriptRun } from './balance.ts';
import { timeOf, slotOf, type OutputState, type Source, type Utxo } from './chain/chain.ts';
import type { Transaction } from './chain/transaction.ts';
import { collateralOf } from './collateral.ts';
import { foreignQuote } from './lock-order.ts';
import type { buildLock } from './lock.ts';
import { encodePlutusData } from './plutus-data.ts';
import { datumOf } from './quote-datum.ts';
import { readSpend } from './read-spend.ts';
import { scriptOfLock } from './parked-script.ts';
import type { buildReclaim } from './reclaim.ts';
import { payoutTag } from './redeemer.ts';
import type { buildSettle } from './settle.ts';
import { transactionId } from './sign.ts';

/** A reclaim or an agreement that no block takes in this time is built again with a newer fee and newer inputs. */
const SPEND_PATIENCE_MS = 10 * 60_000;

type OwnChain = Pick<
  Source,
  'slotConfig' | 'tip' | 'utxos' | 'output' | 'parameters' | 'transaction' | 'submit' | 'evaluate' | 'rawTransaction'
>;

/** Who pays. The key stays behind `sign`, which adds its witness; a wallet that asks a person waits until the signal aborts. */
export interface Wallet {
  readonly address: string;
  sign(transactionCbor: string, what: 'lock' | 'reclaim' | 'agree', signal: AbortSignal): string | Promise<string>;
}

/** What makes unsigned transactions. Injected, because it is large: a browser keeps it in a worker of its own. */
export interface Builders {
  lock: typeof buildLock;
  reclaim: typeof buildReclaim;
  settle: typeof buildSettle;
}

export function jobEscrow(parts: { chain: OwnChain; wallet: Wallet; record: NetworkRecord; builders: Builders }): Escrow {
  const { chain, wallet, record, builders } = parts;
  const payer = async (signal: AbortSignal): Promise<{ utxos: Utxo[]; changeAddress: string }> => ({
    utxos: await chain.utxos(wallet.address, { signal }),
    changeAddress: wallet.address,
  });
  /** What a transaction that spends the lock is built on. */
  const spendGround = async (action: string, lock: OutputReference, signal: AbortSignal) => {
    const [own, parameters, tip, locked] = await Promise.all([
      payer(signal),
      chain.parameters(signal),
      chain.tip(signal),
      chain.output(lock, signal),
    ]);
    if (locked === null || locked.spentBy !== null)
      throw new NunetError('lock-gone', `Cannot ${action} ${referenceText(lock)}: it is not on chain`);
    const { script, scriptAt } = await scriptOfLock(chain, record, locked.utxo, signal);
    const run: ScriptRun = {
      script,
      scriptAt,
      collateral: collateralOf(own.utxos),
      evaluate: (cbor, inner) => chain.evaluate(cbor, inner),
    };
    return { locked: locked.utxo, timeMs: tip.timeMs, payer: own, parameters, run };
  };
  const spend = async (
    what: 'reclaim' | 'agree',
    { cbor, fee }: { cbor: string; fee: bigint },
    timeMs: number,
    signal: AbortSignal,
  ): Promise<PortTransaction> => ({
    cbor: await wallet.sign(cbor, what, signal),
    txId: transactionId(cbor),
    feeLovelace: fee,
    validUntilMs: timeMs + SPEND_PATIENCE_MS,
  });
  return {
    chainTimeMs: async (signal) => (await chain.tip(signal)).timeMs,

    async buildLock(quote, signal) {
      const problem = foreignQuote(quote.body, record);
      if (problem !== null) throw new NunetError(problem.code, problem.message);
      const [own, parameters, tip] = await Promise.all([payer(signal), chain.parameters(signal), chain.tip(signal)]);
      const { amountBaseUnits, expiresAt } = quote.body;
      const built = await builders.lock(
        { datum: datumOf(quote), amountBaseUnits, payer: own, parameters, slotConfig: chain.slotConfig, expiresAt },
        tip.timeMs,
        signal,
      );
      return {
        cbor: await wallet.sign(built.cbor, 'lock', signal),
        txId: built.reference.txId,
        reference: built.reference,
        feeLovelace: built.fee,
        lockedLovelace: built.outputs[built.reference.index]?.lovelace ?? 0n,
        validUntilMs: timeOf(slotOf(expiresAt, chain.slotConfig), chain.slotConfig),
      };
    },

    async buildReclaim(_quote, lock, signal) {
      const { locked, timeMs, ...ground } = await spendGround('reclaim', lock, signal);
      const built = await builders.reclaim({ locks: [locked], slotConfig: chain.slotConfig, ...ground }, timeMs, signal);
      return spend('reclaim', built, timeMs, signal);
    },

    async buildAgree(_quote, lock, agreement, signal) {
      const { locked, timeMs, ...ground } = await spendGround('end', lock, signal);
      const built = await builders.settle({ locks: [{ by: 'agreement', utxo: locked, agreement }], ...ground }, signal);
      return spend('agree', built, timeMs, signal);
    },

    async submit(cbor, signal) {
      await chain.submit(cbor, signal);
    },

    async lockStatus(quote, lock, signal): Promise<LockStatus> {
      const made = await chain.transaction(lock.txId, signal);
      if (made.state !== 'confirmed') return { state: made.state };
      const output = await chain.output(lock, signal);
      if (output === null) return { state: 'unknown' };
      const confirmed = { state: 'confirmed' as const, confirmations: made.confirmations };
      if (output.spentBy === null) return confirmed;
      const spending = await chain.transaction(output.spentBy, signal);
      if (spending.state !== 'confirmed') return confirmed;
      const transaction = await chain.rawTransaction(output.spentBy, signal);
      if (transaction === null) return confirmed;
      return { state: 'spent', confirmations: spending.confirmations, spent: spentLock(quote, lock, output, transaction) };
    },
  };
}

/** What a transaction did with one lock, from what the validator enforced in it. */
export function spentLock(quote: Signed<Quote>, lock: OutputReference, output: OutputState, transaction: Transaction): SpentLock {
  const { asset, computeProvider, serviceProvider, amountBaseUnits } = quote.body;
  const base = { txId: transaction.id, feeLovelace: transaction.fee };
  const held = output.utxo.assets.find((entry) => entry.policyId === asset.policyId && entry.assetName === asset.assetName)?.quantity ?? 0n;
  const spend = readSpend(transaction, { reference: lock, datum: datumOf(quote) });
  if (spend?.how === 'reclaim') {
    const back = { changeBaseUnits: held, changeLovelace: output.utxo.lovelace };
    return { ...base, how: 'reclaim', paidBaseUnits: 0n, paidLovelace: 0n, ...back, secret: null };
  }
  if (spend === null || spend.paid > held) {
    throw new NunetError(
      'spend-unknown',
      `Cannot read transaction ${transaction.id}: it spends lock ${referenceText(lock)} in a way unknown here`,
    );
  }
  const { how, paid, secret } = spend;
  // In a batch one payout serves several locks; its tag names them all, so only a single lock's payout is told to the lovelace.
  const tag = encodePlutusData(payoutTag([lock]));
  const lovelaceAt = (address: string): bigint =>
    transaction.outputs.find((made) => made.address === address && made.inlineDatum === tag)?.lovelace ?? 0n;
  return {
    ...base,
    how,
    paidBaseUnits: paid,
    changeBaseUnits: (held > 0n ? held : amountBaseUnits) - paid,
    paidLovelace: paid === 0n ? 0n : lovelaceAt(computeProvider.address),
    changeLovelace: lovelaceAt(serviceProvider.address),
    secret,
  };
}
