// Jobs that run now, each a way to its page.
import type { JSX } from 'preact';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { t } from '../../ui/i18n.ts';
import { ListRow, Rows } from '../../ui/list-row.tsx';
import { usePage } from '../../ui/page.ts';
import { ntxText } from '../../ui/quantity-text.ts';
import { Stranger } from '../../ui/stranger.tsx';
import { useWayOut } from '../way-out.ts';

const MOST = 8;

export function RunningJobs(): JSX.Element {
  const { runner } = usePage();
  const { open } = useWayOut();
  const words = t().wallet.popup;
  const running = (runner.app.value?.jobs ?? []).filter((job) => !job.hasEnded && job.job !== 'draft');
  return (
    <section class="stack tight" aria-labelledby="running-title" data-testid="running-jobs">
      <h2 id="running-title">{words.jobs}</h2>
      {running.length === 0 ? (
        <EmptyState
          icon="rocket"
          title={words.noJobs}
          says={words.noJobsHint}
          isPlain
          action={
            <Button size="small" onClick={() => open('/dashboard.html#/deploy')}>
              {words.deploy}
            </Button>
          }
        />
      ) : (
        <Rows>
          {running.slice(0, MOST).map((job) => (
            <ListRow
              key={job.jobId}
              icon="activity"
              title={<Stranger text={job.title} length={60} />}
              more={job.amountBaseUnits === null ? '' : ntxText(job.amountBaseUnits)}
              value={
                job.wantsDecision ? <Badge tone="wait">{words.decide}</Badge> : <Badge tone="accent">{t().jobs.states[job.job]}</Badge>
              }
              testid="running-job"
              onClick={() => open(`/dashboard.html#/jobs/${job.jobId}`)}
            />
          ))}
        </Rows>
      )}
    </section>
  );
}
