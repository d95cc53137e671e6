// All jobs of this browser: opened from the database at the start, added by `prepare`, removed by `discard` and `forget`.
import { NunetError } from '@nunet/shared/errors.ts';
import { sealedFiles } from '@nunet/shared/sealed/manifest-delivery.ts';
import type { Network } from '@nunet/shared/job-flow/ports.ts';
import { inputReaders } from '@nunet/shared/input-readers.ts';
import type { ReadBlock } from '@nunet/shared/peer-server.ts';
import { forgetJob, STRICT, type JobNote } from './database.ts';
import { openJob, type Job, type JobParts } from './job.ts';
import type { Online } from './online.ts';
import { prepareJob } from './prepare-job.ts';

/** Kept at a time; an ended one has to be removed for the next. */
const MAX_JOBS = 200;

export interface JobList {
  all(): readonly Job[];
  /** Throws `job-unknown`. */
  get(jobId: string): Job;
  prepare(
    given: { jobFile: string; files: ReadonlyMap<string, Blob>; askBeforeAnswer: boolean },
    online: Online,
    random: (bytes: number) => Uint8Array,
  ): Promise<string>;
  discard(jobId: string, online: Online | null): Promise<void>;
  forget(jobId: string): Promise<void>;
  /** Drives every job that was taken and has not ended. */
  resume(online: Online): void;
  readonly serveInputs: Network['serveInputs'];
  readonly read: ReadBlock;
}

/** Opens what the database holds. A job that cannot be read is left where it is, and reported. */
export async function openJobs(parts: JobParts, onUnreadable: (jobId: string, error: unknown) => void): Promise<JobList> {
  const { database, keys, clock } = parts;
  const jobs = new Map<string, Job>();
  for (const note of await database.getAll('jobs')) {
    try {
      jobs.set(note.jobId, await openJob(parts, note));
    } catch (error) {
      onUnreadable(note.jobId, error);
    }
  }
  const get = (jobId: string): Job => {
    const job = jobs.get(jobId);
    if (job === undefined)
      throw new NunetError('job-unknown', 'This browser knows no such job; it may have been removed in another window');
    return job;
  };
  const remove = async (jobId: string): Promise<void> => {
    await get(jobId).stop();
    await forgetJob(database, jobId);
    jobs.delete(jobId);
  };
  const { serveInputs, read } = inputReaders(async (jobId, cid) => {
    const job = jobs.get(jobId);
    if (job === undefined) return null;
    const { spec, manifest } = job.record();
    // What a replay needs and nothing else: the yardsticks of the job's own check are nobody's business.
    const delivered = manifest === undefined ? [] : sealedFiles(manifest.body);
    const served = new Set([...spec.inputs, ...delivered].map((file) => file.cid));
    return job.blocks.read(cid, served);
  });

  return {
    all: () => [...jobs.values()],
    get,
    serveInputs,
    read,
    async prepare({ jobFile, files, askBeforeAnswer }, online, random) {
      if (jobs.size >= MAX_JOBS)
        throw new NunetError('jobs-full', `Cannot prepare another job: ${MAX_JOBS} are kept; remove some that have ended`);
      const { record, assetUnit } = online;
      const now = clock.now();
      const context = { record, peerId: keys.network.peerId, address: keys.wallet.address, random, now, signal: online.signal };
      const prepared = await prepareJob(jobFile, files, context);
      const { jobId } = prepared;
      const note: JobNote = {
        jobId,
        jobFile,
        title: prepared.spec.title,
        openedAtMs: now,
        askBeforeAnswer,
        assetUnit,
        checkFiles: prepared.checkFiles,
      };
      keys.open(prepared.signer, jobId);
      const transaction = database.transaction(['jobs', 'entries', 'files'], 'readwrite', STRICT);
      await Promise.all([
        transaction.objectStore('jobs').add(note),
        transaction.objectStore('entries').add(prepared.entry, [jobId, 0]),
        ...[...prepared.files].map(([cid, file]) => transaction.objectStore('files').put(file, [jobId, cid])),
        transaction.done,
      ]).catch((cause: unknown) => {
        throw new NunetError('job-unsaved', 'Cannot keep the job: this browser has no room for its files; free some and try again', {
          cause,
        });
      });
      jobs.set(jobId, await openJob(parts, note));
      return jobId;
    },
    async discard(jobId, online) {
      await get(jobId).letGo(online);
      await remove(jobId);
    },
    async forget(jobId) {
      const job = get(jobId);
      if (!job.isOver()) {
        const draft = job.record().job === 'draft';
        throw new NunetError(
          'job-open',
          draft ? 'This is a draft: discard it instead' : 'Cannot remove the job: its work or its money has not ended',
        );
      }
      await remove(jobId);
    },
    resume(online) {
      for (const job of jobs.values()) job.drive(online);
    },
  };
}
