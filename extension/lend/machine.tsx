// One own machine: how it stands, its jobs, what it lends, and the way out.
import { useSignal } from '@preact/signals';
import type { OwnerOrder } from '@nunet/shared/owner-command.ts';
import type { OwnerStatus } from '@nunet/shared/owner-views.ts';
import type { JSX } from 'preact';
import { routeHash } from '../dashboard/route.ts';
import { useRouter } from '../dashboard/router.ts';
import '../dashboard/summary.css';
import { Address } from '../ui/address.tsx';
import { Button } from '../ui/button.tsx';
import { Callout } from '../ui/callout.tsx';
import { Card } from '../ui/card.tsx';
import { ConfirmDialog } from '../ui/confirm-dialog.tsx';
import { Facts } from '../ui/facts.tsx';
import { Field } from '../ui/field.tsx';
import { errorText } from '../ui/error-text.ts';
import { t } from '../ui/i18n.ts';
import { PageHeader } from '../ui/page-header.tsx';
import { usePage } from '../ui/page.ts';
import { Skeleton } from '../ui/skeleton.tsx';
import { Stranger } from '../ui/stranger.tsx';
import { visibleText } from '../ui/visible-text.ts';
import { ApproveOrder } from './approve-order.tsx';
import { changeLines } from './change-lines.ts';
import { LiveBadge } from './live-badge.tsx';
import { MachineFigures } from './machine-figures.tsx';
import { MachineJobs } from './machine-jobs.tsx';
import { useLive, type Live } from './machine-live.ts';
import { MachineSettings } from './machine-settings.tsx';
import type { MachineAnswer, MachineView } from './messages.ts';
import { Waiting } from './waiting.tsx';

const MAX_NAME = 60;

type Asked = Extract<OwnerOrder, { type: 'change' | 'stop-job' | 'revoke-owner' }>;

/** Why there is nothing to see, and what to do about it. */
function Trouble({ live }: { live: Live }): JSX.Element | null {
  const { isUnlocking } = useRouter();
  const words = t().lend;
  if (live.state === 'locked') {
    const unlock = (
      <Button size="small" icon="unlock" onClick={() => (isUnlocking.value = true)}>
        {words.pairing.unlock}
      </Button>
    );
    return (
      <Callout icon="lock" actions={unlock} testid="machine-locked">
        {words.locked}
      </Callout>
    );
  }
  if (live.state === 'elsewhere') return <Callout tone="wait">{t().errors['machine-elsewhere']}</Callout>;
  if (live.state === 'revoked') {
    return (
      <Callout tone="bad" role="status" title={words.revokedTitle} testid="machine-revoked">
        {words.revokedSays}
      </Callout>
    );
  }
  if (live.state !== 'offline') return null;
  return (
    <Callout tone="bad" role="status" title={words.offlineTitle} testid="machine-offline" code={live.because.code}>
      {live.because.code === 'owner-expired' ? (
        words.clockSays
      ) : live.because.code === 'peer-unreachable' ? (
        words.offlineSays
      ) : (
        <bdi>{visibleText(errorText(live.because), 400)}</bdi>
      )}
    </Callout>
  );
}

function Pause({ machine, status, look }: { machine: MachineView; status: OwnerStatus; look: () => void }): JSX.Element {
  const { runner, act, toasts } = usePage();
  const words = t().lend;
  const isBusy = useSignal(false);
  const isPaused = status.pausedBy !== null;
  const turn = async (): Promise<void> => {
    isBusy.value = true;
    await act(async () => {
      const answer = await runner.ask({ type: 'machine-order', peerId: machine.peerId, order: { type: isPaused ? 'resume' : 'pause' } });
      toasts.say(answer.type === 'pending' ? words.sentPending : isPaused ? words.resumedNow : words.pausedNow);
    });
    isBusy.value = false;
    look();
  };
  return (
    <Button
      kind={isPaused ? 'primary' : 'secondary'}
      testid={isPaused ? 'machine-resume' : 'machine-pause'}
      isDisabled={isBusy.value}
      onClick={() => void turn()}
    >
      {isPaused ? words.resume : words.pause}
    </Button>
  );
}

function Rename({ machine }: { machine: MachineView }): JSX.Element {
  const { runner, act, toasts } = usePage();
  const words = t().lend.rename;
  const name = useSignal(machine.name);
  const rename = async (event: Event): Promise<void> => {
    event.preventDefault();
    const isDone = await act(() => runner.ask({ type: 'rename-machine', peerId: machine.peerId, name: name.peek().trim() }));
    if (isDone) toasts.say(words.done);
  };
  return (
    <form class="stack" onSubmit={(event) => void rename(event)}>
      <Field
        label={words.name}
        isRequired
        maxLength={MAX_NAME}
        value={name.value}
        testid="machine-name"
        onInput={(value) => (name.value = value)}
        end={
          <Button type="submit" size="small" isDisabled={name.value.trim() === '' || name.value.trim() === machine.name}>
            {words.action}
          </Button>
        }
      />
    </form>
  );
}

