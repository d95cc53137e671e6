// A job in a list: its title, both states, what it costs, and a word on what to expect of it.
import type { JSX } from 'preact';
import { routeHash } from '../dashboard/route.ts';
import { Badge, type BadgeTone } from '../ui/badge.tsx';
import { t } from '../ui/i18n.ts';
import { Moment } from '../ui/moment.tsx';
import { Stranger } from '../ui/stranger.tsx';
import './job-row.css';
import type { JobRow } from './job-rows.ts';

const TONES: Readonly<Record<JobRow['tone'], BadgeTone>> = {
  draft: 'plain',
  active: 'accent',
  ask: 'wait',
  unlock: 'wait',
  good: 'good',
  back: 'plain',
  bad: 'bad',
  lost: 'bad',
};

export function JobRowItem({ row, nowMs }: { row: JobRow; nowMs: number }): JSX.Element {
  return (
    <li>
      <a
        class="job-row"
        href={routeHash({ view: 'job', jobId: row.jobId })}
        data-testid="job-row"
        data-job-id={row.jobId}
        data-job={row.job}
        data-lock={row.lock ?? ''}
      >
        <span class="title">
          <Stranger text={row.title} length={120} />
        </span>
        <span class="states">
          <span>
            <small>{t().jobs.work}</small> {row.work}
          </span>
          <span>
            <small>{t().jobs.money}</small> {row.money}
          </span>
          <Moment atMs={row.openedAtMs} nowMs={nowMs} />
        </span>
        <span class="remark">
          <Badge tone={TONES[row.tone]}>{row.remark}</Badge>
        </span>
        <span class="sum">{row.amount}</span>
      </a>
    </li>
  );
}
