// Many jobs offered to one agent in the same moment: how fast each is answered, and that all that were accepted end, once each.
import { offerAtOnce, type CrowdJob } from '@nunet/node-agent/job-crowd.ts';
import { printRows, type Row } from './table.ts';

const COUNT = 50;
/** As many as a service provider may hold quotes for. */
const A_PEER = 4;

const nth = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN;

export async function benchJobs(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const cpus of [20, COUNT]) {
    const since = performance.now();
    const { jobs, starts } = await offerAtOnce({ count: COUNT, peers: Math.ceil(COUNT / A_PEER), cpus });
    const wallMs = performance.now() - since;
    const accepted = jobs.filter(({ refused }) => refused.length === 0);
    const finished = (job: CrowdJob): boolean => job.states.at(-1) === 'finished';
    const once = accepted.every(({ jobId }) => starts.get(jobId) === 1) && starts.size === accepted.length;
    const quoted = jobs.map(({ quotedMs }) => quotedMs);
    const ended = accepted.flatMap(({ endedMs }) => endedMs ?? []);
    rows.push(
      {
        what: `${COUNT} jobs at once, room for ${cpus}: accepted and ended`,
        figure: `${accepted.filter(finished).length} of ${accepted.length}`,
        baseline: `${COUNT - accepted.length} refused as busy`,
        goal: 'all, each once',
        met: once && accepted.length >= cpus && accepted.every(finished),
      },
      {
        what: '  answer to a quote request',
        figure: `${nth(quoted, 0.5).toFixed(0)} ms`,
        baseline: `slowest ${nth(quoted, 1).toFixed(0)} ms`,
      },
      {
        what: '  offer to end',
        figure: `${(nth(ended, 0.5) / 1_000).toFixed(1)} s`,
        baseline: `last ${(nth(ended, 1) / 1_000).toFixed(1)} s, all in ${(wallMs / 1_000).toFixed(1)} s`,
      },
    );
  }
  printRows('Jobs at once', rows);
  return rows;
}
