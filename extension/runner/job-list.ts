// All jobs of this browser: opened from the database at the start, added by `prepare`, removed by `discard` and `forget`.
import { bytesToHex } from '@noble/hashes/utils.js';
import { hashOfCid } from '@nunet/shared/encoding.ts';
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
    by: { random: (bytes: number) => Uint8Array; peerId: string },
  ): Promise<string>;
  discard(jobId: string, online: Online | null): Promise<void>;
  forget(jobId: string): Promise<void>;
  /** Drives every job that was taken and has not ended. */
  resume(online: Online): void;
  /** The vault or its wallet is another: jobs whose key is there go on, those of another wallet stop. */
  keysChanged(online: Online | null): void;
  /** The signed quote that a lock's datum names, of a job that took it. */
  quoteOf(quoteHash: string): { envelope: Uint8Array; title: string } | null;
  readonly serveInputs: Network['serveInputs'];
  readonly read: ReadBlock;
}

/** Opens what the database holds. A job that cannot be read is left where it is, and reported. */
export async function openJobs(parts: JobParts, onUnreadable: (jobId: string, error: unknown) => void): Promise<JobList> {
  const { database, vault, clock } = parts;
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
    // Nothing of it is signed any more.
    if (vault.state()?.jobs.includes(jobId) === true) vault.ask({ type: 'job-end', jobId }).catch(() => undefined);
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
    async prepare({ jobFile, files, askBeforeAnswer }, online, { random, peerId }) {
      if (jobs.size >= MAX_JOBS)
        throw new NunetError('jobs-full', `Cannot prepare another job: ${MAX_JOBS} are kept; remove some that have ended`);
      const linked = parts.linked();
      if (linked === null)
        throw new NunetError('wallet-missing', 'Create a wallet first: it pays for the job and gets back what is not spent');
      const { account, address } = linked;
      const keyId = bytesToHex(random(16));
      const { publicKey } = await vault.ask({ type: 'job-key', keyId });
      const { record, assetUnit } = online;
      const now = clock.now();
      const context = { record, peerId, address, voucherKey: publicKey, random, now, signal: online.signal };
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
        key: { keyId, publicKey, account: account.index, payment: account.payment },
      };
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
    quoteOf(quoteHash) {
      for (const job of jobs.values()) {
        const { quote } = job.record();
        if (quote !== undefined && hashOfCid(quote.cid) === quoteHash) return { envelope: quote.envelope, title: job.note.title };
      }
      return null;
    },
    keysChanged(online) {
      for (const job of jobs.values()) job.keyChanged(online);
    },
  };
}
