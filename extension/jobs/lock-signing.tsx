// The signature of a job's lock: asked for in a sheet on top of the job, which may be put aside and found again, also after a reload.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { AppState, SigningRequest } from '../messages.ts';
import type { SignProps } from '../preview/sign.tsx';
import { Button } from '../ui/button.tsx';
import { Callout } from '../ui/callout.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { t } from '../ui/i18n.ts';
import { lazyView } from '../ui/lazy-view.tsx';
import { usePage } from '../ui/page.ts';
import { countdownText } from '../ui/quantity-text.ts';
import type { VaultState } from '../vault/messages.ts';
import { chainNow } from './chain-clock.ts';

const Sign = lazyView<SignProps>(async () => (await import('../preview/sign.tsx')).Sign);

interface AskProps {
  request: SigningRequest;
  app: AppState;
  vaultState: VaultState;
}

function Ask({ request, app, vaultState }: AskProps): JSX.Element | null {
  const { runner, vault, now } = usePage();
  const isAside = useSignal(false);
  /** Another page of the wallet, or another sheet of this one, is another asker. */
  const frame = useRef(crypto.randomUUID());
  const words = t().jobs.offers;
  if (app.network.state !== 'ready') return null;
  const { signingId, cbor, grant, account, expiresAtMs } = request;
  const name = vaultState.accounts.find(({ index }) => index === account)?.name ?? '';
  if (isAside.value)
    return (
      <Callout
        tone="wait"
        icon="edit"
        role="status"
        testid="signing-aside"
        actions={
          <Button kind="primary" size="small" testid="signing-review" onClick={() => (isAside.value = false)}>
            {words.sign}
          </Button>
        }
      >
        {words.signWaits} {t().jobs.decision.left(countdownText(expiresAtMs - chainNow(app.chain, now.value)))}
      </Callout>
    );
  return (
    <Dialog title={words.signTitle} isWide testid="signing-dialog" onClose={() => (isAside.value = true)}>
      <Sign
        runner={runner}
        vault={vault}
        ask={{ kind: 'lock', cbor, grant }}
        origin={null}
        frame={frame.current}
        account={{ index: account, name }}
        network={app.network.target.network}
        onSigned={async (signed) => {
          await runner.ask({
            type: 'signing-answer',
            signingId,
            witnesses: signed.kind === 'transactions' ? (signed.witnesses[0] ?? null) : null,
          });
        }}
        onRefused={() => void runner.ask({ type: 'signing-answer', signingId, witnesses: null }).catch(() => undefined)}
      />
    </Dialog>
  );
}

/** Nothing while this job waits for no signature. */
export function LockSigning({ jobId }: { jobId: string }): JSX.Element | null {
  const { runner, vault } = usePage();
  const app = runner.app.value;
  const vaultState = vault.state.value;
  const request = app?.signings.find((one) => one.jobId === jobId);
  if (app === null || vaultState === null || request === undefined) return null;
  return <Ask key={request.signingId} request={request} app={app} vaultState={vaultState} />;
}
