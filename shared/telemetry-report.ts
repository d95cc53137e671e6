// What an agent tells operators of itself, with its owner's consent: rounded figures, and nothing that says where it is or for whom it works.
import { z } from 'zod';
import { network, peerIdText, timeMs, type Network } from './fields.ts';
import { keyOfPeerId } from './peer-id.ts';
import { openStatement, type Signed } from './signature.ts';

export const MAX_TELEMETRY_BYTES = 1024;
/** Between two reports of an agent. */
export const TELEMETRY_EVERY_MS = 5 * 60_000;
/** An agent that was heard within this counts as reporting: it may miss one report. */
export const TELEMETRY_COUNTS_MS = 12 * 60_000;

const percent = z.int().min(0).max(100);

export const telemetryReport = z.strictObject({
  v: z.literal(1),
  network,
  /** Of the agent, which signs: in its adverts anyway. */
  peerId: peerIdText,
  /** Wall clock of the agent. */
  at: timeMs,
  /** Lent CPUs, and how busy all CPUs of the machine are. */
  cpus: z.int().min(0).max(4096),
  cpuBusyPercent: percent,
  memoryUsedPercent: percent,
  /** Lent GPUs, how busy they are on average; null: not told. */
  gpus: z.int().min(0).max(64),
  gpuBusyPercent: percent.nullable(),
  /** The hottest of CPU and GPUs, whole degrees Celsius; null: not told. */
  temperatureC: z.int().min(-50).max(150).nullable(),
  jobsRunning: z.int().min(0).max(10_000),
});
export type TelemetryReport = z.infer<typeof telemetryReport>;

/** Throws as `openStatement`. */
export const openTelemetry = (envelope: Uint8Array, of: Network): Signed<TelemetryReport> =>
  openStatement('telemetry', telemetryReport, envelope, {
    network: of,
    maxBytes: MAX_TELEMETRY_BYTES,
    keyOf: ({ peerId }) => keyOfPeerId(peerId),
  });
