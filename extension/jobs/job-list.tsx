// All jobs of this browser with their states and amounts, and what to do when there are none.
import type { JSX } from 'preact';
import { Icon } from '../ui/icons.tsx';
import { Moment } from '../ui/moment.tsx';
import { usePage } from '../ui/page.ts';
import { routeHash } from '../ui/route.ts';
import { Stranger } from '../ui/stranger.tsx';
import { WalletCard } from '../ui/wallet-card.tsx';
import { jobRows, type JobRow } from './job-rows.ts';

function Row({ row, nowMs }: { row: JobRow; nowMs: number }): JSX.Element {
  return (
    <li>
      <a
        class="job-row"
        href={routeHash({ view: 'job', jobId: row.jobId })}
        data-testid="job-row"
        data-job-id={row.jobId}
        data-job={row.work.toLowerCase()}
        data-lock={row.money === 'None' ? '' : row.money.toLowerCase()}
      >
        <span class="title">
          <Stranger text={row.title} length={120} />
        </span>
        <span class="states">
          <span>
            <small>Work</small> {row.work}
          </span>
          <span>
            <small>Money</small> {row.money}
          </span>
        </span>
        <span class="amount">{row.amount}</span>
        <span class={`badge ${row.tone}`}>{row.remark}</span>
        <span class="when">
          <Moment atMs={row.openedAtMs} nowMs={nowMs} />
        </span>
      </a>
    </li>
  );
}

function Empty({ isConnected }: { isConnected: boolean }): JSX.Element {
  return (
    <section class="card empty" data-testid="jobs-empty">
      <h2>No jobs yet</h2>
      <ol class="teach">
        <li>
          <Icon name="node" />
          <span>
            <strong>Connect to a devnet</strong> and take test NTX. It costs nothing.
          </span>
        </li>
        <li>
          <Icon name="list" />
          <span>
            <strong>Pick a job</strong> and see what compute providers ask for it, before any money moves.
          </span>
        </li>
        <li>
          <Icon name="lock" />
          <span>
            <strong>Lock the price.</strong> It is the most you can pay; what the job does not use comes back.
          </span>
        </li>
        <li>
          <Icon name="check" />
          <span>
            <strong>Check the result.</strong> Only then is anybody paid; a wrong result is disputed and refunded.
          </span>
        </li>
      </ol>
      <div class="actions">
        <a class="button primary" href={routeHash(isConnected ? { view: 'new', template: null } : { view: 'connect', devnetUrl: '' })}>
          <Icon name={isConnected ? 'plus' : 'node'} /> {isConnected ? 'New job' : 'Connect to a devnet'}
        </a>
      </div>
    </section>
  );
}

const Skeleton = (): JSX.Element => (
  <ul class="job-list" aria-busy="true" aria-label="Jobs are being read">
    {[0, 1, 2].map((i) => (
      <li key={i}>
        <span class="job-row skeleton" />
      </li>
    ))}
  </ul>
);

export function JobList(): JSX.Element {
  const { runner, now } = usePage();
  const app = runner.app.value;
  const isReady = app !== null && runner.ready.value;
  const rows = isReady ? jobRows(app.jobs) : [];
  const isConnected = app?.network.state === 'ready';
  return (
    <div class="columns">
      <section aria-labelledby="jobs-title">
        <div class="heading">
          <h1 id="jobs-title">Jobs</h1>
          {rows.length > 0 && (
            <a class="button primary" href={routeHash({ view: 'new', template: null })}>
              <Icon name="plus" /> New job
            </a>
          )}
        </div>
        {!isReady && <Skeleton />}
        {isReady && rows.length === 0 && <Empty isConnected={isConnected} />}
        {rows.length > 0 && (
          <ul class="job-list">
            {rows.map((row) => (
              <Row key={row.jobId} row={row} nowMs={now.value} />
            ))}
          </ul>
        )}
      </section>
      <WalletCard />
    </div>
  );
}
