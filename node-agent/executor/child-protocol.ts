// What the agent and its confined child say to each other. The child's words are a stranger's: parsed here, bounded by the reader.
import { z } from 'zod';
import { fileName } from '@nunet/shared/fields.ts';
import type { RunPlan } from '@nunet/shared/onnx/run.ts';

/** Agent -> child. Each `file` is followed by its bytes as chunks. */
export type ToChild =
  | { readonly type: 'file'; readonly name: string; readonly bytes: number }
  | { readonly type: 'run'; readonly plan: RunPlan; readonly cpus: number; readonly outputLimitBytes: number }
  /** `done` is taken in and its process measured: the outputs may come, then the child ends. */
  | { readonly type: 'collect' }
  | { readonly type: 'probe'; readonly attempts: ProbeAttempts };

/** What the probe child shall try; it knows the targets, so a refusal is the sandbox's work and not a wrong address. */
export interface ProbeAttempts {
  readonly loopbackPort: number;
  readonly canaryFile: string;
  readonly hostPid: number;
  readonly allocateBytes: number;
}

const count = z
  .number()
  .int()
  .min(0)
  .max(2 ** 50);
const finite = z.number().nullable();
const names = z.string().min(1).max(60);

/** Child -> agent. Numbers that are not finite arrive as null, as JSON has it. */
export const fromChild = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('ready'), node: z.string().max(40), onnxruntime: z.string().max(40) }),
  z.strictObject({ type: z.literal('running') }),
  z.strictObject({
    type: z.literal('progress'),
    epoch: count,
    epochs: count,
    step: count,
    steps: count,
    metrics: z.record(names, finite).refine((all) => Object.keys(all).length <= 32),
  }),
  z.strictObject({ type: z.literal('log'), line: z.string().max(4096) }),
  /** The program has ended; after `collect` the outputs follow as chunks, one after the other. */
  z.strictObject({
    type: z.literal('done'),
    fault: z.strictObject({ code: z.enum(['program-failed', 'memory-limit', 'output-limit']), message: z.string().max(500) }).nullable(),
    metrics: z.array(z.strictObject({ name: names, value: finite })).max(32),
    outputs: z.array(z.strictObject({ name: fileName, bytes: count })).max(64),
    cpuMs: count,
    peakMemoryBytes: count,
  }),
  z.strictObject({ type: z.literal('end') }),
  z.strictObject({
    type: z.literal('probed'),
    checks: z
      .array(z.strictObject({ name: names, passed: z.boolean(), detail: z.string().max(300) }))
      .min(1)
      .max(32),
  }),
]);
export type FromChild = z.infer<typeof fromChild>;
