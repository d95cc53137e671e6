// Between two jobs of a GPU: nothing of the old one may compute on it any more, and its memory must be free again. A GPU where that
// is not so within its time gets no further job until it is.
//
// What this cannot do: overwrite the memory. onnxruntime's npm package has no way to CUDA, so nothing of ours runs on the GPU; a fresh
// allocation is cleared by the driver for the next process, which is its maker's word and not proved here. The GPU is never reset:
// that needs root, and ends whatever else uses it.
import type { Gpu, GpuReport } from './gpu.ts';

/** What drivers keep for themselves goes up and down by some. */
const TOLERANCE_BYTES = 64 * 2 ** 20;

export interface ScrubResult {
  id: string;
  /** `unverified`: the driver does not tell, as of a slice. */
  state: 'clean' | 'dirty' | 'unverified';
  why: string;
}

export interface ScrubParts {
  ids: readonly string[];
  /** Bytes that were taken before the job, by id. */
  baseline: ReadonlyMap<string, number>;
  read: () => Promise<GpuReport>;
  sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Monotonic ms. */
  elapsed: () => number;
  withinMs: number;
  signal: AbortSignal;
}

const LOOK_EVERY_MS = 1_000;
const mib = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;

/** One look at one GPU or slice. */
export function judged(id: string, gpus: readonly Gpu[], baselineBytes: number): ScrubResult {
  const slice = gpus.find(({ slices }) => slices.some((one) => one.id === id));
  if (slice !== undefined) return { id, state: 'unverified', why: `${slice.vendor} does not tell what a slice of a GPU holds` };
  const gpu = gpus.find((one) => one.id === id);
  if (gpu === undefined) return { id, state: 'dirty', why: 'it does not answer any more' };
  const { processes, usedBytes } = gpu.now;
  if (processes !== null && processes > 0) return { id, state: 'dirty', why: `${processes} processes still compute on it` };
  if (usedBytes === null) return { id, state: 'unverified', why: 'it does not tell how much of its memory is taken' };
  if (usedBytes > baselineBytes + TOLERANCE_BYTES)
    return { id, state: 'dirty', why: `${mib(usedBytes)} of its memory are taken, ${mib(baselineBytes)} were before the job` };
  return { id, state: 'clean', why: 'nothing computes on it and its memory is free' };
}

/** Looks until no GPU is dirty, or its time is over. */
export async function scrubGpus(parts: ScrubParts): Promise<ScrubResult[]> {
  const { ids, baseline, signal } = parts;
  if (ids.length === 0) return [];
  const startedAt = parts.elapsed();
  for (;;) {
    const { gpus } = await parts.read();
    const results = ids.map((id) => judged(id, gpus, baseline.get(id) ?? 0));
    if (results.every(({ state }) => state !== 'dirty') || parts.elapsed() - startedAt >= parts.withinMs) return results;
    await parts.sleep(LOOK_EVERY_MS, signal);
  }
}
