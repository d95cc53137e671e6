// What of the machine no job may change, as it is now: for tests that compare it with what it was before.
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';

const READ = [
  '/proc/sys/kernel/core_pattern',
  '/proc/sys/kernel/hostname',
  '/proc/sys/vm/panic_on_oom',
  '/proc/sys/net/ipv4/ip_forward',
  '/proc/irq/default_smp_affinity',
  '/proc/1/oom_score_adj',
  '/proc/self/oom_score_adj',
  '/proc/modules',
  '/proc/swaps',
  '/sys/kernel/mm/transparent_hugepage/enabled',
  '/sys/kernel/uevent_helper',
];

/** A change of the wall clock against the monotonic one, in minutes: slewing by a time service stays below. */
const clockOffset = (): number => Math.round((Date.now() - performance.now()) / 60_000 - bootOffset);
const bootOffset = (Date.now() - performance.now()) / 60_000;

export async function machineState(): Promise<Readonly<Record<string, string>>> {
  const texts = await Promise.all(READ.map(async (path) => readFile(path, 'utf8').catch(() => '-')));
  return {
    ...Object.fromEntries(READ.map((path, i) => [path, texts[i] ?? '-'])),
    hostname: hostname(),
    clockMinutes: String(clockOffset()),
  };
}
