// What an agent's telemetry needs beside it: samples before it starts; reports, figures and traces while it runs. Each part is there only
// where the owner's configuration wants it, and none keeps the agent from starting.
import { setTimeout as sleep } from 'node:timers/promises';
import { safeError } from '@nunet/shared/errors.ts';
import type { Network } from '@nunet/shared/fields.ts';
import type { SignedFetch } from '@nunet/shared/oracle-client.ts';
import type { Agent } from '../agent-components.ts';
import type { AgentConfig } from '../config.ts';
import { createJobGpus, type JobGpus } from '../gpu/job-gpus.ts';
import { readGpus, systemTool } from '../gpu/read-gpus.ts';
import { gpuWatch } from '../gpu/watch.ts';
import { machineSampler } from './machine-sample.ts';
import { servePrometheus } from './prometheus.ts';
import { keepReporting } from './reports.ts';
import { openTraces, type JobTraces } from './traces.ts';
import type { MachineUsage } from './usage-figures.ts';

/** How often a GPU that got no job because of what was left on it is looked at again. */
const RECHECK_GPUS_MS = 60_000;
const GPU_SAMPLE_MAX_AGE_MS = 1_000;
const elapsed = (): number => performance.now();

export interface Observation {
  sample: () => Promise<MachineUsage>;
  gpuCare?: JobGpus;
  traces?: JobTraces;
  close(): Promise<void>;
}

/** `lent`: ids of the GPUs that jobs get. */
export async function openObservation(options: {
  lent: readonly string[];
  tracesUrl: string | null;
  version: string;
  log: (line: string) => void;
}): Promise<Observation> {
  const { lent, tracesUrl, version, log } = options;
  const over = new AbortController();
  const machine = machineSampler({ elapsed });
  const run = systemTool(over.signal);
  const watch = gpuWatch({ run, sys: '/sys', elapsed, maxAgeMs: GPU_SAMPLE_MAX_AGE_MS });
  const sample = async (): Promise<MachineUsage> => {
    // A machine that lends no GPU asks no driver.
    const samples = new Map(lent.length === 0 ? [] : (await watch.sample()).map(({ id, now }) => [id, now]));
    return { machine: await machine(), gpus: lent.flatMap((id) => samples.get(id) ?? []) };
  };
  const traces =
    tracesUrl === null
      ? undefined
      : await openTraces({ url: tracesUrl, version, now: Date.now, log }).catch((error: unknown) => {
          log(`Jobs are not traced: ${safeError(error).message}`);
          return undefined;
        });
  let timer: NodeJS.Timeout | undefined;
  let gpuCare: JobGpus | undefined;
  if (lent.length > 0) {
    const gpus = createJobGpus({
      watch,
      read: () => readGpus({ run, sys: '/sys', dev: '/dev' }),
      sleep: (ms, signal) => sleep(ms, undefined, { signal }),
      elapsed,
      log,
    });
    gpuCare = gpus;
    timer = setInterval(() => {
      if (gpus.unfit.size > 0) gpus.recheck(over.signal).catch((error: unknown) => log(safeError(error).message));
    }, RECHECK_GPUS_MS);
    timer.unref();
  }
  return {
    sample,
    ...(gpuCare === undefined ? {} : { gpuCare }),
    ...(traces === undefined ? {} : { traces }),
    async close() {
      clearInterval(timer);
      over.abort();
      await traces?.close();
    },
  };
}

/** Reports to operators while the owner's settings allow it, and the owner's own Prometheus. A port that is taken is told, and no more. */
export async function startTelemetry(options: {
  agent: Pick<Agent, 'peerId' | 'settings' | 'usage'>;
  network: Network;
  operators: () => readonly string[];
  prometheusPort: AgentConfig['telemetry']['prometheusPort'];
  io: SignedFetch;
  log: (line: string) => void;
}): Promise<{ close(): Promise<void> }> {
  const { agent, network, operators, prometheusPort, io, log } = options;
  const over = new AbortController();
  const reporting = keepReporting({
    ...io,
    network,
    peerId: agent.peerId,
    operators,
    isAllowed: () => agent.settings.now.toOperators,
    figures: () => agent.usage(),
    sleep: (ms, signal) => sleep(ms, undefined, { signal, ref: false }),
    signal: over.signal,
  });
  const prometheus =
    prometheusPort === null
      ? null
      : await servePrometheus({ port: prometheusPort, figures: () => agent.usage() }).catch((error: unknown) => {
          log(safeError(error).message);
          return null;
        });
  if (prometheus !== null) log(`Figures for Prometheus: http://127.0.0.1:${prometheus.port}/metrics`);
  return {
    async close() {
      over.abort();
      await prometheus?.close();
      await reporting;
    },
  };
}
