// Memory of a whole Chromium, process by process, in proportional set size: pages that several share are counted once.
import { readFileSync } from 'node:fs';
import type { Row } from './table.ts';

/** Bytes. Linux. */
const proportional = (pid: number): number =>
  Number(/^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? Number.NaN) * 1024;

const EXTENSION = 'extension pages, runner, vault, transaction worker';

/** What a process is, by its command line: the sandboxed frames' renderers are the ones that are no extension's. */
function roleOf(pid: number): string {
  // Chromium's children write theirs anew, with spaces.
  const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split(/[\0 ]/);
  const type = command.find((part) => part.startsWith('--type='))?.slice('--type='.length);
  if (type === undefined) return 'browser process';
  if (type !== 'renderer') return type === 'gpu-process' ? 'gpu process' : 'utility processes';
  return command.includes('--extension-process') ? EXTENSION : 'network frame and blank tabs';
}

export interface BrowserMemory {
  total: number;
  byRole: ReadonlyMap<string, number>;
}

/** `processes`: ids of all of a browser's. */
export function readBrowserMemory(processes: readonly number[]): BrowserMemory {
  const byRole = new Map<string, number>();
  for (const pid of processes) {
    const role = roleOf(pid);
    byRole.set(role, (byRole.get(role) ?? 0) + proportional(pid));
  }
  return { total: [...byRole.values()].reduce((sum, bytes) => sum + bytes, 0), byRole };
}

export const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

/** `when`: what the browser was doing. */
export const memoryRows = (when: string, { total, byRole }: BrowserMemory): Row[] =>
  [['whole browser', total] as const, ...byRole].map(([role, bytes]) => ({ what: `memory, ${when}: ${role}`, figure: mib(bytes) }));
