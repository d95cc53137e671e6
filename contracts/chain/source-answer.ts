// What the sources share: the fields of their answers, raw transactions that must hash to their id, a submit whose answer may get lost.
import { z } from 'zod';
import { NunetError } from '@nunet/shared/errors.ts';
import type { TransactionStatus } from './chain.ts';
import { unavailable } from './source-request.ts';
import { readTransactionHex, type Transaction } from './transaction.ts';

const RAW_TRANSACTIONS_KEPT = 64;

// Answers are read with z.object, not strictObject: a service adds fields as it likes.
export const digits = z.string().regex(/^\d{1,20}$/);
/** Lovelace or execution units, as a number or as text. */
export const quantity = z.union([digits, z.int().min(0)]).transform((value) => BigInt(value));
/** A number, or one as text; null is neither. */
export const ratio = z
  .union([
    z.number(),
    z
      .string()
      .regex(/^\d{1,12}(\.\d{1,12})?$/)
      .transform(Number),
  ])
  .refine((value) => value >= 0, 'must not be negative');
export const hexText = z.string().regex(/^([0-9a-f]{2})*$/);
export const slot = z.int().min(0);
/** PreProd's PlutusV3 has 350 entries, and each hard fork may add some. */
export const costModel = z.array(z.int()).min(100).max(2_000);

/** Throws `chain-unavailable` and names the field that is wrong. */
export function parsed<Schema extends z.ZodType>(schema: Schema, json: unknown, path: string): z.infer<Schema> {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw unavailable(`${path} answers with an unexpected shape: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`);
}

/** What goes into a request is checked first, so that nothing can climb out of its path. Throws `chain-request-invalid`. */
export function checked(kind: 'transaction id' | 'address' | 'asset' | 'script hash', text: string): string {
  const pattern = {
    'transaction id': /^[0-9a-f]{64}$/,
    address: /^addr(_test)?1[a-z0-9]{20,130}$/,
    asset: /^[0-9a-f]{56}([0-9a-f]{2}){0,32}$/,
    'script hash': /^[0-9a-f]{56}$/,
  };
  if (!pattern[kind].test(text))
    throw new NunetError('chain-request-invalid', `Cannot ask the chain: "${text.slice(0, 80)}" is no ${kind}`);
  return text;
}

/** The transaction of these bytes. Throws `chain-unavailable` when they are not those of `txId`: a source cannot lie about them. */
export function transactionFrom(cborHex: string, txId: string): Transaction {
  let transaction: Transaction;
  try {
    transaction = readTransactionHex(cborHex);
  } catch (cause) {
    throw unavailable(`the source's bytes of transaction ${txId} cannot be read`, cause);
  }
  if (transaction.id !== txId) throw unavailable(`the source's bytes of transaction ${txId} hash to ${transaction.id}`);
  return transaction;
}

/** Keeps the last transactions read: their bytes never change, wherever a rollback puts them. */
export function rawTransactions(
  load: (txId: string, signal: AbortSignal | undefined) => Promise<Transaction | null>,
): (txId: string, signal?: AbortSignal) => Promise<Transaction | null> {
  const kept = new Map<string, Transaction>();
  return async (txId, signal) => {
    const known = kept.get(checked('transaction id', txId));
    if (known !== undefined) return known;
    const transaction = await load(txId, signal);
    if (transaction === null) return null;
    kept.set(txId, transaction);
    for (const oldest of kept.keys()) {
      if (kept.size <= RAW_TRANSACTIONS_KEPT) break;
      kept.delete(oldest);
    }
    return transaction;
  };
}

/**
 * Sends a transaction once. Where the answer is lost the chain is asked whether it arrived; if that cannot be told either, the
 * caller, who has it in his journal, looks again and sends it again while it is valid.
 */
export async function submitOnce(
  txId: string,
  send: () => Promise<string>,
  find: () => Promise<TransactionStatus>,
  signal: AbortSignal | undefined,
): Promise<string> {
  try {
    return await send();
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof NunetError) || error.code !== 'chain-unavailable') throw error;
    const status = await find().catch(() => null);
    if (status !== null && status.state !== 'unknown') return txId;
    throw unavailable(`${error.message}; transaction ${txId} may have been taken all the same`, error);
  }
}
