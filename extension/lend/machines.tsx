// The person's own machines, each with how it stands now; and the way to pair one more.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { routeHash } from '../dashboard/route.ts';
import { useRouter } from '../dashboard/router.ts';
import { Button, LinkButton } from '../ui/button.tsx';
import { Callout } from '../ui/callout.tsx';
import { Card } from '../ui/card.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { t } from '../ui/i18n.ts';
import { ListRow, Rows } from '../ui/list-row.tsx';
import { PageHeader } from '../ui/page-header.tsx';
import { usePage } from '../ui/page.ts';
import { Skeleton } from '../ui/skeleton.tsx';
import { Stranger } from '../ui/stranger.tsx';
import { LiveBadge } from './live-badge.tsx';
import { useLive } from './machine-live.ts';
import type { MachineView } from './messages.ts';
import { PairDialog } from './pair-dialog.tsx';

function Line({ machine }: { machine: MachineView }): JSX.Element {
  const words = t().lend.list;
  const { live } = useLive(machine);
  const now = live.value;
  const status = now.state === 'online' ? now.status : null;
  return (
    <ListRow
      icon="node"
      testid="machine"
      href={routeHash({ view: 'machine', peerId: machine.peerId })}
      title={<Stranger text={machine.name} length={60} />}
      more={status === null ? machine.network : words.free(status.capacity.free.cpus, status.capacity.total.cpus)}
      value={<LiveBadge live={now} />}
      valueMore={status === null ? undefined : words.jobs(status.jobs.running)}
    />
  );
}

export function Machines(): JSX.Element {
  const { runner, vault } = usePage();
  const { isUnlocking } = useRouter();
  const isPairing = useSignal(false);
  const app = runner.app.value;
  const words = t().lend;
  const machines = app?.machines ?? [];
  const state = vault.state.value?.state;
  const isConnected = app?.network.state === 'ready' && app.network.record !== null;
  const action = (
    <Button kind="primary" icon="plus" testid="pair" onClick={() => (isPairing.value = true)}>
      {words.pair}
    </Button>
  );
  const way =
    state === 'empty' ? null : isConnected ? (
      action
    ) : (
      <LinkButton kind="primary" icon="globe" href={routeHash({ view: 'connect', devnetUrl: '' })}>
        {t().shell.connect.action}
      </LinkButton>
    );
  return (
    <div class="stack">
      <PageHeader title={t().shell.nav.machines} lead={words.lead} {...(machines.length > 0 && isConnected ? { actions: action } : {})} />
      {app === null && <Skeleton label={t().shell.parts.reading} shape="rows" />}
      {app !== null && state === 'empty' && <Callout tone="wait">{words.wantsWallet}</Callout>}
      {app !== null && !isConnected && <Callout tone="wait">{words.wantsNetwork}</Callout>}
      {machines.length > 0 && state === 'locked' && (
        <Callout
          icon="lock"
          actions={
            <Button size="small" icon="unlock" onClick={() => (isUnlocking.value = true)}>
              {words.pairing.unlock}
            </Button>
          }
        >
          {words.locked}
        </Callout>
      )}
      {app !== null && machines.length === 0 && (
        <EmptyState
          icon="node"
          title={words.empty}
          says={words.emptySays}
          steps={words.teach}
          testid="machines-empty"
          action={way ?? undefined}
        />
      )}
      {machines.length > 0 && (
        <Card label={words.list.machines}>
          <Rows>
            {machines.map((machine) => (
              <Line key={machine.peerId} machine={machine} />
            ))}
          </Rows>
        </Card>
      )}
      {isPairing.value && <PairDialog onClose={() => (isPairing.value = false)} />}
    </div>
  );
}
