// What agents say of themselves, judged: signed by the peer that sent it, for this network, fresh, not older than the last. Kept apart
// from all that is decided or counted from the chain: anybody can run agents, and an agent can say what it likes.
import { NunetError } from '@nunet/shared/errors.ts';
import type { Network } from '@nunet/shared/fields.ts';
import { openTelemetry, TELEMETRY_COUNTS_MS } from '@nunet/shared/telemetry-report.ts';
import type { TelemetrySums, TelemetryStore } from './db/telemetry-store.ts';

/** Clocks of honest agents may differ from ours by this much. */
const FRESH_MS = 120_000;
const FORGOTTEN_MS = 24 * 3_600_000;
const DROP_EVERY_MS = 600_000;

export interface Telemetry {
  /** Throws as `openTelemetry`, `telemetry-foreign`, `telemetry-stale`, `peer-revoked`, `oracle-full`. */
  take(envelope: Uint8Array, peerId: string): Promise<void>;
  sums(): Promise<TelemetrySums>;
}

/** `now`: wall clock, POSIX ms. */
export function createTelemetry(deps: {
  store: TelemetryStore;
  network: Network;
  isRevoked: (peerId: string) => boolean;
  now: () => number;
}): Telemetry {
  const { store, network, now } = deps;
  let droppedAt = -Infinity;
  return {
    async take(envelope, peerId) {
      const { body } = openTelemetry(envelope, network);
      if (body.peerId !== peerId)
        throw new NunetError(
          'telemetry-foreign',
          `Cannot keep the report: ${peerId} sent it, ${body.peerId} signed it; want both to be one`,
        );
      if (deps.isRevoked(peerId))
        throw new NunetError('peer-revoked', `Cannot keep the report: ${peerId} is revoked in the network record`);
      const skewMs = body.at - now();
      if (Math.abs(skewMs) > FRESH_MS)
        throw new NunetError(
          'telemetry-stale',
          `Cannot keep the report: its time is ${Math.round(skewMs / 1000)} s from ours, want at most ${FRESH_MS / 1000} s`,
        );
      if (now() - droppedAt > DROP_EVERY_MS) {
        droppedAt = now();
        await store.drop(now() - FORGOTTEN_MS);
      }
      const kept = await store.put(body, now());
      if (kept === 'stale') throw new NunetError('telemetry-stale', 'Cannot keep the report: a newer one of this agent is here');
      if (kept === 'full') throw new NunetError('oracle-full', 'Cannot keep the report: too many agents report; try again later');
    },
    sums: () => store.sums(now() - TELEMETRY_COUNTS_MS),
  };
}
