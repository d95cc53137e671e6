// From a job file to a spec and a quote request: inputs are hashed where they lie, the graph is checked before anybody is asked.
import { randomBytes } from 'node:crypto';
import { access, constants, readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { cutFile } from '@nunet/shared/file-dag.ts';
import { cidOf, encode } from '@nunet/shared/encoding.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import type { Network } from '@nunet/shared/fields.ts';
import { MAX_JOB_FILE_BYTES, parseJobFile, specOf, type JobFile } from '@nunet/shared/job-file.ts';
import { jobSpec, type JobSpec } from '@nunet/shared/job-spec.ts';
import { parse } from '@nunet/shared/encoding.ts';
import type { NetworkRecord } from '@nunet/shared/network-record.ts';
import { summarizeGraph } from '@nunet/shared/onnx/graph.ts';
import type { QuoteRequest } from '@nunet/shared/quote.ts';
import { checkJob } from '../executor/embedded-check.ts';

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
  const spec = parse(jobSpec, specOf(file, { network, nonce: randomBytes(16).toString('hex'), inputs }), 'job spec');
  const pathOf = (name: string): string => {
    const path = paths.get(name);
    if (path === undefined)
      throw new NunetError('job-file-invalid', `Cannot read job file: program names the file "${name}", inputs do not`);
    return path;
  };
  if (spec.program.kind === 'onnx') await checkJob(spec, pathOf, signal);
  return spec;
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

export async function requestOf(
  spec: JobSpec,
  parts: { graphPath: string | null; record: NetworkRecord; peerId: string; address: string; voucherKey: string },
): Promise<QuoteRequest> {
  const { program } = spec;
  const work =
    program.kind === 'onnx' && parts.graphPath !== null
      ? { kind: 'onnx' as const, graph: summarizeGraph(await readFile(parts.graphPath)) }
      : { kind: 'container' as const, image: program.kind === 'container' ? program.image : '' };
  return {
    v: 1,
    network: spec.network,
    jobId: cidOf(encode(spec)),
    work,
    resources: spec.resources,
    inputBytes: spec.inputs.reduce((sum, input) => sum + input.bytes, 0),
    outputLimitBytes: spec.outputLimitBytes,
    timeLimitMs: spec.timeLimitMs,
    delivery: spec.delivery,
    replay: spec.replay,
    serviceProvider: { peerId: parts.peerId, address: parts.address },
    voucherKey: parts.voucherKey,
    oracleKeys: parts.record.oracles
      .map((oracle) => oracle.key)
      .sort()
      .slice(0, 9),
    k: parts.record.k,
  };
}
