// Figures of a made-up machine, for tests.
import type { UsageFigures } from './usage-figures.ts';

export const sampleFigures: UsageFigures = {
  machine: { cpuBusyPercent: 25, memoryUsedPercent: 40, temperatureC: 55 },
  gpus: [
    { usedBytes: 2 ** 30, busyPercent: 100, temperatureC: 71.6, powerW: 300.5 },
    { usedBytes: null, busyPercent: 50, temperatureC: null, powerW: null },
  ],
  total: { cpus: 8, memoryBytes: 2 ** 33, diskBytes: 2 ** 36, gpus: 2 },
  free: { cpus: 3, memoryBytes: 2 ** 32, diskBytes: 2 ** 35, gpus: 0 },
  jobs: { running: 2, waiting: 1, ended: 7 },
  hubsConnected: 1,
  agentMemoryBytes: 150 * 2 ** 20,
};
