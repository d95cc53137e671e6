// The approve window: one question of a web page at a time. Closing it is a no.
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { startApproveFlow, type ApproveFlow } from '../../cip30/approve-flow.ts';
import type { DappPending } from '../../cip30/page-messages.ts';
import { Button } from '../../ui/button.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { t } from '../../ui/i18n.ts';
import { lazyView } from '../../ui/lazy-view.tsx';
import { usePage } from '../../ui/page.ts';
import { Skeleton } from '../../ui/skeleton.tsx';
import { Connect } from './connect.tsx';
import './approve.css';

// The sheet reads transactions; a connection needs nothing of it.
const Sign = lazyView(() => import('../../preview/sign.tsx').then(({ Sign: view }) => view));

export function Approve({ wantedId }: { wantedId: string }): JSX.Element {
  const { runner } = usePage();
  const started = useRef<ApproveFlow | null>(null);
  started.current ??= startApproveFlow({ runner, wantedId, onDone: () => window.close() });
  const flow = started.current;
  useEffect(() => {
    const leave = (): void => flow.leave();
    addEventListener('pagehide', leave);
    return () => removeEventListener('pagehide', leave);
  }, [flow]);
  const now = flow.screen.value;
  return (
    <main class="approve" data-testid="approve-page" data-screen={now.screen}>
      {now.screen === 'question' ? <Question key={now.pending.dappId} flow={flow} pending={now.pending} /> : <Other flow={flow} />}
    </main>
  );
}

function Question({ flow, pending }: { flow: ApproveFlow; pending: DappPending }): JSX.Element {
  const { runner, vault, act } = usePage();
  const { what, origin, frame, account: index } = pending;
  const accounts = vault.state.value?.accounts;
  const network = runner.app.value?.network;
  const refuse = (): void => void act(() => flow.refuse(pending));
  if (what.kind === 'connect') return <Connect flow={flow} pending={pending} extensions={what.extensions} onRefuse={refuse} />;
  const account = accounts?.find((one) => one.index === index);
  if (account === undefined || network?.state !== 'ready') return <Skeleton label={t().dapp.loading} shape="title" />;
  return (
    <Sign
      runner={runner}
      vault={vault}
      ask={what.kind === 'data' ? { kind: 'data', role: what.role, address: what.address, payload: what.payload } : what}
      origin={origin}
      frame={frame}
      account={{ index, name: account.name }}
      network={network.target.network}
      onSigned={(signed) => flow.signed(pending, signed)}
      onRefused={refuse}
    />
  );
}

function Other({ flow }: { flow: ApproveFlow }): JSX.Element {
  const words = t().dapp;
  const now = flow.screen.value;
  if (now.screen === 'loading' || now.screen === 'question') return <Skeleton label={words.loading} shape="title" />;
  const isGone = now.screen === 'gone';
  return (
    <EmptyState
      icon={isGone ? 'clock' : 'check'}
      title={isGone ? words.gone : words.nothing}
      says={isGone ? words.goneSays : words.nothingSays}
      testid="approve-empty"
      action={
        isGone && now.more ? (
          <Button kind="primary" testid="approve-next" onClick={() => flow.next()}>
            {words.next}
          </Button>
        ) : (
          <Button testid="approve-close" onClick={() => window.close()}>
            {words.close}
          </Button>
        )
      }
    />
  );
}
