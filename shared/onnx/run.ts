// Runs an OnnxProgram: feeds, batches, epochs, feedback, metrics, outputs. Knows no data set, no runtime, no files.
import { NunetError } from '../errors.ts';
import type { OnnxProgram } from '../onnx-program.ts';
import { withInitializers, withoutDefaults } from './model-write.ts';
import { bytesPerElement, elementCount, parseNpy, writeNpy, type Dtype, type NpyTensor } from './npy.ts';
import { rowOrder } from './row-order.ts';
import type { OnnxRuntime, OnnxTensor } from './session.ts';

/** The part of a program that runs. An evaluation is one too, without outputs. */
export type RunPlan = Pick<OnnxProgram, 'graph' | 'feeds' | 'feedback' | 'batches' | 'epochs' | 'metrics' | 'outputs'>;

export interface RunProgress {
  readonly epoch: number;
  readonly epochs: number;
  readonly step: number;
  readonly steps: number;
  /** Averages over the epoch so far; made when asked for, as most steps are not told of. */
  metrics(): Record<string, number>;
}

export interface RunInputs {
  readonly runtime: OnnxRuntime;
  /** Contents of an input file of the program. */
  file(name: string): Uint8Array;
  onProgress(progress: RunProgress): void;
}

export interface RunResult {
  readonly metrics: { readonly name: string; readonly value: number }[];
  readonly outputs: { readonly name: string; readonly bytes: Uint8Array }[];
}

const failed = (message: string, cause?: unknown): NunetError => new NunetError('program-failed', message, { cause });

const valueOf = (dtype: Dtype, values: readonly number[]): Uint8Array => {
  const bytes = new Uint8Array(values.length * bytesPerElement(dtype));
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    if (dtype === 'float32') view.setFloat32(i * 4, value, true);
    else if (dtype === 'float64') view.setFloat64(i * 8, value, true);
    else if (dtype === 'int64') view.setBigInt64(i * 8, BigInt(Math.trunc(value)), true);
    else if (dtype === 'int32') view.setInt32(i * 4, value, true);
    else view.setUint8(i, value);
  });
  return bytes;
};

/** A tensor from the runtime as .npy elements. Typed arrays are little endian on every machine that onnxruntime runs on. */
function asNpy(tensor: OnnxTensor, output: string): NpyTensor {
  const { data } = tensor;
  if (!ArrayBuffer.isView(data)) throw failed(`Output "${output}" has type ${tensor.type}, which cannot be saved as a tensor`);
  return {
    dtype: tensor.type as Dtype,
    shape: tensor.dims,
    data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  };
}

function scalarOf(tensor: OnnxTensor, output: string): number {
  const { data } = tensor;
  const first: unknown = ArrayBuffer.isView(data) ? (data as Float32Array)[0] : undefined;
  if (elementCount(tensor.dims) !== 1 || (typeof first !== 'number' && typeof first !== 'bigint')) {
    throw failed(`Metric output "${output}" has shape (${tensor.dims.join(', ')}), want one number`);
  }
  return Number(first);
}

interface RowFeed {
  readonly input: string;
  readonly tensor: NpyTensor;
  readonly rowBytes: number;
  /** Views of rows that a shuffled epoch has met, kept while there are few: making one costs as much as copying it. */
  readonly views: (Uint8Array | undefined)[];
}

const MOST_VIEWS = 20_000;

/** Rows up to this size are copied byte by byte: two calls and a view a row cost more in an interpreter (measured). */
const SMALL_ROW_BYTES = 4;

