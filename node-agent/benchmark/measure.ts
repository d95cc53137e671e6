// All of a benchmark, one measurement after the other, each told as it begins; about five seconds on a quiet machine.
import type { Benchmark } from '@nunet/shared/benchmark.ts';
import { safeError } from '@nunet/shared/errors.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { Compute } from './compute.ts';
import { measureDisk } from './disk.ts';
import type { ComputeWay } from './matrix-product.ts';

const CPU_SIZE = 1024;
const CPU_BUDGET_MS = 900;
const GPU_SIZE = 2048;
const GPU_BUDGET_MS = 700;
const MEMORY_BYTES = 128 * 2 ** 20;
const MEMORY_BUDGET_MS = 400;
/** A driver that hangs must not hang the benchmark. */
const STEP_MS = 30_000;

export interface MeasureParts {
  /** CPUs that are lent. */
  threads: number;
  dataPath: string;
  gpus: readonly Gpu[];
  startCompute: () => Compute;
  /** Bytes a second; null: there is nobody to measure with. */
  network: (() => Promise<number>) | null;
  /** POSIX ms. */
  now: () => number;
  /** Monotonic ms. */
  elapsed: () => number;
  onStep: (step: string) => void;
  /** Why a figure is missing. */
  onMissing: (what: string) => void;
  signal: AbortSignal;
}

const whole = (value: number): number => Math.round(value);

export async function measure(parts: MeasureParts): Promise<Benchmark> {
  const { threads, signal, onStep, onMissing } = parts;
  const rateOf = async (task: Parameters<Compute['ask']>[0]): Promise<number> => {
    // A process each: what a driver or an allocator leaves behind slows nothing that follows.
    const compute = parts.startCompute();
    try {
      return (await compute.ask(task, 'rate', AbortSignal.any([signal, AbortSignal.timeout(STEP_MS)]))).perSecond;
    } finally {
      compute.end();
    }
  };
  const flops = (count: number): Promise<number> =>
    rateOf({ type: 'flops', size: CPU_SIZE, threads: count, way: 'cpu', budgetMs: CPU_BUDGET_MS });
  onStep('CPU, one thread');
  const cpuFlops = await flops(1);
  if (threads > 1) onStep(`CPU, ${threads} threads`);
  const cpuFlopsAll = threads > 1 ? await flops(threads) : cpuFlops;
  onStep('memory');
  const memoryBytesPerSecond = await rateOf({ type: 'memory', bytes: MEMORY_BYTES, budgetMs: MEMORY_BUDGET_MS });
  onStep('disk');
  const disk = await measureDisk(parts.dataPath, parts.elapsed, signal);
  if (disk.writeBytesPerSecond === null) onMissing('disk: too little of it is free');
  else if (disk.readBytesPerSecond === null) onMissing('disk, reading: this file system gives bytes only from its cache');
  let networkBytesPerSecond: number | null = null;
  if (parts.network === null) onMissing('network: no hub is configured and none was given with --via');
  else {
    onStep('network');
    networkBytesPerSecond = await parts.network().catch((error: unknown) => {
      signal.throwIfAborted();
      onMissing(`network: ${safeError(error).message}`);
      return null;
    });
  }
  const gpuFlops = await measureGpu(parts, rateOf);
  return {
    v: 1,
    measuredAt: parts.now(),
    cpuFlops: whole(cpuFlops),
    cpuFlopsAll: whole(Math.max(cpuFlops, cpuFlopsAll)),
    memoryBytesPerSecond: whole(memoryBytesPerSecond),
    diskWriteBytesPerSecond: disk.writeBytesPerSecond === null ? null : whole(disk.writeBytesPerSecond),
    diskReadBytesPerSecond: disk.readBytesPerSecond === null ? null : whole(disk.readBytesPerSecond),
    networkBytesPerSecond: networkBytesPerSecond === null ? null : whole(networkBytesPerSecond),
    gpus: parts.gpus.slice(0, 16).map(({ name, memoryBytes }, index) => ({
      name: name.slice(0, 100),
      flops: index === 0 && gpuFlops !== null ? whole(gpuFlops) : null,
      memoryBytes: memoryBytes ?? 0,
    })),
  };
}

/** FLOP/s of the first GPU, where onnxruntime has a way to it. null: it has none, and that is said. */
async function measureGpu(parts: MeasureParts, rateOf: (task: Parameters<Compute['ask']>[0]) => Promise<number>): Promise<number | null> {
  if (parts.gpus.length === 0) return null;
  // WebGPU does not say which of several GPUs it took.
  const ways: ComputeWay[] = parts.gpus.length === 1 ? ['cuda', 'webgpu'] : ['cuda'];
  for (const way of ways) {
    parts.onStep(`GPU by ${way}`);
    try {
      return await rateOf({ type: 'flops', size: GPU_SIZE, threads: 1, way, budgetMs: GPU_BUDGET_MS });
    } catch {
      parts.signal.throwIfAborted();
    }
  }
  parts.onMissing('GPU: the agent’s own onnxruntime has no way to it (jobs bring their own in their image)');
  return null;
}
