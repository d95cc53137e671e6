// What is shown and what is proposed to the vault, made of the same bytes: previews beside what the runner knows, and the proposal over them.
import type { Network } from '@nunet/shared/fields.ts';
import type { RunnerClient } from '../ui/runner-client.ts';
import type { JobGrant, KeyRole, Proposal, Signable } from '../vault/messages.ts';
import { isLarge } from './approve-guard.ts';
import { previewData } from './data-preview.ts';
import type { DataPreview, TransactionPreview } from './preview.ts';
import { previewTransactions } from './preview-transactions.ts';

/** `roles` null: the keys that the transaction itself asks for. */
export type ToSign =
  | { kind: 'transactions'; transactions: readonly { cbor: string; roles: readonly KeyRole[] | null }[] }
  | { kind: 'lock'; cbor: string; grant: JobGrant }
  | { kind: 'data'; role: KeyRole; address: string; payload: string };

export type Shown = { kind: 'transactions'; previews: readonly TransactionPreview[] } | { kind: 'data'; data: DataPreview };

export interface Asked {
  runner: Pick<RunnerClient, 'ask'>;
  ask: ToSign;
  origin: string | null;
  /** Which document asks. For the wallet's own pages: something that no other page uses, so that two of them do not undo each other's question. */
  frame: string;
  account: { index: number; name: string };
  network: Network;
}

/** Throws what the runner throws, `transaction-unreadable`, and as `previewData`. */
export async function prepareSigning({
  runner,
  ask,
  origin,
  frame,
  account,
  network,
}: Asked): Promise<{ what: Shown; proposal: Proposal }> {
  const base = { origin, frame, account: account.index, network };
  if (ask.kind === 'data') return { what: { kind: 'data', data: previewData(ask, origin) }, proposal: { ...base, what: ask } };
  const cbors = ask.kind === 'lock' ? [ask.cbor] : ask.transactions.map(({ cbor }) => cbor);
  const ground = await runner.ask({ type: 'preview-ground', account: account.index, transactions: cbors });
  // The keys that are shown are those that will sign.
  const previews = previewTransactions(cbors, ground).map((preview, i) => ({ ...preview, keys: rolesOf(ask, i) ?? preview.keys }));
  const large = isLarge(previews.flatMap(({ risks }) => risks)) ? { isLarge: true } : {};
  return { what: { kind: 'transactions', previews }, proposal: { ...base, ...large, what: signable(ask, previews) } };
}

/** Null: not said, so those that the transaction itself asks for. */
const rolesOf = (ask: Exclude<ToSign, { kind: 'data' }>, at: number): KeyRole[] | null => {
  const roles = ask.kind === 'lock' ? LOCK_ROLES : ask.transactions[at]?.roles;
  return roles === null || roles === undefined ? null : [...roles];
};
/** As the vault signs it. */
const LOCK_ROLES: readonly KeyRole[] = ['payment'];

const signable = (ask: Exclude<ToSign, { kind: 'data' }>, previews: readonly TransactionPreview[]): Signable =>
  ask.kind === 'lock' ? ask : { kind: 'transactions', transactions: previews.map(({ cbor, keys }) => ({ cbor, roles: [...keys] })) };