/** Rows `order[from..to)` of a file as one batch; null order is file order. */
function batchOf(feed: RowFeed, runtime: OnnxRuntime, order: Uint32Array | null, from: number, to: number): OnnxTensor {
  const { tensor, rowBytes, views } = feed;
  const { data } = tensor;
  const bytes = new Uint8Array((to - from) * rowBytes);
  if (order === null) bytes.set(data.subarray(from * rowBytes, to * rowBytes));
  else if (rowBytes <= SMALL_ROW_BYTES) {
    let at = 0;
    for (let i = from; i < to; i++) {
      const row = (order[i] ?? 0) * rowBytes;
      for (let byte = 0; byte < rowBytes; byte++) bytes[at++] = data[row + byte] ?? 0;
    }
  } else {
    for (let i = from; i < to; i++) {
      const row = order[i] ?? 0;
      let view = views[row];
      if (view === undefined) {
        view = data.subarray(row * rowBytes, (row + 1) * rowBytes);
        if (row < MOST_VIEWS) views[row] = view;
      }
      bytes.set(view, (i - from) * rowBytes);
    }
  }
  return runtime.tensor(tensor.dtype, [to - from, ...tensor.shape.slice(1)], bytes);
}

/** Collects the batches of a `rows` output over an epoch, each row at its place in the file. */
class RowsOutput {
  #dtype: Dtype | null = null;
  #rowShape: readonly number[] = [];
  #rowBytes = 0;
  #data = new Uint8Array(0);
  readonly #output: string;
  readonly #rows: number;
  constructor(output: string, rows: number) {
    this.#output = output;
    this.#rows = rows;
  }

