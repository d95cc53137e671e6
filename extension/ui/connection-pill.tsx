// The connection at a glance in the header, and all of it in a panel: network, peers, chain, runner.
import type { JSX } from 'preact';
import { connectionOf } from '../jobs/connection.ts';
import { Icon } from './icons.tsx';
import { usePage } from './page.ts';
import { routeHash } from './route.ts';
import { Stranger } from './stranger.tsx';
import { shortId } from './visible-text.ts';

const MAX_SHOWN_CONNECTIONS = 12;

export function ConnectionPill(): JSX.Element {
  const { runner, now, act } = usePage();
  const app = runner.app.value;
  const view = connectionOf(app, runner.silent.value, now.value);
  const connections = app?.frame.connections ?? [];
  return (
    <div class="pill-place">
      <button
        type="button"
        class={`pill ${view.tone}`}
        popovertarget="connection"
        data-testid="pill"
        data-state={view.tone}
        data-network={app?.network.state ?? ''}
        data-host={app?.host ?? ''}
        data-frame={app?.frame.state ?? ''}
        data-remounts={app?.frame.remounts ?? 0}
      >
        <span class="dot" aria-hidden="true" />
        <span>{view.label}</span>
      </button>
      <div id="connection" class="panel" popover="auto" role="dialog" aria-label="Connection" data-testid="pill-panel">
        <h2>Connection</h2>
        <dl class="facts">
          {view.lines.map((line) => (
            <div key={line.name} class={line.tone}>
              <dt>
                <span class="dot" aria-hidden="true" />
                {line.name}
              </dt>
              <dd>
                <Stranger text={line.says} length={600} />
              </dd>
            </div>
          ))}
        </dl>
        {connections.length > 0 && (
          <ul class="connections" aria-label="Connections">
            {connections.slice(0, MAX_SHOWN_CONNECTIONS).map(({ peerId, address }) => (
              <li key={peerId + address} data-peer-id={peerId} data-address={address}>
                <code>{shortId(peerId)}</code> <Stranger text={address} length={90} />
              </li>
            ))}
            {connections.length > MAX_SHOWN_CONNECTIONS && <li>and {connections.length - MAX_SHOWN_CONNECTIONS} more</li>}
          </ul>
        )}
        <div class="actions">
          {app?.network.state === 'ready' || app?.network.state === 'failed' ? (
            <button type="button" class="quiet" data-testid="disconnect" onClick={() => void act(() => runner.ask({ type: 'disconnect' }))}>
              Disconnect
            </button>
          ) : (
            <a class="button" href={routeHash({ view: 'connect', devnetUrl: '' })}>
              <Icon name="node" /> Connect
            </a>
          )}
        </div>
      </div>
    </div>
  );
}
