// The account's history, read from the chain in pages: raw transactions that hash to their ids, kept once they are deep.
import type { Source } from '@nunet/contracts/chain/chain.ts';
import { effectOf } from '@nunet/contracts/chain/transaction.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { hex32 } from '@nunet/shared/fields.ts';
import { z } from 'zod';
import type { RunnerDatabase } from '../runner/database.ts';
import { entryOf, type EntryFacts, type EntryGround } from './history-entry.ts';
import type { HistoryEntry, HistoryPage } from './messages.ts';
import { outputsAt } from './net-effect.ts';

const PAGE = 20;
/** What is looked through for the place where a page goes on, and what a CSV holds. */
export const MOST_HISTORY = 1_000;
/** Blocks on top, about twelve minutes, after which an entry is kept. */
const DEEP = 36;
const AT_ONCE = 4;

/** As it is kept. A version of another shape is read from the chain again. */
const keptEntry = z.strictObject({
  blockHeight: z.int(),
  timeMs: z.number(),
  facts: z.strictObject({
    txId: hex32,
    lovelace: z.bigint(),
    feeLovelace: z.bigint(),
    tokens: z.array(z.strictObject({ unit: z.string(), label: z.string(), quantity: z.bigint(), decimals: z.int() })),
    counterparties: z.array(z.string()),
    kind: z.enum(['sent', 'received', 'own', 'lock', 'settle', 'reclaim', 'script', 'failed-script']),
    memo: z.string().nullable(),
  }) satisfies z.ZodType<EntryFacts>,
});

export interface HistoryParts {
  chain: Source;
  database: RunnerDatabase;
  /** Of this account on this chain. */
  key: string;
  ground: () => EntryGround;
  signal: AbortSignal;
}

/** Null: it is in no block any more. */
async function readEntry(
  { chain, database, key, ground, signal }: HistoryParts,
  txId: string,
  height: number,
): Promise<HistoryEntry | null> {
  const kept = keptEntry.safeParse(await database.get('history', [key, txId]));
  if (kept.success) {
    const { facts, timeMs, blockHeight } = kept.data;
    return { ...facts, timeMs, confirmations: Math.max(0, height - blockHeight) };
  }
  const [transaction, status] = await Promise.all([chain.rawTransaction(txId, signal), chain.transaction(txId, signal)]);
  if (transaction === null || status.state !== 'confirmed') return null;
  const facts = entryOf(transaction, await outputsAt(chain, effectOf(transaction).spent, signal), ground());
  const { blockHeight, timeMs, confirmations } = status;
  if (confirmations >= DEEP) await database.put('history', { blockHeight, timeMs, facts }, [key, txId]);
  return { ...facts, timeMs, confirmations };
}

async function readEntries(parts: HistoryParts, txIds: readonly string[]): Promise<HistoryEntry[]> {
  const { height } = await parts.chain.tip(parts.signal);
  const entries: HistoryEntry[] = [];
  for (let at = 0; at < txIds.length; at += AT_ONCE) {
    const some = await Promise.all(txIds.slice(at, at + AT_ONCE).map((txId) => readEntry(parts, txId, height)));
    entries.push(...some.filter((entry) => entry !== null));
  }
  return entries;
}

/** Throws `chain-unavailable`, `output-unknown`, and `history-changed` when `before` is not among the newest any more. */
export async function historyPage(parts: HistoryParts, address: string, before: string | null): Promise<HistoryPage> {
  const { chain, signal } = parts;
  const limit = before === null ? PAGE : MOST_HISTORY;
  const { txIds, more } = await chain.history(address, { limit, signal });
  const from = before === null ? 0 : txIds.indexOf(before) + 1;
  if (before !== null && from === 0)
    throw new NunetError('history-changed', 'Cannot go on in the history: it has changed meanwhile; read it from its beginning');
  const wanted = txIds.slice(from, from + PAGE);
  const isMore = txIds.length > from + PAGE || (more && before === null);
  return { entries: await readEntries(parts, wanted), next: isMore ? (wanted.at(-1) ?? null) : null };
}

/** The newest `MOST_HISTORY`. */
export async function wholeHistory(parts: HistoryParts, address: string): Promise<{ entries: HistoryEntry[]; isWhole: boolean }> {
  const { txIds, more } = await parts.chain.history(address, { limit: MOST_HISTORY, signal: parts.signal });
  return { entries: await readEntries(parts, txIds), isWhole: !more };
}