  add(tensor: OnnxTensor, order: Uint32Array | null, from: number, to: number): void {
    const part = asNpy(tensor, this.#output);
    if (part.shape[0] !== to - from) {
      throw failed(`Output "${this.#output}" has shape (${part.shape.join(', ')}) for ${to - from} rows, want one row each ("rows": true)`);
    }
    const rowBytes = part.data.length / (to - from);
    if (this.#dtype === null) {
      this.#dtype = part.dtype;
      this.#rowShape = part.shape.slice(1);
      this.#rowBytes = rowBytes;
      this.#data = new Uint8Array(this.#rows * rowBytes);
    } else if (rowBytes !== this.#rowBytes || part.dtype !== this.#dtype) {
      throw failed(`Output "${this.#output}" changes its row size between batches, so its rows cannot be put in one file`);
    }
    if (order === null) this.#data.set(part.data, from * rowBytes);
    else
      for (let i = from; i < to; i++)
        this.#data.set(part.data.subarray((i - from) * rowBytes, (i - from + 1) * rowBytes), (order[i] ?? 0) * rowBytes);
  }

  file(): NpyTensor {
    return { dtype: this.#dtype ?? 'float32', shape: [this.#rows, ...this.#rowShape], data: this.#data };
  }
}

/**
 * Runs a plan whose names and files were checked by `programProblems`. Throws `program-failed` with what the runtime said, in one
 * line; a run that ends is complete.
 */
export async function runProgram(plan: RunPlan, inputs: RunInputs): Promise<RunResult> {
  const { runtime } = inputs;
  const constant: Record<string, OnnxTensor> = {};
  const rowFeeds: RowFeed[] = [];
  for (const [input, feed] of Object.entries(plan.feeds)) {
    if (feed.from === 'value') {
      constant[input] = runtime.tensor(feed.dtype, feed.shape, valueOf(feed.dtype, feed.values));
      continue;
    }
    const tensor = parseNpy(inputs.file(feed.file), feed.file);
    const rows = tensor.shape[0] ?? 0;
    if (feed.rows) rowFeeds.push({ input, tensor, rowBytes: rows === 0 ? 0 : tensor.data.length / rows, views: [] });
    // A copy, because a view into the file has the file's alignment.
    else constant[input] = runtime.tensor(tensor.dtype, tensor.shape, tensor.data.slice());
  }
  const rows = rowFeeds[0]?.tensor.shape[0] ?? 1;
  const size = plan.batches?.size ?? Math.max(rows, 1);
  const used = plan.batches?.dropLast === true ? rows - (rows % size) : rows;
  const steps = Math.ceil(used / size);
  if (steps === 0) throw failed(`The files hold ${rows} rows, fewer than one batch of ${size}`);

  const session = await runtime.open(withoutDefaults(inputs.file(plan.graph), new Set(Object.keys(plan.feeds))));
  const fetches = [
    ...new Set([
      ...plan.feedback.map((pair) => pair.output),
      ...plan.metrics.map((metric) => metric.output),
      ...plan.outputs.flatMap((output) => (output.kind === 'tensor' ? [output.output] : [])),
    ]),
  ];
  const feeds: Record<string, OnnxTensor> = { ...constant };
  // The state after the last step, by graph input and by graph output: a model output may name either.
  const named = new Map<string, OnnxTensor>();
  let means: number[] = [];
  let last: Record<string, OnnxTensor> = {};
  let collected = new Map<string, RowsOutput>();
  try {
    for (let epoch = 1; epoch <= plan.epochs; epoch++) {
      const seed = plan.batches?.shuffleSeed ?? null;
      const order = seed === null ? null : rowOrder(rows, seed, epoch);
      const sums = plan.metrics.map(() => 0);
      collected = new Map();
      if (epoch === plan.epochs) {
        for (const output of plan.outputs) {
          if (output.kind === 'tensor' && output.rows) collected.set(output.output, new RowsOutput(output.output, used));
        }
        // Rows that a shuffled epoch leaves out have no place in a file of all rows.
        if (order !== null && used < rows && collected.size > 0)
          throw failed('Outputs with "rows": true need every row: set "dropLast": false');
      }
      for (let step = 1; step <= steps; step++) {
        const from = (step - 1) * size;
        const to = Math.min(from + size, used);
        for (const feed of rowFeeds) feeds[feed.input] = batchOf(feed, runtime, order, from, to);
        last = await session.run(feeds, fetches);
        for (const { output, input } of plan.feedback) {
          const value = last[output];
          if (value === undefined) throw failed(`The graph gave no output "${output}"`);
          feeds[input] = value;
          named.set(input, value).set(output, value);
        }
        const total = to;
        plan.metrics.forEach((metric, i) => {
          const value = last[metric.output];
          if (value === undefined) throw failed(`The graph gave no output "${metric.output}"`);
          sums[i] = (sums[i] ?? 0) + scalarOf(value, metric.output) * (to - from);
        });
        means = sums.map((sum) => sum / total);
        for (const [output, file] of collected) {
          const value = last[output];
          if (value === undefined) throw failed(`The graph gave no output "${output}"`);
          file.add(value, order, from, to);
        }
        inputs.onProgress({
          epoch,
          epochs: plan.epochs,
          step,
          steps,
          metrics: () => Object.fromEntries(plan.metrics.map((metric, i) => [metric.name, means[i] ?? Number.NaN])),
        });
      }
    }
  } catch (cause) {
    if (cause instanceof NunetError) throw cause;
    throw failed(oneLine(cause), cause);
  } finally {
    await session.release();
  }

  const outputs = plan.outputs.map((output) => {
    if (output.kind === 'model') {
      const values = new Map<string, NpyTensor>();
      for (const { initializer, state: name } of output.initializers) {
        const value = named.get(name);
        if (value === undefined) throw failed(`Output "${output.name}" wants state "${name}", which no feedback pair keeps`);
        values.set(initializer, asNpy(value, name));
      }
      return { name: output.name, bytes: withInitializers(inputs.file(output.graph), values) };
    }
    const rowsFile = collected.get(output.output);
    if (rowsFile !== undefined && output.rows) return { name: output.name, bytes: writeNpy(rowsFile.file()) };
    const value = last[output.output];
    if (value === undefined) throw failed(`The graph gave no output "${output.output}"`);
    return { name: output.name, bytes: writeNpy(asNpy(value, output.output)) };
  });
  return { metrics: plan.metrics.map((metric, i) => ({ name: metric.name, value: means[i] ?? Number.NaN })), outputs };
}

/** The first line of what a runtime threw, without its source paths: they name the machine that built it. */
export function oneLine(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return (text.split('\n')[0] ?? '').replaceAll(/\S*onnxruntime_src\S*\s*/g, '').slice(0, 400);
}
