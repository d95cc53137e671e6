// The Outputs port on disk: blocks into the job's store, whole files into the folder that the user named, then the job file's check.
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { NunetError } from '@nunet/shared/errors.ts';
import type { OutputCheck } from '@nunet/shared/job-file.ts';
import type { CheckResult, Outputs } from '@nunet/shared/job-flow/ports.ts';
import type { JobSpec } from '@nunet/shared/job-spec.ts';
import type { Manifest, OutputFile } from '@nunet/shared/manifest.ts';
import type { BlobStore } from '../blobs.ts';
import type { ScoreRequest } from '../executor/embedded.ts';
import { fetchFile } from '../network/blocks.ts';
import type { NetworkNode } from '../network/node.ts';

/** Failures that only the sender of the bytes can have caused. */
const WRONG = new Set(['block-mismatch', 'file-size-mismatch', 'bytes-invalid', 'bytes-too-large', 'message-invalid', 'cid-invalid']);
/** Failures of this machine's own disk. */
const UNSAVED = new Set(['output-exists', 'store-full', 'file-name-invalid', 'file-incomplete']);
/** What a delivered model that cannot be scored throws: the model's fault. */
const UNSCORABLE = /^(graph-|npy-|program-|score-failed$)/;

const SCORE_TIME_MS = 120_000;
const SCORE_MEMORY_BYTES = 2 ** 30;

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
}

export function diskOutputs(parts: DiskOutputs): Outputs {
  const { node, store } = parts;
  const logPath = join(parts.jobFolder, 'log.txt');
  let lines: number | undefined;
  const savedAt = new Map<string, string>();
  return {
    async fetch(agent, jobId, file, onBytes, signal) {
      const fetch = { node, peer: agent, jobId, cid: file.cid, expectedBytes: file.bytes, store, signal };
      try {
        await fetchFile({ ...fetch, onProgress: ({ doneBytes }) => onBytes(doneBytes) });
        // A power cut may have lost blocks that were counted as here: they are found now and fetched again.
        await store.pathOf(jobId, file.cid).catch(() => fetchFile(fetch));
        const path = await save(store, jobId, file, parts.outFolder);
        savedAt.set(file.name, path);
        parts.onSaved(file, path);
      } catch (error) {
        throw translated(error);
      }
    },
    check: (spec, manifest, signal) => check(parts, savedAt, spec, manifest, signal),
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

function translated(error: unknown): unknown {
  if (error instanceof NunetError && WRONG.has(error.code)) return new NunetError('outputs-wrong', error.message, { cause: error });
  const local = error instanceof NunetError ? UNSAVED.has(error.code) : error instanceof Error && 'syscall' in error && 'path' in error;
  if (local) return new NunetError('outputs-unsaved', `Cannot keep the output: ${(error as Error).message}`, { cause: error });
  return error;
}

async function check(
  parts: DiskOutputs,
  savedAt: ReadonlyMap<string, string>,
  spec: JobSpec,
  manifest: Manifest,
  signal: AbortSignal,
): Promise<CheckResult> {
  const wanted = parts.check;
  if (wanted.type === 'none') return { accept: true, score: null, detail: 'everything arrived whole; the job file asks for no check' };
  const outputs = new Map(manifest.outputs.map((output) => [output.name, output]));
  const { jobId } = manifest;
  if (wanted.type === 'equals') {
    for (const [name, path] of Object.entries(wanted.files)) {
      const output = outputs.get(name);
      if (output === undefined) return { accept: false, score: null, detail: `output ${name} is missing` };
      const expected = await parts.store.importFile(jobId, resolve(parts.jobFileFolder, path));
      if (expected.cid !== output.cid) return { accept: false, score: null, detail: `output ${name} differs from the expected file` };
    }
    return { accept: true, score: null, detail: `${Object.keys(wanted.files).length} output(s) equal the expected files byte for byte` };
  }
  const paths = new Map<string, { path: string; bytes: number }>();
  for (const [name, path] of Object.entries(wanted.files)) {
    const own = await parts.store.importFile(jobId, resolve(parts.jobFileFolder, path));
    paths.set(name, { path: resolve(parts.jobFileFolder, path), bytes: own.bytes });
  }
  for (const { name, bytes } of spec.inputs) {
    const path = parts.inputPath(name);
    if (path !== undefined && !paths.has(name)) paths.set(name, { path, bytes });
  }
  // The job file's own files first, then outputs: a compute provider must not be able to bring its own yardstick.
  for (const { name, cid, bytes } of manifest.outputs) {
    if (!paths.has(name)) paths.set(name, { path: savedAt.get(name) ?? (await parts.store.pathOf(jobId, cid)), bytes });
  }
  const found = (name: string): { path: string; bytes: number } => {
    const file = paths.get(name);
    if (file === undefined)
      throw new NunetError('check-file-missing', `Cannot check the result: the job file's check names no file "${name}"`);
    return file;
  };
  const { metric } = wanted.evaluation;
  try {
    const score = await parts.score(
      {
        evaluation: wanted.evaluation,
        filePath: (name) => found(name).path,
        fileBytes: (name) => found(name).bytes,
        memoryBytes: Math.max(SCORE_MEMORY_BYTES, spec.resources.memoryBytes),
        timeLimitMs: SCORE_TIME_MS,
      },
      signal,
    );
    const detail = `${metric.name} ${score.toFixed(4)}, want at least ${wanted.atLeast}`;
    return { accept: score >= wanted.atLeast, score, detail };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof NunetError && UNSCORABLE.test(error.code))
      return { accept: false, score: null, detail: error.message.slice(0, 500) };
    throw error;
  }
}
