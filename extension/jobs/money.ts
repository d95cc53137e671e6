// Where the money of a job is: what was locked, billed, paid and came back, and the transactions that say so.
import type { JobRecord } from '@nunet/shared/job-flow/job-record.ts';

export interface Transaction {
  kind: 'lock' | 'end' | 'agree' | 'reclaim';
  /** What it did, or will do. */
  did: 'lock' | 'reclaim' | 'agree' | 'settled' | 'agreed' | 'reclaimed';
  txId: string;
  feeLovelace: bigint;
}

/** Null: not known yet. Base units and lovelace. */
export interface Money {
  locked: bigint | null;
  billed: bigint | null;
  paid: bigint | null;
  change: bigint | null;
  lockedLovelace: bigint | null;
  changeLovelace: bigint | null;
  transactions: Transaction[];
}

const ENDS = { settle: 'settled', agree: 'agreed', reclaim: 'reclaimed' } as const;

export function moneyOf(record: JobRecord): Money {
  const { quote, lockTx, spent, manifest, lock, agreeTx, reclaimTx } = record;
  const transactions: Transaction[] = [];
  if (lockTx !== undefined) transactions.push({ kind: 'lock', did: 'lock', txId: lockTx.txId, feeLovelace: lockTx.feeLovelace });
  // Built is not sent: a reclaim is listed while it is under way, and as the end once the chain has it.
  if (reclaimTx !== undefined && spent === undefined && lock !== 'dropped')
    transactions.push({ kind: 'reclaim', did: 'reclaim', txId: reclaimTx.txId, feeLovelace: reclaimTx.feeLovelace });
  if (agreeTx !== undefined && spent === undefined && lock !== 'dropped')
    transactions.push({ kind: 'agree', did: 'agree', txId: agreeTx.txId, feeLovelace: agreeTx.feeLovelace });
  if (spent !== undefined) transactions.push({ kind: 'end', did: ENDS[spent.how], txId: spent.txId, feeLovelace: spent.feeLovelace });
  const isNothing = lock === 'dropped';
  return {
    locked: isNothing ? 0n : (quote?.body.amountBaseUnits ?? null),
    billed: manifest?.body.payBaseUnits ?? null,
    paid: isNothing ? 0n : (spent?.paidBaseUnits ?? null),
    change: isNothing ? 0n : (spent?.changeBaseUnits ?? null),
    lockedLovelace: isNothing ? 0n : (lockTx?.lockedLovelace ?? null),
    changeLovelace: spent?.changeLovelace ?? null,
    transactions,
  };
}

/** The page of a transaction, where the runner named one on this machine or behind TLS; anything else is not a link. */
export function transactionLink(page: string | null, txId: string): string | null {
  if (page === null || !/^[0-9a-f]{64}$/.test(txId)) return null;
  try {
    const { protocol, hostname } = new URL(page);
    const isHere = protocol === 'http:' && (hostname === '127.0.0.1' || hostname === 'localhost');
    return isHere || protocol === 'https:' ? page + txId : null;
  } catch {
    return null;
  }
}
