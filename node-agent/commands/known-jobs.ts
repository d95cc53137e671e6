// KnownJobs: the jobs of an agent, from the running process, or from its journal when none runs. Reads alone.
import { existsSync } from 'node:fs';
import { NunetError } from '@nunet/shared/errors.ts';
import { isJobEnd, JOB_STATES } from '@nunet/shared/job-state.ts';
import type { Network } from '@nunet/shared/fields.ts';
import { AGENT_JOURNAL_MIGRATIONS, AGENT_JOURNAL_VERSION, agentEntry } from '../agent-entries.ts';
import type { AgentStatus } from '../agent-status.ts';
import { pathsOf } from '../config.ts';
import { askControl, controlSocketOf } from '../control-socket.ts';
import { JobBook } from '../job-book.ts';
import { jobLine, type JobLine } from '../job-line.ts';
import { readJournal } from '../journal.ts';
import type { CommandIo } from './flags.ts';

const ANSWER_MS = 10_000;

/** null: no agent runs here. */
export const runningStatus = async (dataPath: string, io: Pick<CommandIo, 'signal'>): Promise<AgentStatus | null> =>
  (await askControl(
    controlSocketOf(dataPath),
    'status',
    AbortSignal.any([io.signal, AbortSignal.timeout(ANSWER_MS)]),
  )) as AgentStatus | null;

/** The agent alone writes its journal. */
const refuse = (): Promise<never> =>
  Promise.reject(new NunetError('journal-read-only', 'Cannot write the journal of an agent from outside'));

export async function knownJobs(
  dataPath: string,
  network: Network,
  io: Pick<CommandIo, 'signal'>,
): Promise<{ isRunning: boolean; jobs: JobLine[] }> {
  const status = await runningStatus(dataPath, io);
  if (status !== null) return { isRunning: true, jobs: status.jobs };
  // No journal: it was never started.
  if (!existsSync(pathsOf(dataPath).journal)) return { isRunning: false, jobs: [] };
  const entries = await readJournal(pathsOf(dataPath).journal, {
    schema: agentEntry,
    name: 'agent jobs',
    version: AGENT_JOURNAL_VERSION,
    migrations: AGENT_JOURNAL_MIGRATIONS,
  });
  const book = new JobBook(network, { entries, append: refuse, retain: refuse, close: () => Promise.resolve() });
  return { isRunning: false, jobs: book.jobs().map(jobLine) };
}

export const hasEnded = ({ state }: JobLine): boolean => JOB_STATES.some((one) => one === state && isJobEnd(one));
/** Both sides signed it, and nobody brought it on chain. */
export const isUnclaimed = ({ closedBaseUnits, paidBaseUnits }: JobLine): boolean =>
  paidBaseUnits === null && closedBaseUnits !== null && BigInt(closedBaseUnits) > 0n;
/** Pay that is asked for and not decided yet: an answer, an oracle or a claim is still to come. */
export const isUndecided = ({ payBaseUnits, voucherBaseUnits, closedBaseUnits, paidBaseUnits }: JobLine): boolean =>
  paidBaseUnits === null && closedBaseUnits === null && (BigInt(payBaseUnits ?? 0) > 0n || BigInt(voucherBaseUnits ?? 0) > 0n);

/** The job whose id is, or ends with, this text. Throws `flag-invalid`. */
export function jobNamed(jobs: readonly JobLine[], text: string): JobLine {
  const found = jobs.filter(({ jobId }) => jobId === text || (text.length >= 6 && jobId.endsWith(text)));
  const [only] = found;
  if (only === undefined || found.length > 1)
    throw new NunetError(
      'flag-invalid',
      `Cannot find job "${text.slice(0, 70)}": ${found.length === 0 ? 'there is none' : `${found.length} end with it`}; want an id, or its last 6 characters or more, of "nunet-agent jobs"`,
    );
  return only;
}
