// How busy, hot and full the GPUs are: one look for all who ask at about the same time, none where nobody asks, and never a failure:
// a driver that hangs must not stop a job or the status.
import { parseAmd } from './amd.ts';
import type { Gpu } from './gpu.ts';
import { NVIDIA_QUERY, parseNvidiaQuery } from './nvidia.ts';
import { readAmd, type RunTool } from './read-gpus.ts';

export interface GpuSample {
  id: string;
  now: Omit<Gpu['now'], 'processes'>;
}

/** Without nvidia-smi it is not asked for again before this. */
const ABSENT_MS = 60_000;

export interface GpuWatch {
  /** Not older than about `maxAgeMs`; empty where nothing answers. */
  sample(): Promise<readonly GpuSample[]>;
}

const sampleOf = ({ id, now: { processes: _, ...now } }: Gpu): GpuSample => ({ id, now });

/** One look; whatever does not answer is left out. */
async function look(run: RunTool, sys: string): Promise<{ samples: GpuSample[]; hasNvidia: boolean }> {
  const [nvidia, amd] = await Promise.all([run('nvidia-smi', NVIDIA_QUERY).catch(() => null), readAmd(sys).catch(() => [])]);
  const gpus: Gpu[] = [
    ...(nvidia?.code === 0 ? parseNvidiaQuery(nvidia.output).gpus : []),
    ...amd.map(parseAmd).filter((gpu) => gpu !== null),
  ];
  return { samples: gpus.map(sampleOf), hasNvidia: nvidia !== null };
}

/** `elapsed`: monotonic ms. `sys` is /sys. */
export function gpuWatch(parts: { run: RunTool; sys: string; elapsed: () => number; maxAgeMs: number }): GpuWatch {
  const { sys, elapsed, maxAgeMs } = parts;
  let last: { at: number; samples: Promise<readonly GpuSample[]> } | null = null;
  let absentUntil = -Infinity;
  const run: RunTool = (name, args) => (elapsed() < absentUntil ? Promise.resolve(null) : parts.run(name, args));
  return {
    sample() {
      if (last === null || elapsed() - last.at >= maxAgeMs) {
        const asked = elapsed() >= absentUntil;
        const samples = look(run, sys).then(({ samples: found, hasNvidia }) => {
          if (asked && !hasNvidia) absentUntil = elapsed() + ABSENT_MS;
          return found;
        });
        last = { at: elapsed(), samples };
      }
      return last.samples;
    },
  };
}

/** The whole of a GPU is told of; of its slices NVIDIA tells neither how busy nor how full they are. */
export interface GpuMeter {
  /** What was used since the beginning; a figure that could not be read all the time is left out. */
  stop(): Promise<{ gpuMs?: number; gpuPeakMemoryBytes?: number }>;
}

/**
 * Adds up how busy these GPUs are, from its first sample, which is awaited, until `stop`: each sample counts for the time since the one
 * before. Memory that was taken before, as by a display, is not counted.
 */
export async function startGpuMeter(parts: {
  watch: GpuWatch;
  ids: readonly string[];
  elapsed: () => number;
  everyMs: number;
}): Promise<GpuMeter> {
  const { watch, ids, elapsed, everyMs } = parts;
  const baseline = new Map<string, number>();
  let at = elapsed();
  let busyMs = 0;
  let peakBytes = 0;
  let isBusyKnown = true;
  let isMemoryKnown = true;
  const add = async (): Promise<void> => {
    const samples = new Map((await watch.sample()).map(({ id, now }) => [id, now]));
    const now = elapsed();
    for (const id of ids) {
      const { busyPercent = null, usedBytes = null } = samples.get(id) ?? {};
      if (busyPercent === null) isBusyKnown = false;
      else busyMs += ((now - at) * busyPercent) / 100;
      if (usedBytes === null) isMemoryKnown = false;
      else {
        const before = baseline.get(id) ?? usedBytes;
        baseline.set(id, before);
        peakBytes = Math.max(peakBytes, usedBytes - before);
      }
    }
    at = now;
  };
  if (ids.length === 0) return { stop: () => Promise.resolve({}) };
  await add();
  // What was busy before is not the job's.
  busyMs = 0;
  let adding: Promise<void> | null = null;
  const timer = setInterval(() => {
    // One at a time: a slow driver makes fewer samples, not more processes.
    adding ??= add().finally(() => (adding = null));
  }, everyMs);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await adding;
      await add();
      return {
        ...(isBusyKnown ? { gpuMs: Math.round(busyMs) } : {}),
        ...(isMemoryKnown ? { gpuPeakMemoryBytes: peakBytes } : {}),
      };
    },
  };
}
