// Which process is that, is it still the same, and what has it used? Read from /proc; null or zero where there is none.
import { readFile, readdir } from 'node:fs/promises';

const text = async (path: string): Promise<string | null> => readFile(path, 'utf8').catch(() => null);

/** Changes with every boot, so that a handle of yesterday names no process of today. */
export const bootId = async (): Promise<string | null> => (await text('/proc/sys/kernel/random/boot_id'))?.trim() ?? null;

/** Launchers set a child up in far less. */
const GROUP_WITHIN_TICKS = 6_000;

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
  /** Of block devices; left out where the kernel does not tell it of another user's process. */
  readonly disk?: { readonly readBytes: number; readonly writtenBytes: number };
}

/**
 * A process and all below it, with their stat fields; empty when it is gone. One pass over /proc, because lists of children are a
 * kernel option that some systems lack.
 */
export async function processTree(root: number): Promise<Map<number, string[]>> {
  const all = new Map<number, string[]>();
  const children = new Map<number, number[]>();
  await Promise.all(
    (await readdir('/proc').catch(() => []))
      .filter((entry) => /^[0-9]+$/.test(entry))
      .map(async (entry) => {
        const pid = Number(entry);
        const fields = await stat(pid);
        if (fields === null) return;
        all.set(pid, fields);
        const parent = Number(fields[1]);
        children.set(parent, [...(children.get(parent) ?? []), pid]);
      }),
  );
  const tree = new Map<number, string[]>();
  const queue = [root];
  for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
    const fields = all.get(pid);
    if (fields !== undefined) tree.set(pid, fields);
    queue.push(...(children.get(pid) ?? []));
  }
  return tree;
}

/** CPU time, peak memory and disk of a process and all below it. Measured from outside, so that the child cannot say otherwise. */
export async function usageOf(root: number): Promise<ProcessUsage | null> {
  const tree = await processTree(root);
  if (!tree.has(root)) return null;
  let cpuTicks = 0;
  let peakMemoryBytes = 0;
  let disk: ProcessUsage['disk'] | null = { readBytes: 0, writtenBytes: 0 };
  for (const [pid, fields] of tree) {
    // utime 14, stime 15.
    cpuTicks += Number(fields[11]) + Number(fields[12]);
    const status = await text(`/proc/${pid}/status`);
    peakMemoryBytes = Math.max(peakMemoryBytes, Number(/^VmHWM:\s+(\d+) kB/m.exec(status ?? '')?.[1] ?? 0) * 1024);
    const io = await text(`/proc/${pid}/io`);
    const [read, written] = [/^read_bytes: (\d+)$/m, /^write_bytes: (\d+)$/m].map((line) => line.exec(io ?? '')?.[1]);
    if (read === undefined || written === undefined) disk = null;
    else if (disk !== null) disk = { readBytes: disk.readBytes + Number(read), writtenBytes: disk.writtenBytes + Number(written) };
  }
  // USER_HZ is 100 on every architecture that Node runs on.
  return { cpuMs: cpuTicks * 10, peakMemoryBytes, ...(disk === null ? {} : { disk }) };
}

/**
 * What is left of a process group after its leader: a launcher killed in the middle of its work may leave a helper waiting for ever.
 * The number is kept from others while the group lives; the start time guards against a group that came after it.
 */
export async function leftOfGroup(leader: number, leaderStartTime: string): Promise<number[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((entry) => /^[0-9]+$/.test(entry)).map(Number);
  const left = await Promise.all(
    pids.map(async (pid) => {
      const fields = await stat(pid);
      // pgrp is field 5, the state Z is a zombie's.
      if (fields === null || fields[0] === 'Z' || Number(fields[2]) !== leader) return null;
      const age = Number(fields[19]) - Number(leaderStartTime);
      return age >= 0 && age < GROUP_WITHIN_TICKS ? pid : null;
    }),
  );
  return left.filter((pid) => pid !== null);
}
