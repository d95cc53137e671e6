// Transactions that were sent and are not deep in the chain: written down before they leave, so that a restart shows them and sends them
// again; the same bytes have the same id, so that no number of sends pays twice.
import { timeOf, type Source } from '@nunet/contracts/chain/chain.ts';
import { readTransactionHex } from '@nunet/contracts/chain/transaction.ts';
import { NunetError, safeError } from '@nunet/shared/errors.ts';
import { hex32 } from '@nunet/shared/fields.ts';
import { z } from 'zod';
import { STRICT, type RunnerDatabase } from '../runner/database.ts';
import { transactionHex, type PendingView } from './messages.ts';
import type { PromisedInputs } from './promised-inputs.ts';

const problem = z.object({ code: z.string(), message: z.string() });
const sentTransaction = z.object({
  txId: hex32,
  /** Signed. */
  cbor: transactionHex,
  sentAtMs: z.number(),
  validUntilMs: z.number().nullable(),
  lovelace: z.bigint(),
  baseUnits: z.bigint(),
  problem: problem.nullable(),
});
type SentTransaction = z.infer<typeof sentTransaction>;

/** More wait at once only in a wallet that is driven by a program. */
const MOST_KEPT = 50;
/** Blocks on top after which it is no longer looked after; a shallower one may be rolled back, and is then sent again. */
const DEEP = 5;
/** A public source does not show its mempool: "unknown" for less than this is no reason to send again. */
const RESEND_MS = 30_000;
/** The tip may lag behind the end of validity that the ledger sees. */
const DROP_AFTER_MS = 120_000;

export interface SentParts {
  chain: Source;
  database: RunnerDatabase;
  /** Under which it is kept. */
  key: string;
  inputs: Pick<PromisedInputs, 'promise'>;
  now: () => number;
  onChange: () => void;
  signal: AbortSignal;
}

export interface Sent {
  view(): PendingView[];
  has(txId: string): boolean;
  /** Journals, then submits. `effect`: on the account. Throws `chain-rejected`: the ledger's reason, and nothing is kept. */
  send(cbor: string, effect: { lovelace: bigint; baseUnits: bigint }): Promise<{ txId: string }>;
  /** Looks after all of them once. Never throws. */
  follow(): Promise<void>;
}

/** As whom it is promised its inputs. */
export const ownerOfPayment = (txId: string): string => `payment:${txId}`;

/** Those of before are read again; one that cannot be read is left out. */
export async function openSent({ chain, database, key, inputs, now, onChange, signal }: SentParts): Promise<Sent> {
  const store = `sent/${key}`;
  const stored = await database.get('settings', store);
  const kept = new Map<string, SentTransaction>();
  for (const value of Array.isArray(stored) ? stored : []) {
    const parsed = sentTransaction.safeParse(value);
    if (parsed.success) kept.set(parsed.data.txId, parsed.data);
  }
  /** In a block that may be rolled back. */
  const included = new Set<string>();
  const triedAtMs = new Map<string, number>();
  for (const { txId, cbor, problem } of kept.values()) if (problem?.code !== 'chain-rejected') inputs.promise(ownerOfPayment(txId), cbor);

  const write = async (): Promise<void> => {
    const transaction = database.transaction('settings', 'readwrite', STRICT);
    await Promise.all([transaction.store.put([...kept.values()], store), transaction.done]);
  };
  const forget = async (txId: string): Promise<void> => {
    kept.delete(txId);
    included.delete(txId);
    inputs.promise(ownerOfPayment(txId), null);
    await write();
    onChange();
  };
  const note = async (txId: string, problem: SentTransaction['problem']): Promise<void> => {
    const before = kept.get(txId);
    if (before === undefined || before.problem?.code === problem?.code) return;
    kept.set(txId, { ...before, problem });
    await write();
    onChange();
  };

  /** Null: the source has it. */
  const submit = async ({ txId, cbor }: SentTransaction): Promise<SentTransaction['problem']> => {
    triedAtMs.set(txId, now());
    try {
      await chain.submit(cbor, signal);
      return null;
    } catch (error) {
      signal.throwIfAborted();
      const said = safeError(error);
      // The ledger refuses what it has already, too.
      const isThere = said.code === 'chain-rejected' && (await chain.transaction(txId, signal)).state !== 'unknown';
      return isThere ? null : said;
    }
  };

  const followOne = async (one: SentTransaction): Promise<void> => {
    const { txId, cbor, validUntilMs } = one;
    const status = await chain.transaction(txId, signal);
    if (status.state === 'confirmed') {
      if (status.confirmations >= DEEP) return forget(txId);
      if (included.has(txId)) return;
      included.add(txId);
      inputs.promise(ownerOfPayment(txId), null);
      await note(txId, null);
      onChange();
      return;
    }
    if (included.delete(txId)) inputs.promise(ownerOfPayment(txId), cbor);
    if (status.state === 'pending') return note(txId, null);
    const { timeMs } = await chain.tip(signal);
    if (validUntilMs !== null && timeMs > validUntilMs + DROP_AFTER_MS) return forget(txId);
    const isOver = validUntilMs !== null && timeMs >= validUntilMs;
    if (isOver || now() - (triedAtMs.get(txId) ?? 0) < RESEND_MS) return;
    const problem = await submit(one);
    // What it spends may be spent again by another one.
    inputs.promise(ownerOfPayment(txId), problem?.code === 'chain-rejected' ? null : cbor);
    await note(txId, problem);
  };

  return {
    view: () =>
      [...kept.values()]
        .filter(({ txId }) => !included.has(txId))
        .map(({ cbor: _, ...view }) => view)
        .toSorted((a, b) => b.sentAtMs - a.sentAtMs),

    has: (txId) => kept.has(txId),

    async send(cbor, effect) {
      const transaction = readTransactionHex(cbor);
      const { id: txId, validUntil } = transaction;
      if (kept.has(txId)) return { txId };
      if (kept.size >= MOST_KEPT)
        throw new NunetError('sent-too-many', `Cannot send: ${kept.size} transactions wait for a block already; wait for them`);
      const validUntilMs = validUntil === null ? null : timeOf(validUntil, chain.slotConfig);
      const one: SentTransaction = { txId, cbor, sentAtMs: now(), validUntilMs, ...effect, problem: null };
      kept.set(txId, one);
      inputs.promise(ownerOfPayment(txId), cbor);
      await write();
      onChange();
      const problem = await submit(one);
      if (problem?.code === 'chain-rejected') {
        // Refused with nothing known of it: it was never sent before, and is not now.
        await forget(txId);
        throw new NunetError(problem.code, problem.message);
      }
      // Whether it arrived is not known; that it may have is why it must not be built anew. It is sent again until its validity ends.
      await note(txId, problem);
      return { txId };
    },

    async follow() {
      for (const one of kept.values()) {
        try {
          await followOne(one);
        } catch (error) {
          if (signal.aborted) return;
          await note(one.txId, safeError(error)).catch(() => undefined);
        }
      }
    },
  };
}
