// What the runner gathers for a preview: outputs that are spent, from raw transactions that hash to their id. Bounded in count and time; what does not come is told.
import { lockedOutput } from '@nunet/contracts/locks.ts';
import type { Source, Utxo } from '@nunet/contracts/chain/chain.ts';
import type { Transaction } from '@nunet/contracts/chain/transaction.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { referenceText, type AssetId, type Network, type OutputReference } from '@nunet/shared/fields.ts';
import type { NetworkRecord } from '@nunet/shared/network-record.ts';
import type { PreviewGround } from './preview.ts';
import { readStrict, type StrictTransaction } from './read-strict.ts';

type Quoted = PreviewGround['quotes'][number];

export interface GroundParts {
  chain: Pick<Source, 'slotConfig' | 'rawTransaction' | 'parameters' | 'tip'>;
  account: PreviewGround['account'];
  record: NetworkRecord | null;
  network: Network;
  ntx: AssetId | null;
  balance: PreviewGround['balance'];
  known: PreviewGround['known'];
  /** The signed quote of this blake2b-256 (hex), where the runner has it. */
  quoteOf: (quoteHash: string) => Quoted | null | Promise<Quoted | null>;
}

/** Of different transactions; 20 transactions of 16 KiB may name thousands, and each is a request to a public source. */
const MOST_TRANSACTIONS = 60;
const AT_ONCE = 6;
/** A person waits for it. */
const PATIENCE_MS = 10_000;
const MOST_QUOTES = 20;
const MOST_KNOWN = 1_000;

/** Of Conway's genesis; used while the source does not say. */
const USUAL_DEPOSITS = { key: 2_000_000n, pool: 500_000_000n };

/** Throws `transaction-unreadable` for a transaction that cannot be shown; a source that fails leaves inputs unresolved and never fails it. */
export async function previewGround(parts: GroundParts, cbors: readonly string[], signal: AbortSignal): Promise<PreviewGround> {
  const transactions = cbors.map(readStrict);
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  const [{ inputs, unresolved }, quotes, deposits, tipTimeMs] = await Promise.all([
    resolveInputs(parts.chain, transactions, inTime),
    quotesOf(parts, transactions),
    parts.chain.parameters(inTime).then(
      ({ keyDeposit, poolDeposit }) => ({ key: keyDeposit, pool: poolDeposit }),
      () => USUAL_DEPOSITS,
    ),
    parts.chain.tip(inTime).then(
      ({ timeMs }) => timeMs,
      () => null,
    ),
  ]);
  signal.throwIfAborted();
  const { network, ntx, record, chain, account, balance, known } = parts;
  return {
    network,
    ntx,
    record,
    slotConfig: chain.slotConfig,
    tipTimeMs,
    account,
    balance,
    inputs,
    unresolved,
    deposits,
    quotes,
    known: known.slice(0, MOST_KNOWN),
  };
}

async function resolveInputs(
  chain: GroundParts['chain'],
  transactions: readonly StrictTransaction[],
  signal: AbortSignal,
): Promise<{ inputs: Utxo[]; unresolved: OutputReference[] }> {
  const made = new Set(transactions.map(({ id }) => id));
  const wanted = new Map(
    transactions
      .flatMap(({ inputs, collateralInputs }) => [...inputs, ...collateralInputs])
      .filter(({ txId }) => !made.has(txId))
      .map((reference) => [referenceText(reference), reference]),
  );
  const txIds = [...new Set([...wanted.values()].map(({ txId }) => txId))].slice(0, MOST_TRANSACTIONS);
  const found = new Map<string, Transaction>();
  const ask = async (): Promise<void> => {
    for (let txId = txIds.pop(); txId !== undefined; txId = txIds.pop()) {
      // A source that does not know, does not answer or is too slow: the sheet says that the input is unknown.
      const transaction = await chain.rawTransaction(txId, signal).catch(() => null);
      if (transaction?.id === txId) found.set(txId, transaction);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, ask));
  const inputs: Utxo[] = [];
  const unresolved: OutputReference[] = [];
  for (const reference of wanted.values()) {
    const utxo = outputAt(found.get(reference.txId), reference);
    if (utxo === undefined) unresolved.push(reference);
    else inputs.push(utxo);
  }
  return { inputs, unresolved };
}

/** The output without the bytes that a page has no use for. */
function outputAt(transaction: Transaction | undefined, reference: OutputReference): Utxo | undefined {
  const outputs = transaction?.isValid === false ? [] : transaction?.outputs;
  // A failed transaction makes its collateral return alone, numbered after its outputs.
  const isReturn = transaction?.isValid === false && reference.index === transaction.outputs.length;
  const output = isReturn ? (transaction.collateralReturn ?? undefined) : outputs?.[reference.index];
  if (output === undefined) return undefined;
  const { address, lovelace, assets, inlineDatum, datumHash, referenceScriptHash } = output;
  return {
    reference,
    address,
    lovelace,
    assets,
    ...(inlineDatum === undefined ? {} : { inlineDatum }),
    ...(datumHash === undefined ? {} : { datumHash }),
    ...(referenceScriptHash === undefined ? {} : { referenceScriptHash }),
  };
}

async function quotesOf(
  { quoteOf }: Pick<GroundParts, 'quoteOf'>,
  transactions: readonly StrictTransaction[],
): Promise<PreviewGround['quotes']> {
  const hashes = new Set(transactions.flatMap(({ outputs }) => outputs.flatMap(quoteHashOf)));
  const found = await Promise.all([...hashes].slice(0, MOST_QUOTES).map(async (hash) => quoteOf(hash)));
  return found.filter((one) => one !== null);
}

function quoteHashOf(output: Utxo): string[] {
  if (output.inlineDatum === undefined) return [];
  try {
    return [lockedOutput(output, 0).datum.quoteHash];
  } catch (error) {
    // Any other script's datum.
    if (error instanceof NunetError) return [];
    throw error;
  }
}
