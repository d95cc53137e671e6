// One job: its pre-flight while it is a draft, and from the taken offer on everything that is known of it.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { safeError } from '@nunet/shared/errors.ts';
import { isJobEnd } from '@nunet/shared/job-state.ts';
import type { JobSnapshot } from '../messages.ts';
import { ConfirmDialog } from '../ui/confirm-dialog.tsx';
import { Icon } from '../ui/icons.tsx';
import { Moment } from '../ui/moment.tsx';
import { usePage } from '../ui/page.ts';
import { useRouter } from '../ui/router.ts';
import { routeHash } from '../ui/route.ts';
import { Stranger } from '../ui/stranger.tsx';
import { shortId } from '../ui/visible-text.ts';
import { isStoppable, mayCancel } from './decision.ts';
import { DecisionBar } from './decision-bar.tsx';
import { Curve } from './curve.tsx';
import { LogView } from './log-view.tsx';
import { MoneyCard } from './money-card.tsx';
import { Outputs } from './outputs.tsx';
import { PreFlight } from './pre-flight.tsx';
import { progressOf } from './progress.ts';
import { TimelineLanes } from './timeline-lanes.tsx';

const SHOWN_NOTICES = 5;

function Notices({ job }: { job: JobSnapshot }): JSX.Element | null {
  const { now } = usePage();
  const newest = [...job.notices].reverse();
  if (newest.length === 0) return null;
  const item = ({ atMs, code, message }: JobSnapshot['notices'][number], i: number): JSX.Element => (
    <li key={newest.length - i} data-testid="notice" data-code={code}>
      <Moment atMs={atMs} nowMs={now.value} />
      <Stranger text={message} length={300} />
    </li>
  );
  return (
    <section class="card" aria-labelledby="notices-title">
      <h2 id="notices-title">Notices</h2>
      <ul class="notices">{newest.slice(0, SHOWN_NOTICES).map(item)}</ul>
      {newest.length > SHOWN_NOTICES && (
        <details>
          <summary>{newest.length - SHOWN_NOTICES} earlier</summary>
          <ul class="notices">{newest.slice(SHOWN_NOTICES).map((notice, i) => item(notice, i + SHOWN_NOTICES))}</ul>
        </details>
      )}
    </section>
  );
}

/** What keeps this job from going on, in one sentence; null when nothing does. */
function standstill({ summary }: JobSnapshot, isConnected: boolean): { testid: string; says: string } | null {
  if (summary.hasEnded || summary.isDriven) return null;
  if (summary.key === 'lost')
    return {
      testid: 'key-lost',
      says: 'The keys of this job were in this browser’s memory and are gone: it can be looked at, not gone on with. What the oracles decide still goes to the addresses of the lock.',
    };
  return {
    testid: 'not-driven',
    says: isConnected
      ? 'This job is about to be taken up again from its journal.'
      : 'Not connected: this job goes on from its journal once the devnet is there again. Nothing is lost.',
  };
}

function Progress({ job }: { job: JobSnapshot }): JSX.Element | null {
  const { runner } = usePage();
  const live = runner.live.value ?? job.live;
  const view = progressOf(job.record, live);
  if (!['quoted', 'locked', 'preparing', 'running'].includes(job.record.job)) return null;
  return (
    <div
      class="progress"
      data-testid="progress"
      data-phase={view?.phase ?? ''}
      data-done={live.progress?.done ?? ''}
      data-total={live.progress?.total ?? ''}
      data-epoch={live.progress?.epoch ?? ''}
    >
      <progress max={1} value={view?.share ?? 0} aria-label="Progress of the job" />
      <span>{view?.says ?? 'No progress told yet'}</span>
      <span class="share">{view === null ? '' : `${Math.floor(view.share * 100)} %`}</span>
    </div>
  );
}

