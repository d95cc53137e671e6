// Checkpoints of one running job: each is taken into the store as a file of the job, journaled, and the one before it dropped.
import { NunetError } from '@nunet/shared/errors.ts';
import type { ContainerProgram } from '@nunet/shared/container-program.ts';
import type { JobFiles } from './execution.ts';
import type { ExecutionEvent } from './executor/executor.ts';
import type { Job, JobBook } from './job-book.ts';

type Taken = Extract<ExecutionEvent, { type: 'checkpoint' }>;

/** What of the job's disk is left for a checkpoint once its files have their part. */
export function checkpointRoom({ spec }: Pick<Job, 'spec'>): number {
  const { program, inputs, resources, outputLimitBytes } = spec;
  const downloads = (program as Partial<ContainerProgram>).downloads ?? [];
  const taken = [...inputs, ...downloads].reduce((sum, { bytes }) => sum + bytes, outputLimitBytes);
  return Math.max(0, resources.diskBytes - taken);
}

export interface CheckpointKeeper {
  /** Never throws. One that comes while another is taken replaces those that wait. */
  take(event: Taken): void;
  /** When nothing is on its way any more. */
  settled(): Promise<void>;
}

export function checkpointKeeper(
  job: Job,
  parts: {
    book: JobBook;
    files: Pick<JobFiles, 'adopt' | 'drop'>;
    /** Chain time. */
    now(): Promise<number>;
    onFailure(error: unknown): void;
  },
): CheckpointKeeper {
  let waiting: Taken | undefined;
  let working: Promise<void> | undefined;
  const keep = async ({ path, bytes }: Taken): Promise<void> => {
    const room = checkpointRoom(job);
    if (bytes > room) {
      const message = `Cannot keep a checkpoint of job ${job.jobId}: it has ${bytes} bytes, the job's disk has room for ${room}`;
      throw new NunetError('checkpoint-too-large', message);
    }
    // Our own count: an executor that was re-attached may count from one again.
    const number = (job.checkpoint?.number ?? 0) + 1;
    const before = job.checkpoint?.file.cid;
    const { cid } = await parts.files.adopt(job, path);
    const file = { name: `checkpoint-${number}.tar`, cid, bytes };
    await parts.book.record({ type: 'checkpoint', jobId: job.jobId, at: await parts.now(), number, file });
    if (before !== undefined && before !== cid) await parts.files.drop(job, before);
  };
  const work = async (): Promise<void> => {
    for (;;) {
      const next = waiting;
      waiting = undefined;
      if (next === undefined) break;
      await keep(next).catch((error: unknown) => parts.onFailure(error));
    }
    working = undefined;
  };
  return {
    take: (event) => {
      // It would be readable before it is paid for. Such a spec is refused; this holds for whatever an executor says.
      if (job.spec.delivery === 'sealed') return;
      waiting = event;
      working ??= work();
    },
    settled: async () => working,
  };
}
