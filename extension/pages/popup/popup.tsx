// The popup and the side panel: balance first, then what waits for the person, receive and send. Works while locked for what needs no key.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { Badge } from '../../ui/badge.tsx';
import { Button, IconButton } from '../../ui/button.tsx';
import { t } from '../../ui/i18n.ts';
import { lazyView } from '../../ui/lazy-view.tsx';
import { Mark } from '../../ui/mark.tsx';
import { usePage } from '../../ui/page.ts';
import { Problem } from '../../ui/problem.tsx';
import { Stranger } from '../../ui/stranger.tsx';
import { ToastList } from '../../ui/toasts.tsx';
import type { WalletView } from '../../wallet/messages.ts';
import { Unlock } from '../unlock.tsx';
import { Balance } from '../wallet/balance.tsx';
import { useNetworkName } from '../wallet/network-name.ts';
import { Pending } from '../wallet/pending.tsx';
import { Tokens } from '../wallet/tokens.tsx';
import { WalletGate } from '../wallet/wallet-gate.tsx';
import { useWayOut } from '../way-out.ts';
import { RunningJobs } from './running-jobs.tsx';
import { Waiting } from './waiting.tsx';

type Place = 'home' | 'receive' | 'send' | 'unlock';

// What is not the first thing that is seen is loaded when it is.
const Receive = lazyView(() => import('../wallet/receive.tsx').then(({ Receive: view }) => view));
const Send = lazyView(() => import('../wallet/send.tsx').then(({ Send: view }) => view));

export function Popup({ kind }: { kind: 'popup' | 'panel' }): JSX.Element {
  const { vault, runner, act, toasts } = usePage();
  const { open, openSidePanel } = useWayOut();
  const network = useNetworkName();
  const place = useSignal<Place>('home');
  const words = t().wallet;
  const kept = vault.state.value;
  const account = kept?.accounts.find(({ index }) => index === kept.selected);
  const to = (next: Place) => (): void => {
    place.value = next;
  };

  const home = (wallet: WalletView | null): JSX.Element => (
    <>
      <Balance wallet={wallet} />
      <div class="popup-actions">
        <Button kind="primary" icon="send" isWide testid="popup-send" isDisabled={wallet?.isKnown !== true} onClick={to('send')}>
          {words.send.title}
        </Button>
        <Button icon="receive" isWide testid="popup-receive" isDisabled={wallet === null} onClick={to('receive')}>
          {words.receive.title}
        </Button>
      </div>
      <Waiting />
      {wallet !== null && <Pending pending={wallet.pending} />}
      {kind === 'panel' && <RunningJobs />}
      {wallet !== null && wallet.isKnown && wallet.tokens.some((token) => !token.isNtx) && <Tokens wallet={wallet} />}
      {kept?.state === 'locked' && <p class="hint">{words.popup.lockedHint}</p>}
    </>
  );
  const body = (): JSX.Element => {
    if (place.value === 'unlock' && kept?.state === 'locked') return <Unlock onUnlocked={to('home')} />;
    return (
      <WalletGate>
        {(wallet) =>
          place.value === 'receive' && wallet !== null ? (
            <Receive wallet={wallet} />
          ) : place.value === 'send' && wallet !== null ? (
            <Send wallet={wallet} to="" onDone={to('home')} />
          ) : (
            home(wallet)
          )
        }
      </WalletGate>
    );
  };
  const isHome = place.value === 'home' || (place.value === 'unlock' && kept?.state !== 'locked');
  const title = { home: '', receive: words.receive.title, send: words.send.title, unlock: '' }[place.value];
  return (
    <div class="popup-page" data-testid="popup" data-place={place.value}>
      <header>
        {isHome ? <Mark size={26} /> : <IconButton icon="back" label={words.popup.back} testid="popup-back" onClick={to('home')} />}
        {isHome || title === '' ? (
          <span class="popup-account">
            <Stranger text={account?.name ?? 'NuNet'} length={24} />
            {network !== '' && <Badge>{network}</Badge>}
          </span>
        ) : (
          <h1>{title}</h1>
        )}
        {kept?.state === 'open' && (
          <IconButton
            icon="lock"
            label={words.popup.lock}
            testid="lock"
            onClick={() => {
              place.value = 'home';
              void act(() => vault.ask({ type: 'lock' }));
            }}
          />
        )}
        {kept?.state === 'locked' && isHome && (
          <Button size="small" icon="unlock" testid="popup-unlock" onClick={to('unlock')}>
            {t().vault.unlock.action}
          </Button>
        )}
      </header>
      <main class="stack">
        <Problem />
        {body()}
      </main>
      <footer>
        <Button kind="quiet" size="small" icon="out" testid="open-dashboard" onClick={() => open('/dashboard.html#/')}>
          {words.popup.dashboard}
        </Button>
        {openSidePanel !== null && (
          <Button kind="quiet" size="small" icon="panel" testid="open-panel" onClick={openSidePanel}>
            {words.popup.panel}
          </Button>
        )}
      </footer>
      <ToastList toasts={toasts} />
      <span class="away" data-testid="runner-silent">
        {runner.silent.value ? t().wallet.starting : ''}
      </span>
    </div>
  );
}
