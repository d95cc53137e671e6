// What the journal says of a job, as phases of its trace: the waits before and after the executor's own.
import { hasEnded, stateOf, type Job, type JobBook } from '../job-book.ts';
import type { JobTraces } from './traces.ts';

/** From now until nothing more is expected of the job. A job that a restart found goes on in the service provider's trace too. */
export function traceJob(job: Job, book: Pick<JobBook, 'watch'>, traces: JobTraces): void {
  let seen = '';
  const look = (): void => {
    const state = stateOf(job);
    const isEnd = job.spent !== undefined || job.abandoned !== undefined;
    const now = isEnd ? 'over' : state;
    if (now === seen) return;
    // The executor says when a job begins to run; one that a restart found has begun already.
    if (seen === '' && state === 'running' && !isEnd) traces.phase(job.jobId, 'run');
    seen = now;
    if (isEnd) {
      unwatch();
      const exit = job.manifest?.body.exit;
      const code = exit === undefined || exit.kind === 'completed' ? undefined : exit.code;
      traces.end(job.jobId, { state, ...(code === undefined ? {} : { code }) });
    } else if (hasEnded(job)) traces.phase(job.jobId, 'report');
    else if (state === 'preparing') traces.phase(job.jobId, 'inputs');
    else if (state === 'quoted' || state === 'locked') traces.phase(job.jobId, 'lock wait');
  };
  traces.begin(job.jobId, { kind: job.spec.program.kind, traceparent: job.trace });
  const unwatch = book.watch(job.jobId, look);
  look();
}
