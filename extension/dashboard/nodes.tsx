// The nodes that this browser speaks with: hubs and compute providers, by their peer ids and addresses.
import type { JSX } from 'preact';
import { Address } from '../ui/address.tsx';
import { Card } from '../ui/card.tsx';
import { LinkButton } from '../ui/button.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { t } from '../ui/i18n.ts';
import { ListRow, Rows } from '../ui/list-row.tsx';
import { PageHeader } from '../ui/page-header.tsx';
import { usePage } from '../ui/page.ts';
import { Skeleton } from '../ui/skeleton.tsx';
import { Stranger } from '../ui/stranger.tsx';
import { routeHash } from './route.ts';
import './summary.css';

const MOST = 100;

export function Nodes(): JSX.Element {
  const { runner } = usePage();
  const app = runner.app.value;
  const words = t().shell.nodes;
  const connections = app?.frame.connections ?? [];
  const isConnected = app?.network.state === 'ready';
  const hubs = app?.network.state === 'ready' ? (app.network.record?.hubs ?? 0) : 0;
  return (
    <div class="stack">
      <PageHeader title={t().shell.nav.nodes} lead={words.lead} />
      {app === null && <Skeleton label={t().shell.parts.reading} shape="rows" />}
      {app !== null && isConnected && (
        <dl class="figures">
          <div class="figure">
            <dt>{words.hubs}</dt>
            <dd>{hubs}</dd>
            <dd class="hint">{words.hubsSays}</dd>
          </div>
          <div class="figure">
            <dt>{words.connections}</dt>
            <dd data-testid="nodes-count">{connections.length}</dd>
            <dd class="hint">{words.connectionsSays}</dd>
          </div>
        </dl>
      )}
      {app !== null && connections.length === 0 && (
        <EmptyState
          icon="nodes"
          title={words.empty}
          says={isConnected ? words.emptyConnected : words.emptySays}
          testid="nodes-empty"
          action={
            isConnected ? (
              <LinkButton kind="primary" icon="rocket" href={routeHash({ view: 'deploy', template: null })}>
                {t().shell.overview.deploy}
              </LinkButton>
            ) : (
              <LinkButton kind="primary" icon="globe" href={routeHash({ view: 'connect', devnetUrl: '' })}>
                {t().shell.connect.action}
              </LinkButton>
            )
          }
        />
      )}
      {connections.length > 0 && (
        <Card title={words.connections}>
          <Rows>
            {connections.slice(0, MOST).map(({ peerId, address }) => (
              <ListRow
                key={peerId + address.slice(0, 200)}
                icon="node"
                testid="node"
                title={<Address text={peerId.slice(0, 200)} what={words.peerId} />}
                more={<Stranger text={address} length={120} />}
              />
            ))}
          </Rows>
          {connections.length > MOST && <p class="hint">{words.more(connections.length - MOST)}</p>}
        </Card>
      )}
    </div>
  );
}
