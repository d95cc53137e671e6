// All of it in one component: asks the runner what is known of the world, shows the sheet, asks the vault, and hands the signature on.
import { useSignal } from '@preact/signals';
import { safeError } from '@nunet/shared/errors.ts';
import type { Network } from '@nunet/shared/fields.ts';
import type { ComponentChildren, JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { RunnerClient } from '../ui/runner-client.ts';
import type { SaidNo } from '../ui/error-text.ts';
import { t } from '../ui/i18n.ts';
import { Skeleton } from '../ui/skeleton.tsx';
import type { PageVault } from '../ui/vault-state.ts';
import type { JobGrant, KeyRole, Proposal, Signable } from '../vault/messages.ts';
import { isLarge } from './approve-guard.ts';
import { previewData } from './data-preview.ts';
import type { TransactionPreview } from './preview.ts';
import { previewTransactions } from './preview-transactions.ts';
import { SigningSheet, type Shown } from './signing-sheet.tsx';
import type { Signed } from './signing.ts';
import { useSigning } from './use-signing.ts';

/** `roles` null: the keys that the transaction itself asks for. */
export type ToSign =
  | { kind: 'transactions'; transactions: readonly { cbor: string; roles: readonly KeyRole[] | null }[] }
  | { kind: 'lock'; cbor: string; grant: JobGrant }
  | { kind: 'data'; role: KeyRole; address: string; payload: string };

export interface SignProps {
  runner: Pick<RunnerClient, 'ask'>;
  vault: PageVault;
  ask: ToSign;
  origin: string | null;
  /** Which document asks. For the wallet's own pages: something that no other page uses, so that two of them do not undo each other's question. */
  frame: string;
  account: { index: number; name: string };
  network: Network;
  onSigned: (signed: Signed) => void | Promise<void>;
  onRefused: () => void;
  children?: ComponentChildren | undefined;
}

/** Give it a `key` of what is asked: it does not look at other bytes later. */
export function Sign(props: SignProps): JSX.Element {
  const ready = useSignal<{ what: Shown; proposal: Proposal } | null>(null);
  const failed = useSignal<SaidNo | null>(null);
  const round = useSignal(0);
  useEffect(() => {
    let isGone = false;
    failed.value = null;
    prepare(props).then(
      (prepared) => {
        if (!isGone) ready.value = prepared;
      },
      (error: unknown) => {
        if (!isGone) failed.value = safeError(error);
      },
    );
    return () => {
      isGone = true;
    };
  }, [round.value]);
  if (ready.value !== null) return <Ready {...props} {...ready.value} />;
  if (failed.value === null) return <Skeleton label={t().sheet.hold['not-ready']} shape="title" />;
  return (
    <SigningSheet
      what={{ kind: 'transactions', previews: [] }}
      origin={props.origin}
      account={props.account.name}
      network={props.network}
      step={{ step: 'failed', because: failed.value }}
      problem={null}
      onApprove={() => undefined}
      onUnlock={() => undefined}
      onRefuse={props.onRefused}
      onAgain={() => (round.value += 1)}
    />
  );
}

/** What is shown and what is proposed, made of the same bytes. */
async function prepare({ runner, ask, origin, frame, account, network }: SignProps): Promise<{ what: Shown; proposal: Proposal }> {
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

function Ready({
  vault,
  origin,
  account,
  network,
  onSigned,
  onRefused,
  what,
  proposal,
  children,
}: SignProps & { what: Shown; proposal: Proposal }): JSX.Element {
  const hashes = what.kind === 'data' ? [what.data.hash] : what.previews.map(({ hash }) => hash);
  const signing = useSigning({ vault, proposal, hashes, onSigned, onRefused });
  return (
    <SigningSheet
      what={what}
      origin={origin}
      account={account.name}
      network={network}
      step={signing.state.value}
      problem={signing.problem.value}
      onApprove={(password) => void signing.approve(password)}
      onUnlock={(password) => void signing.unlock(password)}
      onRefuse={signing.refuse}
      onAgain={signing.again}
    >
      {children}
    </SigningSheet>
  );
}
