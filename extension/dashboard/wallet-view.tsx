// The wallet's page within the dashboard.
import type { JSX } from 'preact';
import { t } from '../ui/i18n.ts';
import { PageHeader } from '../ui/page-header.tsx';
import { WalletCard } from './wallet-card.tsx';

export function WalletView(_: { place: readonly string[] }): JSX.Element {
  return (
    <div class="stack">
      <PageHeader title={t().shell.nav.wallet} />
      <WalletCard />
    </div>
  );
}
