// The wallet in the dashboard: balance above, its parts as places of their own.
import type { JSX } from 'preact';
import { FundButton } from '../../dashboard/fund-button.tsx';
import { Card } from '../../ui/card.tsx';
import { t } from '../../ui/i18n.ts';
import type { IconName } from '../../ui/icons.tsx';
import { lazyView } from '../../ui/lazy-view.tsx';
import { PageHeader } from '../../ui/page-header.tsx';
import { usePage } from '../../ui/page.ts';
import { Stranger } from '../../ui/stranger.tsx';
import type { WalletView } from '../../wallet/messages.ts';
import '../pages.css';
import { Places } from '../places.tsx';
import { Balance } from './balance.tsx';
import { useNetwork } from './network-name.ts';
import { Pending } from './pending.tsx';
import { Tokens } from './tokens.tsx';
import { WalletGate } from './wallet-gate.tsx';

const Receive = lazyView(() => import('./receive.tsx').then(({ Receive: view }) => view));
const Send = lazyView(() => import('./send.tsx').then(({ Send: view }) => view));
const History = lazyView(() => import('./history.tsx').then(({ History: view }) => view));
const ContactsPage = lazyView(() => import('./contacts.tsx').then(({ ContactsPage: view }) => view));
const More = lazyView(() => import('./more.tsx').then(({ More: view }) => view));

export const WALLET_PLACES = ['balance', 'receive', 'send', 'history', 'contacts', 'more'] as const;
export type WalletPlace = (typeof WALLET_PLACES)[number];

const ICONS: Readonly<Record<WalletPlace, IconName>> = {
  balance: 'wallet',
  receive: 'receive',
  send: 'send',
  history: 'list',
  contacts: 'book',
  more: 'more',
};

/** The parts of a hash after `#/wallet/`, which anybody may have written: what is no place of ours is the balance. */
export const walletPlace = ([first]: readonly string[]): WalletPlace => WALLET_PLACES.find((place) => place === first) ?? 'balance';

export function WalletPage({ place: parts }: { place: readonly string[] }): JSX.Element {
  const { vault } = usePage();
  const place = walletPlace(parts);
  const network = useNetwork();
  const to = place === 'send' ? (parts[1] ?? '') : '';
  const words = t().wallet;
  const kept = vault.state.value;
  const account = kept?.accounts.find(({ index }) => index === kept.selected);
  const body = (wallet: WalletView): JSX.Element => {
    switch (place) {
      case 'balance':
        return <Tokens wallet={wallet} />;
      case 'receive':
        return <Receive wallet={wallet} />;
      case 'send':
        return <Send key={to} wallet={wallet} to={to} onDone={() => (location.hash = '#/wallet')} />;
      case 'history':
        return <History wallet={wallet} />;
      case 'contacts':
        return <ContactsPage wallet={wallet} onSend={(address) => (location.hash = `#/wallet/send/${address}`)} />;
      case 'more':
        return <More wallet={wallet} />;
    }
  };
  return (
    <>
      <PageHeader title={words.title} lead={account === undefined ? undefined : <Stranger text={account.name} length={40} />} />
      <div class="stack wallet-page" data-testid="wallet-page" data-place={place}>
        <WalletGate>
          {(wallet) => (
            <>
              <Card label={words.balance.total}>
                <div class="wallet-head">
                  <Balance wallet={wallet} />
                  {wallet !== null && network === 'devnet' && <FundButton wallet={wallet} />}
                </div>
              </Card>
              <Places
                label={words.tabsLabel}
                here={place}
                places={WALLET_PLACES.map((id) => ({
                  id,
                  label: words.tabs[id],
                  icon: ICONS[id],
                  href: id === 'balance' ? '#/wallet' : `#/wallet/${id}`,
                  testid: `wallet-${id}`,
                }))}
              />
              {wallet !== null && wallet.isKnown && (
                <>
                  {place === 'balance' && wallet.pending.length > 0 && (
                    <Card title={words.pending.title}>
                      <Pending pending={wallet.pending} />
                    </Card>
                  )}
                  {place === 'more' ? (
                    body(wallet)
                  ) : (
                    <Card title={place === 'balance' ? words.balance.tokens : words.tabs[place]}>{body(wallet)}</Card>
                  )}
                </>
              )}
            </>
          )}
        </WalletGate>
      </div>
    </>
  );
}
