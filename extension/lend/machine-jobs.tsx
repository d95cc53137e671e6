// The jobs of a machine, latest first, each with its log and a way to stop it.
import { useSignal } from '@preact/signals';
import { isJobEnd, JOB_STATES, type JobState } from '@nunet/shared/job-state.ts';
import type { OwnerJobs } from '@nunet/shared/owner-views.ts';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { Ntx } from '../ui/amount.tsx';
import { Button } from '../ui/button.tsx';
import { Card } from '../ui/card.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { t } from '../ui/i18n.ts';
import { ListRow, Rows } from '../ui/list-row.tsx';
import { usePage } from '../ui/page.ts';
import { Skeleton } from '../ui/skeleton.tsx';
import { Stranger } from '../ui/stranger.tsx';
import { MachineLog } from './machine-log.tsx';
import type { MachineView } from './messages.ts';

const SHOWN = 20;

type Job = OwnerJobs['jobs'][number];
const stateOf = ({ state }: Job): JobState | null => JOB_STATES.find((one) => one === state) ?? null;
const isOver = (job: Job): boolean => {
  const state = stateOf(job);
  return state !== null && isJobEnd(state);
};

/** `version`: another one reads the list anew. */
export function MachineJobs({
  machine,
  version,
  onStop,
}: {
  machine: MachineView;
  version: string;
  onStop: (jobId: string) => void;
}): JSX.Element {
  const { runner } = usePage();
  const words = t().lend.jobs;
  const read = useSignal<OwnerJobs | null>(null);
  const logOf = useSignal<string | null>(null);
  useEffect(() => {
    let isGone = false;
    runner.ask({ type: 'machine-order', peerId: machine.peerId, order: { type: 'jobs', limit: SHOWN } }).then(
      (answer) => {
        if (!isGone && answer.type === 'jobs') read.value = answer.jobs;
      },
      // The state of the machine says why.
      () => undefined,
    );
    return () => {
      isGone = true;
    };
  }, [machine.peerId, version]);
  const list = read.value;
  return (
    <Card title={words.title}>
      {list === null && <Skeleton label={t().shell.parts.reading} shape="rows" />}
      {list !== null && list.jobs.length === 0 && (
        <EmptyState isPlain icon="list" title={words.none} says={words.noneSays} testid="machine-no-jobs" />
      )}
      {list !== null && list.jobs.length > 0 && (
        <>
          <Rows>
            {list.jobs.map((job) => {
              const state = stateOf(job);
              return (
                <ListRow
                  key={job.jobId}
                  testid="machine-job"
                  data={{ 'data-state': job.state }}
                  title={<Stranger text={job.title} length={80} />}
                  more={state === null ? <Stranger text={job.state} length={20} /> : t().jobs.states[state]}
                  value={<Ntx quantity={BigInt(job.paidBaseUnits ?? job.closedBaseUnits ?? job.payBaseUnits ?? job.amountBaseUnits)} />}
                  end={
                    <span class="actions">
                      <Button size="small" kind="quiet" testid="machine-log-open" onClick={() => (logOf.value = job.jobId)}>
                        {words.log}
                      </Button>
                      {!isOver(job) && (
                        <Button size="small" kind="danger" testid="machine-stop" onClick={() => onStop(job.jobId)}>
                          {words.stop}
                        </Button>
                      )}
                    </span>
                  }
                />
              );
            })}
          </Rows>
          {list.total > list.jobs.length && <p class="hint">{words.more(list.total - list.jobs.length)}</p>}
        </>
      )}
      {logOf.value !== null && <MachineLog peerId={machine.peerId} jobId={logOf.value} onClose={() => (logOf.value = null)} />}
    </Card>
  );
}
