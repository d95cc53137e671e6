// The GPUs of a job from its start to its end: what it used of them, and whether the next job may have them.
import type { GpuReport } from './gpu.ts';
import { scrubGpus, type ScrubParts, type ScrubResult } from './scrub.ts';
import { startGpuMeter, type GpuMeter, type GpuWatch } from './watch.ts';

const SCRUB_WITHIN_MS = 30_000;
const SAMPLE_EVERY_MS = 2_000;
const CLEANING = 'what the last job left on it is being looked at';

export interface JobGpus {
  /** Before the job starts. */
  begin(ids: readonly string[]): Promise<GpusInUse>;
  /** For a job that an earlier process of the agent began: what it used is not known, nor what was taken before it. */
  takeUp(ids: readonly string[]): GpusInUse;
  /** GPUs that no job may have now, with the reason: what is being cleaned too. Looked at again at each `recheck`. */
  readonly unfit: ReadonlyMap<string, string>;
  /** Looks again at what was unfit. */
  recheck(signal: AbortSignal): Promise<void>;
}

export interface GpusInUse {
  /** After the job's last instruction. */
  used(): ReturnType<GpuMeter['stop']>;
  /** After `used`, with nothing of the job left: resolves when the next job may come, or the GPU has become unfit. */
  release(signal: AbortSignal): Promise<readonly ScrubResult[]>;
}

export function createJobGpus(parts: {
  watch: GpuWatch;
  read: () => Promise<GpuReport>;
  sleep: ScrubParts['sleep'];
  elapsed: () => number;
  log: (line: string) => void;
}): JobGpus {
  const { watch, read, sleep, elapsed, log } = parts;
  const unfit = new Map<string, string>();
  const baselines = new Map<string, number>();
  const scrub = async (ids: readonly string[], withinMs: number, signal: AbortSignal): Promise<ScrubResult[]> => {
    const results = await scrubGpus({ ids, baseline: baselines, read, sleep, elapsed, withinMs, signal });
    for (const { id, state, why } of results) {
      const before = unfit.get(id);
      if (state === 'dirty') unfit.set(id, why);
      else unfit.delete(id);
      if (state === 'dirty' && (before === undefined || before === CLEANING)) log(`GPU ${id} gets no further job: ${why}`);
      if (state !== 'dirty' && before !== undefined && before !== CLEANING) log(`GPU ${id} takes jobs again: ${why}`);
    }
    return results;
  };
  const release =
    (ids: readonly string[]): GpusInUse['release'] =>
    (signal) => {
      for (const id of ids) unfit.set(id, CLEANING);
      return scrub(ids, SCRUB_WITHIN_MS, signal);
    };
  return {
    unfit,
    takeUp(ids) {
      // Only what still computes can be found: memory could as well be a display's.
      for (const id of ids) baselines.set(id, Infinity);
      return { used: () => Promise.resolve({}), release: release(ids) };
    },
    async begin(ids) {
      if (ids.length === 0) return { used: () => Promise.resolve({}), release: () => Promise.resolve([]) };
      // What an earlier job's start looked like says nothing about this one.
      for (const id of ids) baselines.delete(id);
      for (const { id, now } of await watch.sample()) if (ids.includes(id) && now.usedBytes !== null) baselines.set(id, now.usedBytes);
      const meter = await startGpuMeter({ watch, ids, elapsed, everyMs: SAMPLE_EVERY_MS });
      return { used: () => meter.stop(), release: release(ids) };
    },
    recheck: async (signal) =>
      void (await scrub(
        [...unfit].filter(([, why]) => why !== CLEANING).map(([id]) => id),
        0,
        signal,
      )),
  };
}
