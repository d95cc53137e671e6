// Test money, where the network has somebody who gives it: the devnet's own faucet.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { Button } from '../../ui/button.tsx';
import { t } from '../../ui/i18n.ts';
import { usePage } from '../../ui/page.ts';
import type { WalletView } from '../../wallet/messages.ts';
import { No } from '../no.tsx';
import { useAsking } from '../use-asking.ts';

export function Faucet({ wallet }: { wallet: WalletView | null }): JSX.Element | null {
  const { runner } = usePage();
  const asking = useAsking();
  /** What the wallet held when test money was asked for: it is on its way until that changes. */
  const before = useSignal<bigint | null>(null);
  const network = runner.app.value?.network;
  const words = t().wallet.balance;
  if (wallet === null || network?.state !== 'ready' || network.target.network !== 'devnet') return null;
  const isComing = before.value !== null && before.value === wallet.lovelace;
  const ask = async (): Promise<void> => {
    before.value = wallet.lovelace;
    if (!(await asking.run(() => runner.ask({ type: 'fund' })))) before.value = null;
  };
  return (
    <div class="stack tight">
      <Button icon="coin" testid="fund" isDisabled={isComing || asking.isBusy.value} onClick={() => void ask()}>
        {isComing ? words.funding : words.faucet}
      </Button>
      <No no={asking.no.value} />
    </div>
  );
}
