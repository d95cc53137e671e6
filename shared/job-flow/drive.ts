// driveJob: takes one job from a taken quote to the end of work and money. The journal first, the act second; every act may be repeated.
import { NunetError } from '../errors.ts';
import { isJobEnd } from '../job-state.ts';
import { isLockEnd } from '../lock-state.ts';
import type { NetworkRecord } from '../network-record.ts';
import { followJob } from './follow.ts';
import { readJob, type JobRecord } from './job-record.ts';
import { lockJob } from './lock-job.ts';
import type { Ports } from './ports.ts';
import { goJob, openDrive, type Drive, type JobEvent, type Pace } from './running-job.ts';
import { tellEvidence } from './settle.ts';

export interface DriveOptions {
  record: NetworkRecord;
  /** Stops this run at any moment; the same call later goes on from the journal. */
  signal: AbortSignal;
  onEvent?: (event: JobEvent) => void;
  /** Aborted by whoever wants the job cancelled: before it runs, or at any time when it is paid by vouchers. */
  cancel?: AbortSignal;
  pace?: Pace;
  /** W3C traceparent that the agent's own trace shall continue. */
  trace?: string | undefined;
}

/** What the end of a job is called when its lock has ended and the agent has signed nothing. */
async function closeJob(drive: Drive): Promise<void> {
  const { job, lock, cancelWanted, cancel } = drive.record();
  if (isJobEnd(job) || (lock !== null && !isLockEnd(lock))) return;
  if (cancel !== undefined || (cancelWanted && lock === 'dropped')) return goJob(drive, 'cancelled', 'cancelled before it ran');
  await goJob(drive, 'expired', `the agent delivered no signed result; the money was ${lock ?? 'never locked'}`);
}

/**
 * Drives the job in `ports.journal` until its work and its money have both ended, deep enough in the chain, and gives the
 * last record. Throws `job-not-open` or `job-not-quoted` when there is nothing to drive, the signal's reason when stopped,
 * and what the journal throws. After any of these, or a kill, the same call goes on.
 */
export async function driveJob(ports: Ports, options: DriveOptions): Promise<JobRecord> {
  const first = readJob(await ports.journal.read());
  if (first === undefined) throw new NunetError('job-not-open', 'Cannot drive job: its journal is empty');
  if (first.job === 'draft') throw new NunetError('job-not-quoted', 'Cannot drive job: no quote was taken yet');
  // `over` ends every lane: the caller stopped us, a lane failed, or all is done.
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal]);
  const drive = openDrive(ports, first, options, over);
  const guarded = (lane: Promise<unknown>): Promise<unknown> =>
    lane.catch((error: unknown) => {
      over.abort(error);
      throw error;
    });
  const done = new AbortController();
  const wantCancel = (): Promise<unknown> => {
    const wanted = drive.append((record, atMs) =>
      record.cancelWanted || isJobEnd(record.job) || (record.job === 'running' && record.quote?.body.stream === undefined)
        ? undefined
        : { type: 'cancel-wanted', atMs },
    );
    // A failed append has ended the run already.
    return wanted.catch(() => undefined);
  };
  // Before the lanes begin, so that a cancel that is known now is seen before anything is locked.
  if (options.cancel?.aborted === true) await wantCancel();
  options.cancel?.addEventListener('abort', () => void wantCancel(), { once: true, signal: done.signal });
  const evidence = guarded(tellEvidence(drive, AbortSignal.any([signal, done.signal])));
  try {
    await Promise.all([guarded(lockJob(drive, signal)), guarded(followJob(drive, signal))]);
    await closeJob(drive);
    done.abort(new DOMException('all is told', 'AbortError'));
    await evidence;
    over.signal.throwIfAborted();
    return drive.record();
  } catch (error) {
    // The first failure is the one to tell; the lanes it stopped only say that they were stopped.
    over.abort(error);
    await Promise.allSettled([evidence]);
    throw options.signal.aborted ? options.signal.reason : over.signal.reason;
  } finally {
    done.abort();
  }
}
