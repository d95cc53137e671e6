// One job: its pre-flight while it is a draft, and from the taken offer on everything that is known of it.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { safeError } from '@nunet/shared/errors.ts';
import { isJobEnd } from '@nunet/shared/job-state.ts';
import { routeHash } from '../dashboard/route.ts';
import type { JobSnapshot } from '../messages.ts';
import { LinkButton } from '../ui/button.tsx';
import { Callout } from '../ui/callout.tsx';
import { Card } from '../ui/card.tsx';
import { errorText } from '../ui/error-text.ts';
import { t } from '../ui/i18n.ts';
import { Moment } from '../ui/moment.tsx';
import { usePage } from '../ui/page.ts';
import { Progress } from '../ui/progress.tsx';
import { Skeleton } from '../ui/skeleton.tsx';
import { Stranger } from '../ui/stranger.tsx';
import { visibleText } from '../ui/visible-text.ts';
import { CheckpointCard } from './checkpoint-card.tsx';
import { Curve } from './curve.tsx';
import { DecisionBar } from './decision-bar.tsx';
import { JobHead } from './job-head.tsx';
import './job-view.css';
import { LockSigning } from './lock-signing.tsx';
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
  const words = t().jobs.notices;
  const item = (notice: JobSnapshot['notices'][number], i: number): JSX.Element => (
    <li key={newest.length - i} data-testid="notice" data-code={notice.code}>
      <Moment atMs={notice.atMs} nowMs={now.value} />
      <Stranger text={errorText(notice)} length={300} />
    </li>
  );
  return (
    <Card title={words.title}>
      <ul class="notices">{newest.slice(0, SHOWN_NOTICES).map(item)}</ul>
      {newest.length > SHOWN_NOTICES && (
        <details>
          <summary>{words.earlier(newest.length - SHOWN_NOTICES)}</summary>
          <ul class="notices">{newest.slice(SHOWN_NOTICES).map((notice, i) => item(notice, i + SHOWN_NOTICES))}</ul>
        </details>
      )}
    </Card>
  );
}

/** What keeps this job from going on, in one sentence; null when nothing does. */
function standstill({ summary }: JobSnapshot, isConnected: boolean): { testid: string; says: string } | null {
  const words = t().jobs.head;
  if (summary.hasEnded) return null;
  if (summary.key === 'wanted') return { testid: 'key-wanted', says: words.keyWanted };
  if (summary.isDriven) return null;
  if (summary.key === 'lost') return { testid: 'key-lost', says: words.keyLost };
  return { testid: 'not-driven', says: isConnected ? words.takenUp : words.notConnected };
}

function JobProgress({ job }: { job: JobSnapshot }): JSX.Element | null {
  const { runner } = usePage();
  const words = t().jobs.progress;
  const live = runner.live.value ?? job.live;
  const view = progressOf(job.record, live, words);
  if (!['quoted', 'locked', 'preparing', 'running'].includes(job.record.job)) return null;
  return (
    <div
      data-testid="progress"
      data-phase={view?.phase ?? ''}
      data-done={live.progress?.done ?? ''}
      data-total={live.progress?.total ?? ''}
      data-epoch={live.progress?.epoch ?? ''}
    >
      {view?.hasEnd === false ? (
        <p>{view.says}</p>
      ) : (
        <Progress
          label={words.label}
          done={view?.share ?? 0}
          total={1}
          says={view?.says ?? words.none}
          figure={view === null ? '' : `${Math.floor(view.share * 100)} %`}
        />
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
  // Code names its metrics as it goes.
  const isCode = record.spec.program.kind === 'container';
  const wanted = record.spec.program.kind === 'onnx' ? record.spec.program.metrics.map(({ name }) => name) : [];
  return (
    <div class="stack">
      <JobHead job={job} />
      {stands !== null && (
        <Callout tone="wait" role="status" testid={stands.testid}>
          {stands.says}
        </Callout>
      )}
      {chainError !== null && chainError !== undefined && !summary.hasEnded && (
        <Callout tone="wait" role="status" testid="chain-error">
          <bdi>{t().jobs.head.chainError(visibleText(chainError.message, 200))}</bdi>
        </Callout>
      )}
      <DecisionBar job={job} />
      <TimelineLanes record={record} nowMs={now.value} />
      <JobProgress job={job} />
      <div class="columns job">
        <div class="stack">
          {(wanted.length > 0 || isCode) && (!isOver || live.curve.length > 0) && <Curve live={live} wanted={wanted} isOver={isOver} />}
          <LogView jobId={summary.jobId} kept={job.logLines} isOver={isOver} />
        </div>
        <div class="stack">
          <MoneyCard record={record} page={job.transactionPage} />
          <Outputs record={record} live={live} />
          <CheckpointCard record={record} live={live} />
          <Notices job={job} />
        </div>
      </div>
    </div>
  );
}

const Unknown = (): JSX.Element => (
  <Card isNarrow testid="job-unknown">
    <h1>{t().jobs.head.unknown}</h1>
    <p>{t().jobs.head.unknownSays}</p>
    <div class="actions">
      <LinkButton href={routeHash({ view: 'jobs' })}>{t().shell.nav.jobs}</LinkButton>
    </div>
  </Card>
);

const Reading = (): JSX.Element => (
  <div class="stack loose">
    <Skeleton label={t().jobs.head.reading} shape="title" count={1} />
    <Skeleton label={t().jobs.head.reading} shape="rows" count={5} />
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
  return (
    <div class="stack">
      {job.record.job === 'draft' ? <PreFlight job={job} /> : <TakenJob job={job} />}
      <LockSigning jobId={jobId} />
    </div>
  );
}
