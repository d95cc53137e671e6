// The Oracles port over HTTP: each oracle by the key and address of the network record.
import { NunetError } from './errors.ts';
import type { Oracles } from './job-flow/ports.ts';
import type { NetworkRecord } from './network-record.ts';
import { createOracleClient, type OracleClient } from './oracle-client.ts';
import type { Signer } from './signature.ts';

const TIMEOUT_MS = 15_000;

export function httpOracles(parts: {
  fetch: Parameters<typeof createOracleClient>[0]['fetch'];
  record: NetworkRecord;
  /** Peer key: who sends evidence is known by it. */
  signer: Signer;
  now: () => number;
  random: (bytes: number) => Uint8Array;
}): Oracles {
  const clients = new Map<string, OracleClient>();
  for (const { key, url } of parts.record.oracles) {
    clients.set(
      key,
      createOracleClient({
        fetch: parts.fetch,
        signer: parts.signer,
        now: parts.now,
        random: parts.random,
        url,
        key,
        network: parts.record.network,
      }),
    );
  }
  const clientOf = (key: string): OracleClient => {
    const client = clients.get(key);
    if (client === undefined) throw new NunetError('oracle-unknown', `Cannot reach oracle ${key}: it is not in the network record`);
    return client;
  };
  const within = (signal: AbortSignal): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  return {
    async submit(oracleKey, bundle, signal) {
      const { receipts } = await clientOf(oracleKey).submitEvidence(bundle, within(signal));
      return receipts.map((receipt) => receipt.body.evidenceCid);
    },
    async report(oracleKey, lock, signal) {
      const report = await clientOf(oracleKey).lock(lock, within(signal));
      return report.state === 'unknown' ? null : report;
    },
    async manifest(oracleKey, lock, signal) {
      return clientOf(oracleKey).manifest(lock, within(signal));
    },
    async sealedKey(oracleKey, lock, signal) {
      return clientOf(oracleKey).sealedKey(lock, within(signal));
    },
    async agree(oracleKey, lock, agreement, quote, signal) {
      await clientOf(oracleKey).agree(lock, agreement, quote, within(signal));
    },
  };
}
