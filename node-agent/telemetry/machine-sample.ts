// How busy and hot this machine is. The kernel's counters are read only when somebody asks; a rate is over the time since the last look,
// so that no timer runs in an agent at rest.
import { cpus, freemem, totalmem } from 'node:os';
import { readFile } from 'node:fs/promises';

export interface MachineSample {
  /** Of all CPUs, since the last look at least `minMs` ago; null: this is the first. */
  cpuBusyPercent: number | null;
  memoryUsedPercent: number;
  /** Of the CPU; null: not told. */
  temperatureC: number | null;
}

export interface CpuTicks {
  busy: number;
  all: number;
}

/** A rate over less than this would be noise: the kernel counts in hundredths of a second. */
const MIN_MS = 500;
/** Sensors are asked by a process of their own on some systems. */
const TEMPERATURE_MAX_AGE_MS = 30_000;

export const cpuTicks = (): CpuTicks =>
  cpus().reduce(
    (sum, { times: { user, nice, sys, idle, irq } }) => ({
      busy: sum.busy + user + nice + sys + irq,
      all: sum.all + user + nice + sys + irq + idle,
    }),
    { busy: 0, all: 0 },
  );

/** What is taken for good; caches, which the kernel gives back, are not. */
async function memoryUsedPercent(): Promise<number> {
  const text = await readFile('/proc/meminfo', 'utf8').catch(() => '');
  const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(text)?.[1];
  const available = kib === undefined ? freemem() : Number(kib) * 1024;
  return Math.min(100, Math.max(0, Math.round(100 * (1 - available / totalmem()))));
}

/**
 * systeminformation knows where each system keeps its sensors. Of it only this call: others ask hosts on the internet, or start dozens of
 * processes. Loaded when first wanted.
 */
async function cpuTemperature(): Promise<number | null> {
  const { default: systeminformation } = await import('systeminformation');
  const { main } = await systeminformation.cpuTemperature().catch(() => ({ main: null }));
  return typeof main === 'number' && main > -50 && main < 150 ? Math.round(main) : null;
}

/** `elapsed`: monotonic ms. */
export function machineSampler(parts: {
  elapsed: () => number;
  ticks?: () => CpuTicks;
  temperature?: () => Promise<number | null>;
}): () => Promise<MachineSample> {
  const { elapsed, ticks = cpuTicks, temperature = cpuTemperature } = parts;
  let last = { at: elapsed(), ticks: ticks() };
  let percent: number | null = null;
  let sensed: { at: number; value: Promise<number | null> } | null = null;
  return async () => {
    const now = elapsed();
    if (now - last.at >= MIN_MS) {
      const read = ticks();
      const all = read.all - last.ticks.all;
      if (all > 0) percent = Math.min(100, Math.max(0, Math.round((100 * (read.busy - last.ticks.busy)) / all)));
      last = { at: now, ticks: read };
    }
    if (sensed === null || now - sensed.at > TEMPERATURE_MAX_AGE_MS) sensed = { at: now, value: temperature() };
    return { cpuBusyPercent: percent, memoryUsedPercent: await memoryUsedPercent(), temperatureC: await sensed.value };
  };
}