/** The person's word on what changes the machine. */
function Asking({
  machine,
  status,
  order,
  onSent,
  onClose,
}: {
  machine: MachineView;
  status: OwnerStatus | null;
  order: Asked;
  onSent: (answer: MachineAnswer) => void;
  onClose: () => void;
}): JSX.Element {
  const words = t().lend.approve;
  const base = { machine, order, onSent, onClose };
  if (order.type === 'change') {
    return (
      <ApproveOrder {...base} title={words.change} action={words.action.change}>
        <ul data-testid="change-lines">
          {(status === null ? [] : changeLines(status.settings, order.change)).map((line) => (
            <li key={line}>
              <Stranger text={line} />
            </li>
          ))}
        </ul>
      </ApproveOrder>
    );
  }
  if (order.type === 'stop-job') {
    return (
      <ApproveOrder {...base} title={words.stop} action={words.action.stop} isDangerous>
        <p>{words.stopSays}</p>
      </ApproveOrder>
    );
  }
  return (
    <ApproveOrder {...base} title={words.revoke} action={words.action.revoke} isDangerous>
      <p>{words.revokeSays}</p>
    </ApproveOrder>
  );
}

export function Machine({ peerId }: { peerId: string }): JSX.Element {
  const { runner } = usePage();
  const machine = runner.app.value?.machines.find((one) => one.peerId === peerId);
  const back = { href: routeHash({ view: 'machines' }), label: t().lend.back };
  if (machine !== undefined) return <Known machine={machine} back={back} />;
  return (
    <div class="stack">
      <PageHeader title={t().shell.titles.machine} back={back} />
      {runner.ready.value ? <Callout>{t().errors['machine-unknown']}</Callout> : <Skeleton label={t().shell.parts.reading} shape="rows" />}
    </div>
  );
}

function Known({ machine, back }: { machine: MachineView; back: { href: string; label: string } }): JSX.Element {
  const { runner, vault, act, toasts } = usePage();
  const words = t().lend;
  const { live, look } = useLive(machine);
  const asked = useSignal<Asked | null>(null);
  const isForgetting = useSignal(false);
  const now = live.value;
  const status = 'status' in now ? now.status : null;
  const isOnline = now.state === 'online';
  const forget = async (said: string): Promise<void> => {
    const isGone = await act(() => runner.ask({ type: 'forget-machine', peerId: machine.peerId }));
    if (!isGone) return;
    toasts.say(said);
    location.hash = back.href;
  };
  const sent = (answer: MachineAnswer): void => {
    if (asked.peek()?.type === 'revoke-owner' && answer.type === 'done') {
      void forget(words.removal.revoked);
      return;
    }
    toasts.say(answer.type === 'pending' ? words.sentPending : words.sent);
    look();
  };
  const giveUp = (): void => {
    void act(async () => {
      const { publicKey } = await vault.ask({ type: 'owner-key', peerId: machine.peerId });
      asked.value = { type: 'revoke-owner', publicKey };
    });
  };
  return (
    <div class="stack">
      <PageHeader
        title={<Stranger text={machine.name} length={60} />}
        back={back}
        lead={<LiveBadge live={now} />}
        {...(isOnline ? { actions: <Pause machine={machine} status={now.status} look={look} /> } : {})}
      />
      <Trouble live={now} />
      {now.state === 'asking' && <Skeleton label={words.state.asking} shape="rows" />}
      {isOnline && status !== null && (
        <>
          {status.pausedBy !== null && <Callout tone="wait">{words.pausedSays[status.pausedBy]}</Callout>}
          <Waiting waiting={status.waiting} />
          {status.lastProblem !== null && (
            <Callout tone="wait">
              <Stranger text={status.lastProblem} length={400} />
            </Callout>
          )}
          <MachineFigures status={status} />
          <MachineJobs
            machine={machine}
            version={`${status.jobs.running} ${status.jobs.ended} ${status.earnedBaseUnits}`}
            onStop={(jobId) => (asked.value = { type: 'stop-job', jobId })}
          />
          <MachineSettings
            key={JSON.stringify(status.settings)}
            settings={status.settings}
            onChange={(change) => (asked.value = { type: 'change', change })}
          />
        </>
      )}
      <Card title={words.removal.title}>
        <div class="stack">
          <p>
            <Stranger text={words.removal.listed(machine.ownerName)} />
          </p>
          <Facts
            shape="stacked"
            facts={[
              { name: words.removal.peerId, value: <Address text={machine.peerId} what={words.peerId} /> },
              ...(status === null
                ? []
                : [{ name: words.removal.payout, value: <Address text={status.payoutAddress} what={words.payoutAddress} /> }]),
            ]}
          />
          <Rename machine={machine} />
          <p class="hint">{words.removal.says}</p>
          <div class="actions">
            {isOnline && (
              <Button kind="danger" testid="machine-give-up" onClick={giveUp}>
                {words.removal.revoke}
              </Button>
            )}
            <Button testid="machine-forget" onClick={() => (isForgetting.value = true)}>
              {words.removal.forget}
            </Button>
          </div>
        </div>
      </Card>
      {asked.value !== null && (
        <Asking
          key={JSON.stringify(asked.value)}
          machine={machine}
          status={status}
          order={asked.value}
          onSent={sent}
          onClose={() => (asked.value = null)}
        />
      )}
      {isForgetting.value && (
        <ConfirmDialog
          title={words.removal.forget}
          action={words.removal.forget}
          onConfirm={() => void forget(words.removal.forgotten)}
          onClose={() => (isForgetting.value = false)}
        >
          {words.removal.says}
        </ConfirmDialog>
      )}
    </div>
  );
}
