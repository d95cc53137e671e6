// All jobs of this browser with their states and amounts, and what to do when there are none.
import type { JSX } from 'preact';
import { routeHash } from '../dashboard/route.ts';
import { WalletCard } from '../dashboard/wallet-card.tsx';
import { LinkButton } from '../ui/button.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { t } from '../ui/i18n.ts';
import { PageHeader } from '../ui/page-header.tsx';
import { usePage } from '../ui/page.ts';
import { Skeleton } from '../ui/skeleton.tsx';
import { JobRowItem } from './job-row.tsx';
import { jobRows } from './job-rows.ts';

const deploy = routeHash({ view: 'deploy', template: null });

export function JobList(): JSX.Element {
  const { runner, now } = usePage();
  const app = runner.app.value;
  const words = t().jobs.list;
  const isReady = app !== null && runner.ready.value;
  const rows = isReady ? jobRows(app.jobs, t().jobs) : [];
  const isConnected = app?.network.state === 'ready';
  return (
    <div class="stack">
      <PageHeader
        title={t().shell.nav.jobs}
        lead={words.lead}
        actions={
          rows.length > 0 && (
            <LinkButton kind="primary" icon="plus" href={deploy}>
              {words.deploy}
            </LinkButton>
          )
        }
      />
      <div class="columns">
        <div class="stack">
          {!isReady && <Skeleton label={words.reading} shape="rows" />}
          {isReady && rows.length === 0 && (
            <EmptyState
              icon="list"
              title={words.empty}
              steps={words.teach}
              testid="jobs-empty"
              action={
                <LinkButton
                  kind="primary"
                  icon={isConnected ? 'plus' : 'globe'}
                  href={isConnected ? deploy : routeHash({ view: 'connect', devnetUrl: '' })}
                >
                  {isConnected ? words.deploy : words.connect}
                </LinkButton>
              }
            />
          )}
          {rows.length > 0 && (
            <ul class="job-list">
              {rows.map((row) => (
                <JobRowItem key={row.jobId} row={row} nowMs={now.value} />
              ))}
            </ul>
          )}
        </div>
        <WalletCard />
      </div>
    </div>
  );
}
