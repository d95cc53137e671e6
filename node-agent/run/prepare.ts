// From a job file on disk to a spec: inputs are hashed where they lie, and everything is checked before anybody is asked.
import { randomBytes } from 'node:crypto';
import { access, constants, readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { cutFile } from '@nunet/shared/file-dag.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import type { Network } from '@nunet/shared/fields.ts';
import { MAX_JOB_FILE_BYTES, parseJobFile, type JobFile } from '@nunet/shared/job-file.ts';
import type { JobSpec } from '@nunet/shared/job-spec.ts';
import { prepareSpec as specFrom } from '@nunet/shared/prepare-job.ts';
import { fileStart } from '../file-start.ts';

/** A file is held in memory whole while it is cut and hashed. */
const MAX_IN_MEMORY_BYTES = 2 ** 31;

export type ReadJobFile = ReturnType<typeof parseJobFile>;

export async function readJobFile(path: string): Promise<{ text: string; file: ReadJobFile }> {
  const info = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw new NunetError('job-file-missing', `Cannot read job file ${path}: ${cause.code === 'ENOENT' ? 'no such file' : cause.message}`, {
      cause,
    });
  });
  if (!info.isFile())
    throw new NunetError('job-file-invalid', `Cannot read job file ${path}: it is not a file; name the job file inside it`);
  if (info.size > MAX_JOB_FILE_BYTES * 4)
    throw new NunetError('job-file-invalid', `Cannot read job file ${path}: ${info.size} bytes, at most ${MAX_JOB_FILE_BYTES} are allowed`);
  const text = await readFile(path, 'utf8');
  return { text, file: parseJobFile(text) };
}

/** Where an input of the job file lies. */
export const inputPaths = (file: JobFile, folder: string): ReadonlyMap<string, string> =>
  new Map(Object.entries(file.inputs).map(([name, path]) => [name, resolve(folder, path)]));

/** Hashes and checks everything that will travel. Throws `job-file-invalid`, `graph-...`, `npy-invalid`, `program-...`, `spec-...`. */
export async function prepareSpec(file: JobFile, folder: string, network: Network, signal: AbortSignal): Promise<JobSpec> {
  const paths = inputPaths(file, folder);
  const inputs = [];
  for (const [name, path] of paths) {
    signal.throwIfAborted();
    inputs.push({ name, ...(await fileCid(name, path)) });
  }
  // Found missing after the lock, a yardstick would leave a paid result unanswered.
  if (file.check.type !== 'none') {
    for (const [name, path] of Object.entries(file.check.files)) await fileBytes(`check.files.${name}`, resolve(folder, path));
  }
  return specFrom(file, { network, nonce: randomBytes(16).toString('hex'), inputs }, async (name) => {
    const path = paths.get(name);
    return path === undefined ? null : fileStart(path, signal);
  });
}

/** Size of a file that the job file names in `field`. Throws `job-file-invalid` when it cannot be used. */
async function fileBytes(field: string, path: string): Promise<number> {
  const no = (why: string, cause?: unknown): NunetError =>
    new NunetError('job-file-invalid', `Cannot read job file: ${field}: ${path} ${why}`, { cause });
  const info = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw no(cause.code === 'ENOENT' ? 'does not exist' : `cannot be read (${cause.code ?? cause.message})`, cause);
  });
  if (!info.isFile()) throw no('is not a file');
  await access(path, constants.R_OK).catch((cause: NodeJS.ErrnoException) => {
    throw no(`cannot be read (${cause.code ?? cause.message})`, cause);
  });
  if (info.size > MAX_IN_MEMORY_BYTES) throw no(`has ${info.size} bytes, at most ${MAX_IN_MEMORY_BYTES} are allowed`);
  return info.size;
}

async function fileCid(name: string, path: string): Promise<{ cid: string; bytes: number }> {
  const bytes = await fileBytes(`inputs.${name}`, path);
  const { cid } = cutFile(await readFile(path));
  return { cid, bytes };
}
