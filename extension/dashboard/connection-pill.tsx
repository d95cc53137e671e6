// The connection at a glance on top of every view, and all of it in a panel: network, peers, chain, runner.
import type { JSX } from 'preact';
import { Dot, type BadgeTone } from '../ui/badge.tsx';
import { Button, LinkButton } from '../ui/button.tsx';
import { Facts } from '../ui/facts.tsx';
import { t } from '../ui/i18n.ts';
import { usePage } from '../ui/page.ts';
import { PopoverPanel } from '../ui/popover-panel.tsx';
import { Stranger } from '../ui/stranger.tsx';
import { shortId } from '../ui/visible-text.ts';
import './connection-pill.css';
import { connectionOf, type Tone } from './connection.ts';
import { routeHash } from './route.ts';

const MAX_SHOWN_CONNECTIONS = 12;
const PANEL = 'connection';
const DOTS: Readonly<Record<Tone, BadgeTone>> = { ok: 'good', wait: 'wait', bad: 'bad', off: 'plain' };

export function ConnectionPill(): JSX.Element {
  const { runner, now, act } = usePage();
  const app = runner.app.value;
  const words = t().shell.connection;
  const view = connectionOf(app, runner.silent.value, now.value, words);
  const connections = app?.frame.connections ?? [];
  return (
    <>
      <button
        type="button"
        class="button pill"
        popovertarget={PANEL}
        data-testid="pill"
        data-state={view.tone}
        data-network={app?.network.state ?? ''}
        data-host={app?.host ?? ''}
        data-frame={app?.frame.state ?? ''}
        data-remounts={app?.frame.remounts ?? 0}
      >
        <Dot tone={DOTS[view.tone]} />
        <span>{view.label}</span>
      </button>
      <PopoverPanel id={PANEL} label={words.title} testid="pill-panel">
        <div class="stack">
          <h2>{words.title}</h2>
          <Facts
            shape="stacked"
            facts={view.lines.map((line) => ({
              name: (
                <>
                  <Dot tone={DOTS[line.tone]} />
                  {words[line.part].name}
                </>
              ),
              value: <Stranger text={line.says} length={600} />,
            }))}
          />
          {connections.length > 0 && (
            <ul class="connections" aria-label={words.list}>
              {connections.slice(0, MAX_SHOWN_CONNECTIONS).map(({ peerId, address }) => (
                <li key={peerId + address} data-peer-id={peerId} data-address={address}>
                  <code>{shortId(peerId)}</code> <Stranger text={address} length={90} />
                </li>
              ))}
              {connections.length > MAX_SHOWN_CONNECTIONS && <li>{words.more(connections.length - MAX_SHOWN_CONNECTIONS)}</li>}
            </ul>
          )}
          <div class="actions end">
            {app?.network.state === 'ready' || app?.network.state === 'failed' ? (
              <Button kind="quiet" size="small" testid="disconnect" onClick={() => void act(() => runner.ask({ type: 'disconnect' }))}>
                {words.disconnect}
              </Button>
            ) : (
              <LinkButton size="small" icon="globe" href={routeHash({ view: 'connect', devnetUrl: '' })}>
                {t().shell.connect.action}
              </LinkButton>
            )}
          </div>
        </div>
      </PopoverPanel>
    </>
  );
}
