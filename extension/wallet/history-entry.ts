// One line of the account's history from a transaction's own bytes: what it did to the account, with whom, and what for. Pure.
import { addressParts } from '@nunet/contracts/address.ts';
import type { Utxo } from '@nunet/contracts/chain/chain.ts';
import { effectOf, type Transaction } from '@nunet/contracts/chain/transaction.ts';
import { decodeDatum } from '@nunet/contracts/datum.ts';
import { memoOf } from '@nunet/contracts/memo.ts';
import { readSpend } from '@nunet/contracts/read-spend.ts';
import { visibleText } from '../ui/visible-text.ts';
import type { HistoryEntry } from './messages.ts';
import { netEffect } from './net-effect.ts';

const MOST_COUNTERPARTIES = 10;
const MEMO_LENGTH = 600;
const MOST_LINES = 20;
/** In place of a malformed datum, which only Reclaim can have spent. */
const NOBODY = { oracleKeys: [], voucherKey: '', computeProvider: '', serviceProvider: '' };

/** What does not change any more, once the block is deep. */
export type EntryFacts = Omit<HistoryEntry, 'timeMs' | 'confirmations'>;

export interface EntryGround {
  address: string;
  /** Script hashes of the network's escrows. */
  escrows: ReadonlySet<string>;
  tokenOf: (asset: { policyId: string; assetName: string; quantity: bigint }) => HistoryEntry['tokens'][number];
}

function isEscrow({ address }: Utxo, escrows: ReadonlySet<string>): boolean {
  try {
    const { payment } = addressParts(address);
    return payment.kind === 'script' && escrows.has(payment.hash);
  } catch {
    return false;
  }
}

/** How the first escrow output that it spends was ended; null: it spends none, or in a way unknown here. */
function endOf(transaction: Transaction, spent: readonly Utxo[], escrows: ReadonlySet<string>): 'settle' | 'reclaim' | null {
  for (const lock of spent.filter((utxo) => isEscrow(utxo, escrows))) {
    let datum: Parameters<typeof readSpend>[1]['datum'];
    try {
      datum = decodeDatum(lock.inlineDatum ?? '');
    } catch {
      datum = NOBODY;
    }
    const spend = readSpend(transaction, { reference: lock.reference, datum });
    // An agreement pays as a settlement does.
    if (spend !== null) return spend.how === 'reclaim' ? 'reclaim' : 'settle';
  }
  return null;
}

function kindOf(transaction: Transaction, spent: readonly Utxo[], { address, escrows }: EntryGround): HistoryEntry['kind'] {
  if (!transaction.isValid) return 'failed-script';
  const end = endOf(transaction, spent, escrows);
  if (end !== null) return end;
  const isPayer = spent.some((utxo) => utxo.address === address);
  if (isPayer && transaction.outputs.some((output) => isEscrow(output, escrows))) return 'lock';
  if (transaction.redeemers.length > 0) return 'script';
  if (!isPayer) return 'received';
  return transaction.outputs.every((output) => output.address === address) ? 'own' : 'sent';
}

const memoLines = (transaction: Transaction): string | null => {
  const memo = memoOf(transaction.metadata);
  if (memo === null) return null;
  const lines = memo
    .slice(0, 4 * MEMO_LENGTH)
    .split('\n')
    .slice(0, MOST_LINES);
  return lines.map((line) => visibleText(line, MEMO_LENGTH)).join('\n');
};

/** `spent`: the outputs that it really spends, those of its collateral where a script failed. */
export function entryOf(transaction: Transaction, spent: readonly Utxo[], ground: EntryGround): EntryFacts {
  const { address, tokenOf } = ground;
  const { lovelace, assets } = netEffect(address, transaction, spent);
  const isPayer = spent.some((utxo) => utxo.address === address);
  const others = (isPayer ? effectOf(transaction).made : spent).map((utxo) => utxo.address).filter((other) => other !== address);
  // A failed script takes of the collateral, and the fee that is written in the transaction is not paid.
  const fee = transaction.isValid ? transaction.fee : -lovelace;
  return {
    txId: transaction.id,
    lovelace,
    feeLovelace: isPayer ? fee : 0n,
    tokens: assets.map(tokenOf),
    counterparties: [...new Set(others)].slice(0, MOST_COUNTERPARTIES),
    kind: kindOf(transaction, spent, ground),
    memo: memoLines(transaction),
  };
}
