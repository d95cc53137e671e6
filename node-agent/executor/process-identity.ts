// Which process is that, is it still the same, and what has it used? Read from /proc; null or zero where there is none.
import { readFile, readdir } from 'node:fs/promises';

const text = async (path: string): Promise<string | null> => readFile(path, 'utf8').catch(() => null);

/** Changes with every boot, so that a handle of yesterday names no process of today. */
export const bootId = async (): Promise<string | null> => (await text('/proc/sys/kernel/random/boot_id'))?.trim() ?? null;

/** Fields of /proc/PID/stat from the third on; the second, the name, may hold anything. */
async function stat(pid: number): Promise<string[] | null> {
  const line = await text(`/proc/${pid}/stat`);
  return line === null ? null : line.slice(line.lastIndexOf(')') + 2).split(' ');
}

/** Ticks after boot at which the process started: field 22. null when it is gone, a zombie included. */
export async function startTime(pid: number): Promise<string | null> {
  const fields = await stat(pid);
  return fields === null || fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
}

export interface ProcessUsage {
  readonly cpuMs: number;
  readonly peakMemoryBytes: number;
}

/**
 * CPU time and peak memory of a process and all below it. Measured from outside, so that the child cannot say otherwise. One pass over
 * /proc, because lists of children are a kernel option that some systems lack.
 */
export async function usageOf(pid: number): Promise<ProcessUsage | null> {
  const stats = new Map<number, string[]>();
  const children = new Map<number, number[]>();
  await Promise.all(
    (await readdir('/proc').catch(() => []))
      .filter((entry) => /^[0-9]+$/.test(entry))
      .map(async (entry) => {
        const fields = await stat(Number(entry));
        if (fields === null) return;
        stats.set(Number(entry), fields);
        const parent = Number(fields[1]);
        children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
      }),
  );
  if (!stats.has(pid)) return null;
  let cpuTicks = 0;
  let peakMemoryBytes = 0;
  const queue = [pid];
  for (let one = queue.pop(); one !== undefined; one = queue.pop()) {
    const fields = stats.get(one);
    // utime 14, stime 15.
    cpuTicks += Number(fields?.[11] ?? 0) + Number(fields?.[12] ?? 0);
    const status = await text(`/proc/${one}/status`);
    peakMemoryBytes = Math.max(peakMemoryBytes, Number(/^VmHWM:\s+(\d+) kB/m.exec(status ?? '')?.[1] ?? 0) * 1024);
    queue.push(...(children.get(one) ?? []));
  }
  // USER_HZ is 100 on every architecture that Node runs on.
  return { cpuMs: cpuTicks * 10, peakMemoryBytes };
}
