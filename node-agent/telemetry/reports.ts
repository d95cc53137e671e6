// Signed usage figures to the operators of the network record: only while the owner allows it, seldom, and never in anybody's way.
import type { Network } from '@nunet/shared/fields.ts';
import { signedRequest, type SignedFetch } from '@nunet/shared/oracle-client.ts';
import { signStatement } from '@nunet/shared/signature.ts';
import { TELEMETRY_EVERY_MS, type TelemetryReport } from '@nunet/shared/telemetry-report.ts';
import { highestOf, meanOf, type UsageFigures } from './usage-figures.ts';

const SEND_MS = 15_000;
const MAX_ANSWER_BYTES = 4 * 1024;
/** Agents that a power cut started together do not report together. */
const SPREAD = 0.2;

export interface ReportParts extends SignedFetch {
  network: Network;
  peerId: string;
  /** URLs of the operators' edges. */
  operators: () => readonly string[];
  /** The owner's consent, asked before each report. */
  isAllowed: () => boolean;
  figures: () => Promise<UsageFigures>;
  sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  signal: AbortSignal;
}

export function reportOf(figures: UsageFigures, of: { network: Network; peerId: string; at: number }): TelemetryReport {
  const { machine, gpus, total, jobs } = figures;
  const whole = (value: number | null): number | null => (value === null ? null : Math.round(value));
  return {
    v: 1,
    ...of,
    cpus: total.cpus,
    cpuBusyPercent: machine.cpuBusyPercent ?? 0,
    memoryUsedPercent: machine.memoryUsedPercent,
    gpus: total.gpus,
    gpuBusyPercent: whole(meanOf(gpus.map(({ busyPercent }) => busyPercent))),
    temperatureC: whole(highestOf([machine.temperatureC, ...gpus.map(({ temperatureC }) => temperatureC)])),
    jobsRunning: jobs.running,
  };
}

/** Resolves when the signal aborts. An operator that does not answer is asked again with the next report, and nobody is told. */
export async function keepReporting(parts: ReportParts): Promise<void> {
  const { signal } = parts;
  while (!signal.aborted) {
    const spread = ((parts.random(1)[0] ?? 0) / 256 - 0.5) * SPREAD;
    await parts.sleep(TELEMETRY_EVERY_MS * (1 + spread), signal).catch(() => undefined);
    if (signal.aborted) return;
    await sendReport(parts).catch(() => undefined);
  }
}

/** One report to every operator; nothing without consent. */
export async function sendReport(parts: ReportParts): Promise<void> {
  if (!parts.isAllowed()) return;
  const { network, peerId } = parts;
  const report = reportOf(await parts.figures(), { network, peerId, at: parts.now() });
  const { envelope } = await signStatement('telemetry', report, parts.signer);
  const within = AbortSignal.any([parts.signal, AbortSignal.timeout(SEND_MS)]);
  await Promise.allSettled(
    parts
      .operators()
      .map((url) =>
        signedRequest(
          parts,
          { method: 'POST', url: `${url.replace(/\/+$/, '')}/v1/telemetry`, body: envelope, maxResponseBytes: MAX_ANSWER_BYTES },
          within,
        ),
      ),
  );
}
