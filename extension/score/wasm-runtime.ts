// onnxruntime-web behind the OnnxRuntime interface: one thread, no worker, no request; its WebAssembly comes in as bytes.
import { GraphBuilder } from '@nunet/shared/onnx/build.ts';
import { bytesPerElement, type Dtype } from '@nunet/shared/onnx/npy.ts';
import type { OnnxRuntime } from '@nunet/shared/onnx/session.ts';
import { env, InferenceSession, Tensor } from 'onnxruntime-web/wasm';

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

const PAGE_BYTES = 64 * 2 ** 10;
/** What a 32-bit memory may grow to. */
const MOST_PAGES = 65_536;

/** The runtime asks for a memory that may grow to 4 GiB; it gets one that ends at the limit. */
function limitMemory(scope: { WebAssembly: typeof WebAssembly }, bytes: number): void {
  const { Memory } = scope.WebAssembly;
  const pages = Math.min(MOST_PAGES, Math.ceil(bytes / PAGE_BYTES));
  scope.WebAssembly.Memory = class extends Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super({ ...descriptor, ...(descriptor.maximum === undefined ? {} : { maximum: Math.min(descriptor.maximum, pages) }) });
    }
  };
}

const runtime: OnnxRuntime = {
  async open(graph) {
    const session = await InferenceSession.create(graph, {
      executionProviders: ['wasm'],
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      // Warnings name the machine's own features; errors come as exceptions.
      logSeverityLevel: 3,
      // Never its own flatbuffer format, which the check of the graph does not read.
      extra: { session: { load_model_format: 'ONNX' } },
    });
    return {
      inputNames: session.inputNames,
      outputNames: session.outputNames,
      run: (feeds, fetches) => session.run(feeds as Record<string, Tensor>, fetches),
      release: () => session.release(),
    };
  },
  tensor: (dtype, shape, bytes) =>
    new Tensor(
      dtype as 'float32',
      new ARRAYS[dtype](bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length / bytesPerElement(dtype)) as Float32Array,
      shape,
    ),
};

/** Once a frame. Proves itself on a graph of our own; throws what the runtime throws when it cannot run here. */
export async function openWasmRuntime(wasm: ArrayBuffer, memoryBytes: number): Promise<OnnxRuntime> {
  limitMemory(globalThis, memoryBytes);
  env.wasm.numThreads = 1;
  env.wasm.proxy = false;
  env.wasm.wasmBinary = wasm;
  const one = { dtype: 'float32', shape: [1] } as const;
  const graph = new GraphBuilder();
  graph.node('Neg', ['x'], 'y');
  const session = await runtime.open(graph.model('probe', [{ name: 'x', ...one }], [{ name: 'y', ...one }]));
  const { y } = await session.run({ x: runtime.tensor('float32', [1], new Uint8Array(Float32Array.of(2).buffer)) }, ['y']);
  await session.release();
  const value: unknown = ArrayBuffer.isView(y?.data) ? (y.data as Float32Array)[0] : undefined;
  if (value !== -2) throw new Error(`the runtime answers ${String(value)} to -(2)`);
  return runtime;
}
