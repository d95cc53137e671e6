// The Outputs port on disk: blocks into the job's store, whole files into the folder that the user named, then the job file's check.
import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { NunetError } from '@nunet/shared/errors.ts';
import { checkOutputs, type CheckFiles } from '@nunet/shared/check-outputs.ts';
import type { OutputCheck } from '@nunet/shared/job-file.ts';
import type { Outputs } from '@nunet/shared/job-flow/ports.ts';
import type { JobSpec } from '@nunet/shared/job-spec.ts';
import type { Manifest, OutputFile } from '@nunet/shared/manifest.ts';
import { outputFault } from '@nunet/shared/output-fault.ts';
import { deliveredTree } from '@nunet/shared/sealed/delivered-tree.ts';
import type { BlobStore } from '../blobs.ts';
import type { ScoreRequest } from '../executor/embedded.ts';
import { fetchFile } from '../network/blocks.ts';
import type { NetworkNode } from '../network/node.ts';
import { openInto, sealedSource } from '../opening.ts';
import { checkpointName, checkpointsIn } from './resume-from.ts';

/** The one before stays until the next: a disk that fails under the newest leaves one. */
const KEPT_CHECKPOINTS = 2;
/** Failures of this machine's own disk. */
const UNSAVED = new Set(['output-exists', 'store-full', 'file-name-invalid', 'file-incomplete']);

export interface DiskOutputs {
  node: NetworkNode;
  store: BlobStore;
  /** Where the log is kept. */
  jobFolder: string;
  outFolder: string;
  check: OutputCheck;
  /** The job file's folder: paths of its check are relative to it. */
  jobFileFolder: string;
  inputPath(name: string): string | undefined;
  /** Scores in a confined process. */
  score(request: ScoreRequest, signal: AbortSignal): Promise<number>;
  onSaved(file: OutputFile, path: string): void;
  onCheckpoint(number: number, path: string, bytes: number): void;
}

export function diskOutputs(parts: DiskOutputs): Outputs {
  const { node, store } = parts;
  const logPath = join(parts.jobFolder, 'log.txt');
  let lines: number | undefined;
  const checkpointFolder = join(parts.jobFolder, 'checkpoints');
  let fetching: string | undefined;
  const savedAt = new Map<string, string>();
  const fetchWhole: Outputs['fetchSealed'] = async (agent, jobId, file, onBytes, signal) => {
    const fetch = { node, peer: agent, jobId, cid: file.cid, expectedBytes: file.bytes, store, signal };
    await fetchFile({ ...fetch, onProgress: ({ doneBytes }) => onBytes(doneBytes) });
    // A power cut may have lost blocks that were counted as here: they are found now and fetched again.
    await store.pathOf(jobId, file.cid).catch(() => fetchFile(fetch));
  };
  const keep = async (jobId: string, file: OutputFile): Promise<void> => {
    const path = await save(store, jobId, file, parts.outFolder);
    savedAt.set(file.name, path);
    parts.onSaved(file, path);
  };
  const orFault = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw outputFault(error, isOwn);
    }
  };
  return {
    fetch: (agent, jobId, file, onBytes, signal) => orFault(fetchWhole(agent, jobId, file, onBytes, signal).then(() => keep(jobId, file))),
    async keepCheckpoint(agent, jobId, { number, file }, onBytes, signal) {
      const drop = (cid: string): Promise<void> =>
        store.retain(jobId, new Set(store.files(jobId).flatMap((kept) => (kept.cid === cid ? [] : [kept.cid]))));
      // What came of one that was replaced meanwhile is of no use.
      if (fetching !== undefined && fetching !== file.cid) await drop(fetching);
      fetching = file.cid;
      await orFault(fetchWhole(agent, jobId, file, onBytes, signal));
      parts.onCheckpoint(number, await orFault(store.saveAs(jobId, file.cid, checkpointFolder, checkpointName(number))), file.bytes);
      await drop(file.cid);
      fetching = undefined;
      for (const old of (await checkpointsIn(checkpointFolder)).slice(0, -KEPT_CHECKPOINTS)) await rm(old.path, { force: true });
    },
    fetchSealed: (agent, jobId, file, onBytes, signal) => orFault(fetchWhole(agent, jobId, file, onBytes, signal)),
    async checkSealed(manifest) {
      await orFault(deliveredTree(manifest, sealedSource(store, manifest.jobId)));
    },
    async open(manifest, key, signal) {
      // Only on the way to the folder that the user named.
      const folder = join(parts.jobFolder, 'opened');
      try {
        const opening = await orFault(openInto(folder, store, manifest, key, signal));
        if (opening.type === 'opened') for (const file of opening.outputs) await orFault(keep(manifest.jobId, file));
        return opening;
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    check: (spec, manifest, signal) => checkOutputs(parts.check, checkFiles(parts, savedAt, spec, manifest), spec, manifest, signal),
    async logLength() {
      lines ??= await keptLines(logPath);
      return lines;
    },
    async appendLog(_jobId, _offset, line) {
      await mkdir(parts.jobFolder, { recursive: true });
      // A stranger's text, one line each, that must not move the cursor of whoever prints the file.
      await appendFile(logPath, `${line.replaceAll(/\p{Cc}/gu, ' ')}\n`);
      lines = (lines ?? 0) + 1;
    },
  };
}

/** Whole lines in the log; a last one that a kill cut short is taken off, and comes again. */
async function keptLines(path: string): Promise<number> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole !== text) await writeFile(path, whole);
  return whole.split('\n').length - 1;
}

/** A file of the same name from another job stays; ours then goes into a folder of its own. */
async function save(store: BlobStore, jobId: string, file: OutputFile, folder: string): Promise<string> {
  try {
    return await store.saveAs(jobId, file.cid, folder, file.name);
  } catch (error) {
    if (!(error instanceof NunetError) || error.code !== 'output-exists') throw error;
    return store.saveAs(jobId, file.cid, join(folder, jobId.slice(-12)), file.name);
  }
}

const isOwn = (error: unknown): boolean =>
  error instanceof NunetError ? UNSAVED.has(error.code) : error instanceof Error && 'syscall' in error && 'path' in error;

/** Where the files of a check lie. */
function checkFiles(
  parts: DiskOutputs,
  savedAt: ReadonlyMap<string, string>,
  spec: JobSpec,
  { jobId }: Manifest,
): CheckFiles<{ path: string; bytes: number }> {
  return {
    async own(name) {
      const path = resolve(parts.jobFileFolder, name);
      const { cid, bytes } = await parts.store.importFile(jobId, path);
      return { cid, file: { path, bytes } };
    },
    async input(name) {
      const path = parts.inputPath(name);
      return path === undefined ? null : { path, bytes: spec.inputs.find((input) => input.name === name)?.bytes ?? 0 };
    },
    output: async ({ name, cid, bytes }) => ({ path: savedAt.get(name) ?? (await parts.store.pathOf(jobId, cid)), bytes }),
    score: ({ evaluation, file, memoryBytes, timeLimitMs }, signal) =>
      parts.score(
        { evaluation, filePath: (name) => file(name).path, fileBytes: (name) => file(name).bytes, memoryBytes, timeLimitMs },
        signal,
      ),
  };
}
