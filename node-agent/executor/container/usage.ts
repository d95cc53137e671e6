// What a container has used, from the engine's statistics: both versions of control groups, read seldom and never for long.
import type Docker from 'dockerode';
import { z } from 'zod';
import type { Usage } from '@nunet/shared/manifest.ts';

const count = z.number().min(0).catch(0);
const statistics = z.object({
  cpu_stats: z.object({ cpu_usage: z.object({ total_usage: count }).catch({ total_usage: 0 }) }).catch({ cpu_usage: { total_usage: 0 } }),
  memory_stats: z
    .object({
      usage: count,
      /** Version 1 alone. */
      max_usage: count,
      failcnt: count,
    })
    .catch({ usage: 0, max_usage: 0, failcnt: 0 }),
  blkio_stats: z
    .object({
      io_service_bytes_recursive: z
        .array(z.object({ op: z.string(), value: count }))
        .nullable()
        .catch(null),
    })
    .catch({ io_service_bytes_recursive: null }),
});

export interface UsageSample {
  readonly usage: Usage;
  /** The kernel refused memory at least once. */
  readonly hitMemoryLimit: boolean;
}

export const NO_USAGE: UsageSample = { usage: { cpuMs: 0, peakMemoryBytes: 0 }, hitMemoryLimit: false };
const DAYS_30 = 30 * 86_400_000;

/** An engine's answer joined with what was seen before: version 2 tells no peak, so that the largest sample counts. */
export function joined(value: unknown, before: UsageSample): UsageSample {
  const parsed = statistics.safeParse(value);
  if (!parsed.success) return before;
  const { cpu_stats: cpu, memory_stats: memory, blkio_stats: blocks } = parsed.data;
  const bytes = (op: string): number =>
    (blocks.io_service_bytes_recursive ?? []).filter((row) => row.op.toLowerCase() === op).reduce((sum, row) => sum + row.value, 0);
  const most = (now: number, then: number | undefined): number => Math.floor(Math.max(now, then ?? 0));
  return {
    usage: {
      cpuMs: Math.min(DAYS_30, most(cpu.cpu_usage.total_usage / 1e6, before.usage.cpuMs)),
      peakMemoryBytes: most(Math.max(memory.usage, memory.max_usage), before.usage.peakMemoryBytes),
      readBytes: most(bytes('read'), before.usage.readBytes),
      writtenBytes: most(bytes('write'), before.usage.writtenBytes),
    },
    hitMemoryLimit: before.hitMemoryLimit || memory.failcnt > 0,
  };
}

/** Soon after the start, then more and more seldom: a short job leaves a figure too, a long one costs nothing. */
const FIRST_MS = 50;
const GROWTH = 1.6;
const MOST_MS = 5_000;

/** Samples until the signal aborts; never throws. */
export async function watchUsage(container: Docker.Container, onSample: (sample: UsageSample) => void, signal: AbortSignal): Promise<void> {
  let sample = NO_USAGE;
  for (let wait = FIRST_MS; !signal.aborted; wait = Math.min(MOST_MS, wait * GROWTH)) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, wait);
      function done(): void {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      }
      signal.addEventListener('abort', done, { once: true });
    });
    if (signal.aborted) return;
    sample = await sampled(container, sample);
    onSample(sample);
  }
}

export async function sampled(container: Docker.Container, before: UsageSample): Promise<UsageSample> {
  try {
    // `one-shot`: without it the engine waits a second for a second figure.
    return joined(await container.stats({ stream: false, 'one-shot': true } as { stream: false }), before);
  } catch {
    return before;
  }
}
