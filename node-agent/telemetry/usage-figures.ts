// What the agent's telemetry is made of, whoever gets it: status, operators, Prometheus. Figures only: no job, no peer, no address.
import type { Offer } from '../capacity.ts';
import type { GpuSample } from '../gpu/watch.ts';
import type { MachineSample } from './machine-sample.ts';

export interface MachineUsage {
  machine: MachineSample;
  /** Lent GPUs in the order of the configuration; those that tell nothing are left out. */
  gpus: GpuSample['now'][];
}

export interface UsageFigures extends MachineUsage {
  total: Offer;
  free: Offer;
  /** Of this process's jobs, by state. */
  jobs: { running: number; waiting: number; ended: number };
  hubsConnected: number;
  /** Resident memory of the agent itself. */
  agentMemoryBytes: number;
}

export const meanOf = (values: readonly (number | null)[]): number | null => {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
};

export const highestOf = (values: readonly (number | null)[]): number | null => {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
};
