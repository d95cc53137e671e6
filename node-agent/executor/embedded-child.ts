// The confined child: gets files and a plan over stdin, runs the plan, sends events and outputs over stdout. Opens no file.
// It imports no package but onnxruntime-node, so that it starts fast and so that little has to be visible in its sandbox.
import { readSync } from 'node:fs';
import { createRequire } from 'node:module';
import type * as Ort from 'onnxruntime-node';
import { bytesPerElement, type Dtype } from '@nunet/shared/onnx/npy.ts';
import { oneLine, runProgram } from '@nunet/shared/onnx/run.ts';
import type { OnnxRuntime } from '@nunet/shared/onnx/session.ts';
import type { FromChild, ToChild } from './child-protocol.ts';
import { probe } from './child-probe.ts';
import { CHUNK, frameHeader, FrameReader, MAX_CHUNK_BYTES, messageFrame } from './frames.ts';

const ort = createRequire(import.meta.url)('onnxruntime-node') as typeof Ort;

const PROGRESS_EVERY_MS = 100;

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint64: BigUint64Array,
  uint32: Uint32Array,
  uint16: Uint16Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const satisfies Record<Dtype, unknown>;

const onnxRuntime = (cpus: number): OnnxRuntime => ({
  async open(graph) {
    const session = await ort.InferenceSession.create(graph, {
      executionProviders: ['cpu'],
      intraOpNumThreads: cpus,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      // Warnings name the machine's own features; errors come as exceptions.
      logSeverityLevel: 3,
      extra: {
        session: {
          // Never its own flatbuffer format, which the check of the graph does not read.
          load_model_format: 'ONNX',
          // Idle threads sleep: spinning would bill CPU that computes nothing and slow the neighbours.
          intra_op: { allow_spinning: '0' },
        },
      },
    });
    return {
      inputNames: session.inputNames,
      outputNames: session.outputNames,
      run: (feeds, fetches) => session.run(feeds as Record<string, Ort.Tensor>, fetches),
      release: () => session.release(),
    };
  },
  tensor: (dtype, shape, bytes) =>
    new ort.Tensor(
      dtype as 'float32',
      new ARRAYS[dtype](bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length / bytesPerElement(dtype)) as Float32Array,
      shape,
    ),
});

/** Resolves when the pipe has taken the bytes, so that a slow reader bounds what is held here. */
const write = (bytes: Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => process.stdout.write(bytes, (error) => (error ? reject(error) : resolve())));
const say = (message: FromChild): Promise<void> => write(messageFrame(message));

const files = new Map<string, Uint8Array>();
let filling: { name: string; bytes: Uint8Array; at: number } | null = null;

function add(name: string, bytes: number): void {
  const file = new Uint8Array(bytes);
  files.set(name, file);
  filling = bytes === 0 ? null : { name, bytes: file, at: 0 };
}

function fill(chunk: Uint8Array): void {
  if (filling === null) throw new Error('chunk without a file');
  filling.bytes.set(chunk, filling.at);
  filling.at += chunk.length;
  if (filling.at === filling.bytes.length) filling = null;
}

const isMemory = (text: string): boolean => /alloc|out of memory|Array buffer|Invalid typed array length/i.test(text);

async function run(task: Extract<ToChild, { type: 'run' }>): Promise<void> {
  const { plan } = task;
  await say({ type: 'running' });
  await say({
    type: 'log',
    line: `onnxruntime ${ort.env.versions.node ?? ort.env.versions.common}, ${task.cpus} thread${task.cpus === 1 ? '' : 's'}, graph ${plan.graph}`,
  });
  let fault: Extract<FromChild, { type: 'done' }>['fault'] = null;
  let result: Awaited<ReturnType<typeof runProgram>> = { metrics: [], outputs: [] };
  let saidAt = 0;
  try {
    result = await runProgram(plan, {
      runtime: onnxRuntime(task.cpus),
      file(name) {
        const file = files.get(name);
        if (file === undefined) throw new Error(`no file ${name}`);
        return file;
      },
      onProgress(progress) {
        const now = performance.now();
        const epochEnds = progress.step === progress.steps;
        if (!epochEnds && now - saidAt < PROGRESS_EVERY_MS) return;
        // Very short epochs would flood the pipe; the last one is always told.
        if (epochEnds && progress.epoch < progress.epochs && plan.epochs > 200 && now - saidAt < PROGRESS_EVERY_MS) return;
        saidAt = now;
        const { epoch, epochs, step, steps } = progress;
        const metrics = progress.metrics();
        void say({ type: 'progress', epoch, epochs, step, steps, metrics });
        if (epochEnds && epochs > 1) {
          const values = Object.entries(metrics).map(([name, value]) => ` ${name} ${value.toPrecision(4)}`);
          void say({ type: 'log', line: `epoch ${epoch}/${epochs}${values.join('')}` });
        }
      },
    });
    const bytes = result.outputs.reduce((all, output) => all + output.bytes.length, 0);
    if (bytes > task.outputLimitBytes) {
      fault = { code: 'output-limit', message: `The outputs have ${bytes} bytes, the job allows ${task.outputLimitBytes}` };
    }
  } catch (error) {
    const text = oneLine(error);
    fault = isMemory(text)
      ? { code: 'memory-limit', message: `The job wanted more memory than its spec grants (${text})`.slice(0, 500) }
      : { code: 'program-failed', message: text.slice(0, 500) || 'The program failed' };
  }
  const usage = process.resourceUsage();
  const outputs = fault === null ? result.outputs : [];
  await say({
    type: 'done',
    fault,
    metrics: result.metrics,
    outputs: outputs.map(({ name, bytes }) => ({ name, bytes: bytes.length })),
    cpuMs: Math.round((usage.userCPUTime + usage.systemCPUTime) / 1000),
    peakMemoryBytes: usage.maxRSS * 1024,
  });
  await collected;
  for (const { bytes } of outputs) {
    for (let at = 0; at < bytes.length; at += MAX_CHUNK_BYTES) {
      const chunk = bytes.subarray(at, at + MAX_CHUNK_BYTES);
      await write(frameHeader(CHUNK, chunk.length));
      await write(chunk);
    }
  }
  await say({ type: 'end' });
  process.exit(0);
}

const reader = new FrameReader();
let collect: () => void = () => {};
const collected = new Promise<void>((resolve) => {
  collect = resolve;
});

/** True when nothing more comes before this child has something to say. */
function take(piece: Uint8Array): boolean {
  let complete = false;
  for (const frame of reader.push(piece)) {
    if (frame.kind === CHUNK) {
      fill(frame.payload);
      continue;
    }
    const message = JSON.parse(new TextDecoder().decode(frame.payload)) as ToChild;
    if (message.type === 'file') add(message.name, message.bytes);
    else if (message.type === 'collect') collect();
    else {
      complete = true;
      if (message.type === 'run') void run(message);
      else void probe(message.attempts).then((checks) => say({ type: 'probed', checks }));
    }
  }
  return complete;
}

await say({ type: 'ready', node: process.version, onnxruntime: ort.env.versions.node ?? ort.env.versions.common });
// Files come in by blocking reads: half the time of a stream in an interpreter without a compiler (measured with 7 MB).
const buffer = new Uint8Array(MAX_CHUNK_BYTES);
for (let complete = false; !complete;) {
  const got = readSync(0, buffer);
  // The agent is gone or done with us: nothing of the job outlives it.
  if (got === 0) process.exit(1);
  complete = take(buffer.slice(0, got));
}
process.stdin.on('data', take);
process.stdin.on('end', () => process.exit(1));
