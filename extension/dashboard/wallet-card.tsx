// The wallet beside a job: what it holds, its address, and on a devnet the way to test money.
import type { JSX } from 'preact';
import { Address } from '../ui/address.tsx';
import { Card } from '../ui/card.tsx';
import { t } from '../ui/i18n.ts';
import { usePage } from '../ui/page.ts';
import { adaText, ntxText } from '../ui/quantity-text.ts';
import { FundButton } from './fund-button.tsx';
import { COVER, useCover } from '../ui/cover.ts';
import './wallet-card.css';

export function WalletCard(): JSX.Element | null {
  const { runner } = usePage();
  const isCovered = useCover();
  const app = runner.app.value;
  const wallet = app?.wallet;
  if (app === null || wallet === null || wallet === undefined) return null;
  const isDevnet = app.network.state === 'ready' && app.network.target.network === 'devnet';
  const words = t().shell.wallet;
  return (
    <Card title={words.title}>
      <div class="stack">
        <p class="balance">
          <strong data-testid="wallet-ntx" data-base-units={wallet.baseUnits.toString()}>
            {isCovered ? COVER : ntxText(wallet.baseUnits)}
          </strong>
          <span data-testid="wallet-ada" data-lovelace={wallet.lovelace.toString()}>
            {isCovered ? COVER : adaText(wallet.lovelace)}
          </span>
        </p>
        <Address text={wallet.address} what={words.address} testid="wallet-address" />
        {isDevnet && <FundButton wallet={wallet} />}
      </div>
    </Card>
  );
}
