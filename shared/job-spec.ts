// JobSpec: what runs, on what, with which limits. Data only for kind `onnx`; `container` runs code, on agents with a container engine.
import { z } from 'zod';
import { byteCount, cidText, durationMs, fileName, hex16, network } from './fields.ts';
import { cidOf, encode } from './encoding.ts';
import { containerProgram } from './container-program.ts';
import { onnxProgram } from './onnx-program.ts';

/** Largest encoded spec that a peer may send, bytes. */
export const MAX_SPEC_BYTES = 64 * 1024;
export const MAX_INPUTS = 64;

export const delivery = z.enum(['open', 'sealed']);
/** Who may run the job again to decide a dispute, and so may read its inputs and outputs. */
export const replay = z.enum(['public', 'named', 'never']);
export const sandboxLevel = z.enum(['none', 'limits', 'namespace', 'container']);
export type SandboxLevel = z.infer<typeof sandboxLevel>;

export const resources = z.strictObject({
  /** Threads the job may keep busy. */
  cpus: z.int().min(1).max(256),
  memoryBytes: byteCount.min(16 * 2 ** 20),
  diskBytes: byteCount,
  gpus: z.int().min(0).max(16),
  /** The least memory that each of these GPUs has. */
  gpuMemoryBytes: byteCount.optional(),
});
export type Resources = z.infer<typeof resources>;

export const inputFile = z.strictObject({ name: fileName, cid: cidText, bytes: byteCount });
export type InputFile = z.infer<typeof inputFile>;

export const jobSpec = z
  .strictObject({
    v: z.literal(1),
    network,
    /** Random, so that the same work twice is two jobs. */
    nonce: hex16,
    title: z.string().min(1).max(120),
    delivery,
    replay,
    resources,
    /** Billed time stops here and the job is ended. */
    timeLimitMs: durationMs.min(100),
    /** All outputs together. */
    outputLimitBytes: byteCount.max(16 * 2 ** 30),
    inputs: z.array(inputFile).max(MAX_INPUTS),
    program: z.discriminatedUnion('kind', [onnxProgram, containerProgram]),
  })
  .refine((spec) => new Set(spec.inputs.map((input) => input.name)).size === spec.inputs.length, 'input names must be distinct');
export type JobSpec = z.infer<typeof jobSpec>;

/** JobId: CIDv1, dag-cbor, blake2b-256 of the spec, nonce included. */
export const jobIdOf = (spec: JobSpec): string => cidOf(encode(spec));
