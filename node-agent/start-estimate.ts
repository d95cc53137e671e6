// When a job would start, told in its quote: what has to come first, from what is here already. Pure.
import { stateOf, type Job } from './job-book.ts';

/** Unpacking and start of an execution, and a cautious guess of a link. */
const START_MS = 300;
const BYTES_A_MS = 5_000;

/** Input bytes of accepted jobs that have not started: they share the link with the next one. */
export const queuedBytes = (jobs: readonly Job[]): number =>
  jobs
    .filter((job) => job.handle === undefined && ['quoted', 'locked', 'preparing'].includes(stateOf(job)))
    .reduce((sum, job) => sum + bytesToCome(job.request), 0);

/** Inputs, and files from the web. */
export const bytesToCome = ({ inputBytes, work }: Pick<Job['request'], 'inputBytes' | 'work'>): number =>
  inputBytes + (work.kind === 'container' ? work.downloadBytes : 0);

/** `prepareMs`: what image and packages still take, as the executor says. */
export const startEstimateMs = (ownBytes: number, queued: number, prepareMs: number): number =>
  START_MS + Math.ceil((ownBytes + queued) / BYTES_A_MS) + Math.ceil(prepareMs);
