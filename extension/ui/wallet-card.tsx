// The devnet-only wallet: what it is, what it holds, and how to get test money.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { CopyButton } from './copy-button.tsx';
import { Icon } from './icons.tsx';
import { usePage } from './page.ts';
import { adaText, ntxText } from './quantity-text.ts';
import { shortId } from './visible-text.ts';

export function WalletCard(): JSX.Element | null {
  const { runner, act } = usePage();
  /** What the wallet held when test money was asked for: it is on its way until that changes. */
  const before = useSignal<bigint | null>(null);
  const wallet = runner.app.value?.wallet;
  if (wallet === null || wallet === undefined) return null;
  const isComing = before.value === wallet.baseUnits;
  const fund = async (): Promise<void> => {
    before.value = wallet.baseUnits;
    if (!(await act(() => runner.ask({ type: 'fund' })))) before.value = null;
  };
  return (
    <section class="card wallet" aria-labelledby="wallet-title">
      <h2 id="wallet-title">Wallet</h2>
      <p class="balance">
        <strong data-testid="wallet-ntx" data-base-units={wallet.baseUnits.toString()}>
          {ntxText(wallet.baseUnits)}
        </strong>
        <span data-testid="wallet-ada" data-lovelace={wallet.lovelace.toString()}>
          {adaText(wallet.lovelace)}
        </span>
      </p>
      <div class="address">
        <code data-testid="wallet-address" data-address={wallet.address} title={wallet.address}>
          {shortId(wallet.address, 14, 8)}
        </code>
        <CopyButton text={wallet.address} what="the address" />
      </div>
      <button type="button" data-testid="fund" disabled={isComing} onClick={() => void fund()}>
        <Icon name="coin" /> {isComing ? 'On its way, a block or two' : 'Get test NTX and ADA'}
      </button>
      <p class="label" data-testid="key-label">
        <Icon name="alert" size={16} />
        <span>Devnet-only key, made in this browser’s memory. It is gone when the browser closes. Never send real funds to it.</span>
      </p>
    </section>
  );
}
