// Test money from the devnet's faucet, and that it is on its way until the wallet holds it.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { Button } from '../ui/button.tsx';
import { t } from '../ui/i18n.ts';
import { usePage } from '../ui/page.ts';
import type { WalletView } from '../wallet/messages.ts';

export function FundButton({ wallet }: { wallet: WalletView }): JSX.Element {
  const { runner, act } = usePage();
  /** What the wallet held when test money was asked for. */
  const before = useSignal<bigint | null>(null);
  const isComing = before.value === wallet.baseUnits;
  const fund = async (): Promise<void> => {
    before.value = wallet.baseUnits;
    if (!(await act(() => runner.ask({ type: 'fund' })))) before.value = null;
  };
  return (
    <Button icon="coin" testid="fund" isDisabled={isComing} onClick={() => void fund()}>
      {isComing ? t().shell.wallet.fundComing : t().shell.wallet.fund}
    </Button>
  );
}
