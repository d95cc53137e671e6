// Which network, and where its chain is read from.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { Button } from '../../ui/button.tsx';
import { Callout } from '../../ui/callout.tsx';
import { Card } from '../../ui/card.tsx';
import { t } from '../../ui/i18n.ts';
import { usePage } from '../../ui/page.ts';
import { Stranger } from '../../ui/stranger.tsx';
import { NetworkForm } from '../network-form.tsx';
import { choiceOf, hostOf } from '../network-target.ts';
import { useNetworkName } from '../wallet/network-name.ts';

export function NetworkSettings(): JSX.Element {
  const { runner, act, toasts } = usePage();
  const name = useNetworkName();
  const round = useSignal(0);
  const words = t().settings;
  const network = runner.app.value?.network;
  const target = network === undefined || network.state === 'none' ? null : network.target;
  const start = choiceOf(target);
  return (
    <Card title={words.sections.network}>
      <div class="stack">
        {target === null ? (
          <p>{words.network.none}</p>
        ) : (
          <div class="heading">
            <p data-testid="network-now">
              {words.network.now(name)}{' '}
              <span class="hint">
                <Stranger text={words.network.reads(target.network === 'devnet' ? target.url : hostOf(start))} />
              </span>
            </p>
            <Button size="small" testid="disconnect" onClick={() => void act(() => runner.ask({ type: 'disconnect' }))}>
              {words.network.disconnect}
            </Button>
          </div>
        )}
        <Callout>{words.network.switching}</Callout>
        {network !== undefined && (
          <NetworkForm
            key={`${JSON.stringify(target)} ${round.value}`}
            start={start}
            onConnected={() => {
              round.value += 1;
              toasts.say(words.saved);
            }}
          />
        )}
      </div>
    </Card>
  );
}
