// OnnxProgram: one ONNX graph run once, over batches or over epochs with feedback. It is data: the executor knows no data set.
// Tensors travel as .npy files, which carry their own dtype and shape (numpy format 1.0, little endian, C order).
import { z } from 'zod';
import { fileName } from './fields.ts';

/** Largest ONNX graph that an agent looks at, bytes. */
export const MAX_GRAPH_BYTES = 64 * 2 ** 20;

const tensorName = z.string().min(1).max(200);

/** Where a graph input comes from. `rows: true` slices the file along its first axis into batches. */
const feed = z.discriminatedUnion('from', [
  z.strictObject({ from: z.literal('file'), file: fileName, rows: z.boolean() }),
  z.strictObject({
    from: z.literal('value'),
    dtype: z.enum(['float32', 'float64', 'int32', 'int64', 'uint8', 'int8', 'bool']),
    shape: z
      .array(
        z
          .int()
          .min(0)
          .max(2 ** 31),
      )
      .max(8),
    values: z.array(z.number()).max(4096),
  }),
]);
const feeds = z.record(tensorName, feed).refine((all) => Object.keys(all).length <= 256, 'at most 256 feeds');

const batches = z.strictObject({
  /** Rows a step. */
  size: z
    .int()
    .min(1)
    .max(2 ** 20),
  /** Leave out a last, smaller batch. */
  dropLast: z.boolean(),
  /** Order of rows, new each epoch, from this seed; null keeps the file's order. */
  shuffleSeed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .nullable(),
});

/** A scalar output of the graph, averaged over the rows of an epoch. */
const metric = z.strictObject({ name: z.string().min(1).max(60), output: tensorName });

const outputFile = z.discriminatedUnion('kind', [
  /** A graph output as .npy; with `rows`, batches of the last epoch concatenated along the first axis, in file order. */
  z.strictObject({ kind: z.literal('tensor'), name: fileName, output: tensorName, rows: z.boolean() }),
  /** An input graph with the final feedback state written in as initializers: the trained model. */
  z.strictObject({
    kind: z.literal('model'),
    name: fileName,
    graph: fileName,
    initializers: z
      .array(z.strictObject({ initializer: tensorName, state: tensorName }))
      .min(1)
      .max(256),
  }),
]);

/** How anybody scores a delivered model: run the output graph over the given rows and average one scalar. */
export const evaluation = z.strictObject({
  /** Name of the file that holds the graph: an output of the job, or one of its inputs. */
  graph: fileName,
  feeds,
  batchSize: z
    .int()
    .min(1)
    .max(2 ** 20)
    .nullable(),
  metric,
});
export type Evaluation = z.infer<typeof evaluation>;

export const onnxProgram = z
  .strictObject({
    kind: z.literal('onnx'),
    graph: fileName,
    feeds,
    /** Graph output -> graph input of the next step; the first value comes from `feeds`. */
    feedback: z.array(z.strictObject({ output: tensorName, input: tensorName })).max(256),
    /** null: one step over the whole files. */
    batches: batches.nullable(),
    epochs: z.int().min(1).max(100_000),
    metrics: z.array(metric).max(32),
    outputs: z.array(outputFile).min(1).max(64),
    /** For replays: the job's own measure of a good result, with the difference that two honest runs may show. */
    evaluate: z.strictObject({ evaluation, tolerance: z.number().min(0).max(1) }).nullable(),
  })
  .refine(
    (program) => new Set(program.outputs.map((output) => output.name)).size === program.outputs.length,
    'output names must be distinct',
  );
export type OnnxProgram = z.infer<typeof onnxProgram>;
