// All of it in one component: asks the runner what is known of the world, shows the sheet, asks the vault, and hands the signature on.
import { useSignal } from '@preact/signals';
import { safeError } from '@nunet/shared/errors.ts';
import type { ComponentChildren, JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { SaidNo } from '../ui/error-text.ts';
import { t } from '../ui/i18n.ts';
import { Skeleton } from '../ui/skeleton.tsx';
import type { PageVault } from '../ui/vault-state.ts';
import type { Proposal } from '../vault/messages.ts';
import { prepareSigning, type Asked, type Shown } from './prepare-signing.ts';
import { SigningSheet } from './signing-sheet.tsx';
import type { Signed } from './signing.ts';
import { useSigning } from './use-signing.ts';

export interface SignProps extends Asked {
  vault: PageVault;
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
    prepareSigning(props).then(
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
