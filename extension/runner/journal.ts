// The Journal port over the database. An entry counts once its transaction is complete; entries are numbered, so none can be lost unseen.
import { jobEntry, type JobEntry } from '@nunet/shared/job-flow/job-record.ts';
import type { Journal } from '@nunet/shared/job-flow/ports.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { ofJob, STRICT, type RunnerDatabase } from './database.ts';

/** Called just after an entry is durable; a test that throws here kills the runner at that write. */
export type AfterWrite = (jobId: string, entry: JobEntry) => void;

export async function openJournal(database: RunnerDatabase, jobId: string, afterWrite: AfterWrite = () => {}): Promise<Journal> {
  const keys = await database.getAllKeys('entries', ofJob(jobId));
  const entries = (await database.getAll('entries', ofJob(jobId))).map((stored) => jobEntry.parse(stored));
  if (keys.some(([, number], index) => number !== index))
    throw new NunetError('journal-damaged', `Cannot read the journal of job ${jobId}: an entry is missing`);
  return {
    read: async () => [...entries],
    async append(entry) {
      const transaction = database.transaction('entries', 'readwrite', STRICT);
      // `add` and never `put`: a second writer of the same number fails instead of writing over an entry.
      await Promise.all([transaction.store.add(entry, [jobId, entries.length]), transaction.done]);
      entries.push(entry);
      afterWrite(jobId, entry);
    },
  };
}
