// What the account holds: NTX first, ADA beside it, covered while locked where somebody wants that.
import type { JSX } from 'preact';
import { Ada, Ntx } from '../../ui/amount.tsx';
import { COVER, useCover } from '../../ui/cover.ts';
import { t } from '../../ui/i18n.ts';
import { adaText } from '../../ui/quantity-text.ts';
import { Skeleton } from '../../ui/skeleton.tsx';
import type { WalletView } from '../../wallet/messages.ts';

export function Balance({ wallet }: { wallet: WalletView | null }): JSX.Element {
  const isCovered = useCover();
  const words = t().wallet.balance;
  if (wallet === null || !wallet.isKnown) return <Skeleton label={t().wallet.starting} shape="title" count={2} />;
  if (isCovered) {
    return (
      <div class="balance-head" data-testid="balance" data-covered>
        <span class="balance-ntx">
          {COVER} <span class="unit">NTX</span>
        </span>
        <span class="balance-ada hint">{words.hidden}</span>
      </div>
    );
  }
  return (
    <div class="balance-head" data-testid="balance">
      <span class="balance-ntx" data-testid="wallet-ntx" data-base-units={wallet.baseUnits.toString()}>
        <Ntx quantity={wallet.baseUnits} size="large" />
      </span>
      <span class="balance-ada" data-testid="wallet-ada" data-lovelace={wallet.lovelace.toString()}>
        <Ada quantity={wallet.lovelace} />
        {wallet.collateralLovelace > 0n && <span class="hint"> {words.collateral(adaText(wallet.collateralLovelace))}</span>}
      </span>
    </div>
  );
}
