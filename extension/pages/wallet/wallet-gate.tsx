// What the wallet's parts stand on: a wallet, a network, figures. What is missing is said with the way to get it.
import type { ComponentChildren, JSX } from 'preact';
import { Button } from '../../ui/button.tsx';
import { Callout } from '../../ui/callout.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { errorText } from '../../ui/error-text.ts';
import { t } from '../../ui/i18n.ts';
import { usePage } from '../../ui/page.ts';
import { Stranger } from '../../ui/stranger.tsx';
import type { WalletView } from '../../wallet/messages.ts';
import { useWayOut } from '../way-out.ts';

export function WalletGate({ children }: { children: (wallet: WalletView | null) => ComponentChildren }): JSX.Element {
  const { runner, vault } = usePage();
  const { open } = useWayOut();
  const words = t().wallet;
  const app = runner.app.value;
  const kept = vault.state.value;
  if (kept?.state === 'empty') {
    return (
      <EmptyState
        icon="vault"
        title={words.noWallet}
        says={words.noWalletHint}
        testid="no-wallet"
        action={
          <Button kind="primary" testid="set-up" onClick={() => open('/onboarding.html')}>
            {words.setUp}
          </Button>
        }
      />
    );
  }
  if (kept?.state === 'failed') {
    return (
      <Callout tone="bad" role="alert" title={t().vault.welcome.failed} testid="vault-failed">
        {kept.problem !== null && <Stranger text={errorText(kept.problem)} length={400} />}
      </Callout>
    );
  }
  if (app?.network.state === 'none') {
    return (
      <EmptyState
        icon="globe"
        title={words.noNetwork}
        says={words.noNetworkHint}
        testid="no-network"
        action={
          <Button kind="primary" testid="choose-network" onClick={() => open('/dashboard.html#/settings/network')}>
            {words.chooseNetwork}
          </Button>
        }
      />
    );
  }
  return (
    <>
      {app?.network.state === 'failed' && (
        <Callout
          tone="bad"
          role="alert"
          title={words.networkFailed}
          testid="network-failed"
          code={app.network.code}
          actions={
            <Button size="small" onClick={() => open('/dashboard.html#/settings/network')}>
              {words.chooseNetwork}
            </Button>
          }
        >
          {words.networkFailedHint}
        </Callout>
      )}
      {kept?.isBackedUp === false && (
        <Callout
          tone="wait"
          testid="not-backed-up"
          actions={
            <Button size="small" testid="back-up" onClick={() => open('/onboarding.html')}>
              {words.backUp}
            </Button>
          }
        >
          {words.notBackedUp}
        </Callout>
      )}
      {children(app?.wallet ?? null)}
    </>
  );
}
