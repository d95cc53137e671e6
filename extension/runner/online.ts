// What jobs need beyond the wallet: a network whose record is trusted, its peers, its oracles, its escrow. Ended with its connection.
import { jobEscrow, type Wallet } from '@nunet/contracts/job-escrow.ts';
import { assetUnit } from '@nunet/contracts/value.ts';
import { httpOracles } from '@nunet/shared/http-oracles.ts';
import type { Clock, Escrow, Network, Oracles } from '@nunet/shared/job-flow/ports.ts';
import type { NetworkRecord } from '@nunet/shared/network-record.ts';
import type { Fetch } from '@nunet/shared/oracle-client.ts';
import { peerNetwork } from '@nunet/shared/peer-network.ts';
import type { Connection } from './connection.ts';
import type { HostLink } from './host-link.ts';
import type { NetworkKey } from './network-key.ts';
import type { WalletInputs } from './wallet-inputs.ts';

export interface Online {
  /** Origin of a devnet, whose pages show transactions. */
  readonly url: string | null;
  readonly record: NetworkRecord;
  /** What a job's note says of its network. */
  readonly assetUnit: string;
  readonly network: Network;
  readonly oracles: Oracles;
  /** Of the newest block that was seen. */
  tipTimeMs(): number | null;
  chainTimeMs(signal: AbortSignal): Promise<number>;
  escrowFor(jobId: string, wallet: Wallet): Escrow;
  /** Aborted when the runner lets go of this network. */
  readonly signal: AbortSignal;
}

export function goOnline(
  connection: Connection,
  record: NetworkRecord,
  parts: {
    host: HostLink;
    networkKey: NetworkKey;
    inputs: WalletInputs;
    clock: Clock;
    fetch: Fetch;
    random: (bytes: number) => Uint8Array;
    serveInputs: Network['serveInputs'];
  },
): Online {
  const { host, networkKey, clock } = parts;
  const { watch } = connection;
  const now = (): number => clock.now();
  host.configure({
    seed: networkKey.seed,
    network: record.network,
    allowPrivate: record.network === 'devnet',
    hubs: record.hubs.slice(0, 16),
  });
  connection.signal.addEventListener('abort', () => host.configure(null), { once: true });
  return {
    url: connection.devnetUrl,
    record,
    assetUnit: assetUnit(record.asset),
    network: peerNetwork({
      dialer: host.network,
      hubs: record.hubs,
      record,
      now,
      serveInputs: parts.serveInputs,
      ownAddresses: () => host.network.status().addresses,
    }),
    oracles: httpOracles({ fetch: parts.fetch, record, signer: networkKey.signer, now, random: parts.random }),
    tipTimeMs: () => watch.state().tipTimeMs,
    chainTimeMs: async (signal) => (await watch.chain.tip(signal)).timeMs,
    escrowFor: (jobId, wallet) => jobEscrow({ chain: watch.chain, wallet, record, builders: parts.inputs.buildersFor(jobId) }),
    signal: connection.signal,
  };
}