function JobHead({ job }: { job: JobSnapshot }): JSX.Element {
  const { runner, act, now } = usePage();
  const { go } = useRouter();
  const asks = useSignal<'cancel' | 'forget' | null>(null);
  const { jobId, title, openedAtMs, hasEnded } = job.summary;
  const forget = async (): Promise<void> => {
    if (await act(() => runner.ask({ type: 'forget', jobId }))) go({ view: 'jobs' });
  };
  const agent = job.record.quote?.body.computeProvider.peerId;
  return (
    <div class="job-head">
      <a class="back" href={routeHash({ view: 'jobs' })}>
        <Icon name="back" size={16} /> Jobs
      </a>
      <div class="heading">
        <h1 data-testid="job-title">
          <Stranger text={title} length={120} />
        </h1>
        <div class="actions">
          {mayCancel(job) && (
            <button type="button" data-testid="cancel" onClick={() => (asks.value = 'cancel')}>
              <Icon name="cross" size={16} /> Cancel
            </button>
          )}
          {(hasEnded || job.summary.key === 'lost') && !job.summary.isDriven && (
            <button type="button" class="quiet" data-testid="forget" onClick={() => (asks.value = 'forget')}>
              Remove
            </button>
          )}
        </div>
      </div>
      <p class="hint">
        Opened <Moment atMs={openedAtMs} nowMs={now.value} />
        {agent !== undefined && (
          <>
            {' '}
            · compute provider <code title={agent}>{shortId(agent)}</code>
          </>
        )}{' '}
        · job <code title={jobId}>{shortId(jobId)}</code>
      </p>
      {asks.value === 'cancel' && (
        <ConfirmDialog
          title="Cancel this job?"
          action="Cancel the job"
          onClose={() => (asks.value = null)}
          onConfirm={() => void act(() => runner.ask({ type: 'cancel', jobId }))}
        >
          {isStoppable(job.record)
            ? 'It is stopped, and you pay for the time that it used; the rest comes back, less the fees of the chain. There will be no outputs.'
            : 'It has not started, so everything that was locked comes back, less the fees of the chain. Once it runs, it can only be disputed.'}
        </ConfirmDialog>
      )}
      {asks.value === 'forget' && (
        <ConfirmDialog title="Remove this job?" action="Remove it" onClose={() => (asks.value = null)} onConfirm={() => void forget()}>
          Its journal, log and outputs are deleted from this browser. What happened on the chain stays there.
        </ConfirmDialog>
      )}
    </div>
  );
}

function TakenJob({ job }: { job: JobSnapshot }): JSX.Element {
  const { runner, now } = usePage();
  const { record, summary } = job;
  const live = runner.live.value ?? job.live;
  const stands = standstill(job, runner.app.value?.network.state === 'ready');
  const isOver = isJobEnd(record.job);
  const chainError = runner.app.value?.chain.error;
  const wanted = record.spec.program.kind === 'onnx' ? record.spec.program.metrics.map(({ name }) => name) : [];
  return (
    <div class="stack">
      <JobHead job={job} />
      {stands !== null && (
        <p class="message wait" role="status" data-testid={stands.testid}>
          <Icon name="alert" /> {stands.says}
        </p>
      )}
      {chainError !== null && chainError !== undefined && !summary.hasEnded && (
        <p class="message wait" role="status" data-testid="chain-error">
          <Icon name="alert" />
          <span>
            The chain source does not answer (<Stranger text={chainError.message} length={200} />
            ). Work goes on, the money stays where it is, and the states below are the last that were seen.
          </span>
        </p>
      )}
      <DecisionBar job={job} />
      <TimelineLanes record={record} nowMs={now.value} />
      <Progress job={job} />
      <div class="columns job">
        <div class="stack">
          {wanted.length > 0 && (!isOver || live.curve.length > 0) && <Curve live={live} wanted={wanted} isOver={isOver} />}
          <LogView jobId={summary.jobId} kept={job.logLines} isOver={isOver} />
        </div>
        <div class="stack">
          <MoneyCard record={record} page={job.transactionPage} />
          <Outputs record={record} live={live} />
          <Notices job={job} />
        </div>
      </div>
    </div>
  );
}

const Unknown = (): JSX.Element => (
  <section class="card narrow" data-testid="job-unknown">
    <h1>This browser does not keep that job</h1>
    <p>It may have been removed, or it belongs to another browser.</p>
    <div class="actions">
      <a class="button" href={routeHash({ view: 'jobs' })}>
        Jobs
      </a>
    </div>
  </section>
);

const Reading = (): JSX.Element => (
  <div class="stack" aria-busy="true" aria-label="The job is being read">
    <div class="skeleton line title" />
    <div class="card skeleton form" />
    <div class="card skeleton form" />
  </div>
);

export function JobView({ jobId }: { jobId: string }): JSX.Element {
  const { runner, act } = usePage();
  const isUnknown = useSignal(false);
  const isListed = runner.app.value?.jobs.some((one) => one.jobId === jobId) ?? false;
  useEffect(() => {
    // Asked again when the list has it or has it no more: another page may have removed it.
    void act(async () => {
      try {
        await runner.watch(jobId);
        isUnknown.value = false;
      } catch (error) {
        if (safeError(error).code !== 'job-unknown') throw error;
        isUnknown.value = true;
      }
    });
  }, [jobId, isListed]);
  useEffect(() => () => void runner.watch(null).catch(() => undefined), [jobId]);
  const job = runner.job.value;
  if (isUnknown.value) return <Unknown />;
  if (job === null || job.summary.jobId !== jobId) return <Reading />;
  return job.record.job === 'draft' ? <PreFlight job={job} /> : <TakenJob job={job} />;
}
