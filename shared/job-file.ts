// The job file that people write: JSON beside the files it names. Parsed strictly; a wrong field is named with what is allowed.
import { z } from 'zod';
import { parseAmount } from './amount.ts';
import { NunetError } from './errors.ts';
import { byteCount, durationMs, fileName, hex16, type Network } from './fields.ts';
import { containerProblems } from './container-problems.ts';
import { writtenContainerProgram } from './container-program.ts';
import { delivery, MAX_INPUTS, replay, resources, type InputFile, type JobSpec } from './job-spec.ts';
import { evaluation, onnxProgram } from './onnx-program.ts';

export const MAX_JOB_FILE_BYTES = 256 * 1024;

/** A path beside the job file; where it may point is the reader's business, what it is called in the job is not. */
const localPath = z.string().min(1).max(4096);

const isAmount = (text: string): boolean => {
  try {
    return parseAmount(text) >= 0n;
  } catch {
    return false;
  }
};

const check = z.discriminatedUnion('type', [
  /** Score an output on files that never leave this machine; acknowledge only from `atLeast` on. */
  z.strictObject({ type: z.literal('score'), evaluation, files: z.record(fileName, localPath), atLeast: z.number() }),
  /** Outputs equal these files byte for byte. */
  z.strictObject({ type: z.literal('equals'), files: z.record(fileName, localPath) }),
  /** Acknowledge whatever arrives whole. */
  z.strictObject({ type: z.literal('none') }),
]);
export type OutputCheck = z.infer<typeof check>;

export const jobFile = z.strictObject({
  version: z.literal(1),
  title: z.string().min(1).max(120),
  delivery: delivery.default('open'),
  replay: replay.default('never'),
  /** Pay by vouchers while it runs; off unless it says true. */
  stream: z.boolean().optional(),
  resources,
  timeLimitMs: durationMs.min(100),
  outputLimitBytes: byteCount.max(16 * 2 ** 30),
  /** The most to pay, in NTX: "2.5". */
  budget: z.string().refine(isAmount, 'must be a decimal number of NTX with at most 6 places, such as "2.5"'),
  inputs: z.record(fileName, localPath).refine((inputs) => Object.keys(inputs).length <= MAX_INPUTS, `at most ${MAX_INPUTS} inputs`),
  program: z.discriminatedUnion('kind', [onnxProgram, writtenContainerProgram]),
  check: check.default({ type: 'none' }),
});
export type JobFile = z.infer<typeof jobFile>;

/** Throws `job-file-invalid`: every wrong field on a line of its own, with what is allowed. */
export function parseJobFile(text: string): JobFile & { budgetBaseUnits: bigint } {
  if (text.length > MAX_JOB_FILE_BYTES) {
    throw new NunetError('job-file-invalid', `Cannot read job file: ${text.length} characters, at most ${MAX_JOB_FILE_BYTES} are allowed`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new NunetError('job-file-invalid', `Cannot read job file: not JSON (${(cause as Error).message})`, { cause });
  }
  const result = jobFile.safeParse(value);
  if (!result.success) {
    const lines = result.error.issues.slice(0, 10).map((issue) => {
      // A wrong name of a file is told with what names may be, not as "invalid key".
      const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
      return `  ${issue.path.map(String).join('.') || '(top level)'}: ${message}`;
    });
    throw new NunetError('job-file-invalid', `Cannot read job file:\n${lines.join('\n')}`);
  }
  const { check: wanted, program, inputs } = result.data;
  const apart = containerProblems({ ...result.data, inputs: Object.keys(inputs).map((name) => ({ name })) });
  if (apart.length > 0) {
    const lines = apart.slice(0, 10).map(({ field, message }) => `  ${field}: ${message}`);
    throw new NunetError('job-file-invalid', `Cannot read job file:\n${lines.join('\n')}`);
  }
  const outputs = program.kind === 'onnx' ? program.outputs.map((output) => output.name) : null;
  const missing =
    wanted.type === 'equals' && outputs !== null ? Object.keys(wanted.files).find((name) => !outputs.includes(name)) : undefined;
  // Such a check would dispute every result, honest ones too.
  if (missing !== undefined) {
    throw new NunetError(
      'job-file-invalid',
      `Cannot read job file:\n  check.files.${missing}: the program gives no such output, only ${outputs?.join(', ')}`,
    );
  }
  return { ...result.data, budgetBaseUnits: parseAmount(result.data.budget) };
}

/** The spec of one run of a job file. `nonce` is 16 random bytes in hex. */
export function specOf(file: JobFile, context: { network: Network; nonce: string; inputs: InputFile[] }): JobSpec {
  hex16.parse(context.nonce);
  return {
    v: 1,
    network: context.network,
    nonce: context.nonce,
    title: file.title,
    delivery: file.delivery,
    replay: file.replay,
    resources: file.resources,
    timeLimitMs: file.timeLimitMs,
    outputLimitBytes: file.outputLimitBytes,
    inputs: context.inputs,
    program: file.program,
  };
}
