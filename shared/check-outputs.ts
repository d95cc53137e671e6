// The job file's own check over delivered outputs: the one place that decides whose files are the yardstick. Reading and scoring are injected.
import { NunetError } from './errors.ts';
import type { OutputCheck } from './job-file.ts';
import type { CheckResult } from './job-flow/ports.ts';
import type { JobSpec } from './job-spec.ts';
import type { Manifest, OutputFile } from './manifest.ts';
import type { Evaluation } from './onnx-program.ts';

/** What a delivered model that cannot be scored throws: the model's fault. */
const UNSCORABLE = /^(graph-|npy-|program-|score-failed$)/;
/** What scoring a small job may take at least, whatever the job was granted. */
const SCORE_MEMORY_BYTES = 2 ** 30;
const SCORE_TIME_MS = 120_000;

export interface ScoreWork<File> {
  evaluation: Evaluation;
  /** Throws `check-file-missing`. */
  file: (name: string) => File;
  memoryBytes: number;
  timeLimitMs: number;
}

/** `File` is however the caller holds a file: a path, a Blob. */
export interface CheckFiles<File> {
  /** A file that the check names, by its path beside the job file. */
  own(path: string): Promise<{ file: File; cid: string }>;
  /** Null: the job file names no such input. */
  input(name: string): Promise<File | null>;
  /** A stored output. */
  output(output: OutputFile): Promise<File>;
  /** Throws `graph-...`, `npy-...`, `program-...` or `score-failed` when the model is at fault, anything else when this machine is. */
  score(work: ScoreWork<File>, signal: AbortSignal): Promise<number>;
}

/** Runs the check. Throws what reading throws, and what scoring throws when the model is not at fault. */
export async function checkOutputs<File>(
  wanted: OutputCheck,
  files: CheckFiles<File>,
  spec: JobSpec,
  manifest: Manifest,
  signal: AbortSignal,
): Promise<CheckResult> {
  if (wanted.type === 'none') return { accept: true, score: null, detail: 'everything arrived whole; the job file asks for no check' };
  if (wanted.type === 'equals') {
    const outputs = new Map(manifest.outputs.map((output) => [output.name, output]));
    for (const [name, path] of Object.entries(wanted.files)) {
      const output = outputs.get(name);
      if (output === undefined) return { accept: false, score: null, detail: `output ${name} is missing` };
      const expected = await files.own(path);
      if (expected.cid !== output.cid) return { accept: false, score: null, detail: `output ${name} differs from the expected file` };
    }
    return { accept: true, score: null, detail: `${Object.keys(wanted.files).length} output(s) equal the expected files byte for byte` };
  }
  const found = new Map<string, File>();
  for (const [name, path] of Object.entries(wanted.files)) found.set(name, (await files.own(path)).file);
  for (const { name } of spec.inputs) {
    const input = found.has(name) ? null : await files.input(name);
    if (input !== null) found.set(name, input);
  }
  // The job file's own files first, then outputs: a compute provider must not be able to bring its own yardstick.
  for (const output of manifest.outputs) if (!found.has(output.name)) found.set(output.name, await files.output(output));
  const { metric } = wanted.evaluation;
  try {
    const score = await files.score(
      {
        evaluation: wanted.evaluation,
        file: (name) => {
          const file = found.get(name);
          if (file === undefined)
            throw new NunetError('check-file-missing', `Cannot check the result: the job file's check names no file "${name}"`);
          return file;
        },
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
