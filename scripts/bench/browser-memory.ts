// Memory of a whole Chromium, process by process, in proportional set size: pages that several share are counted once.
import { readFileSync } from 'node:fs';
import type { Chromium } from '../browser/chromium.ts';
import type { Row } from './table.ts';

/** Bytes. Linux. */
const proportional = (pid: number): number =>
  Number(/^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? Number.NaN) * 1024;

/** What a process is, by its command line: the sandboxed frames' renderers are the ones that are no extension's. */
function roleOf(pid: number): string {
  // Chromium's children write theirs anew, with spaces.
  const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split(/[\0 ]/);
  const type = command.find((part) => part.startsWith('--type='))?.slice('--type='.length);
  if (type === undefined) return 'browser process';
  if (type !== 'renderer') return type === 'gpu-process' ? 'gpu process' : 'utility processes';
  return command.includes('--extension-process') ? 'extension pages, runner, transaction worker' : 'network frame and blank tabs';
}

export async function benchBrowserMemory(browser: Chromium): Promise<Row[]> {
  const byRole = new Map<string, number>();
  for (const pid of await browser.processes()) {
    const role = roleOf(pid);
    byRole.set(role, (byRole.get(role) ?? 0) + proportional(pid));
  }
  const total = [...byRole.values()].reduce((sum, bytes) => sum + bytes, 0);
  return [['whole browser', total] as const, ...byRole].map(([role, bytes]) => ({
    what: `memory, one job running: ${role}`,
    figure: `${(bytes / 2 ** 20).toFixed(0)} MiB`,
  }));
}
