// What a runner that trusts a network has beyond its memory: the chain, the peers, the oracles. One connection to one network; ended by its signal.
import { jobEscrow } from '@nunet/contracts/job-escrow.ts';
import { assetUnit } from '@nunet/contracts/value.ts';
import { httpOracles } from '@nunet/shared/http-oracles.ts';
import type { Clock, Escrow, Network, Oracles } from '@nunet/shared/job-flow/ports.ts';
import type { NetworkRecord } from '@nunet/shared/network-record.ts';
import type { Fetch } from '@nunet/shared/oracle-client.ts';
import { peerNetwork } from '@nunet/shared/peer-network.ts';
import { watchChain, type ChainWatch } from './chain-watch.ts';
import type { Devnet } from './devnet.ts';
import type { HostLink } from './host-link.ts';
import type { RunnerKeys } from './wallet.ts';
import type { WalletInputs } from './wallet-inputs.ts';

export interface Online {
  readonly url: string;
  /** The record as it was signed: the same one is the same network. */
  readonly signed: string;
  readonly record: NetworkRecord;
  /** What a job's note says of its network. */
  readonly assetUnit: string;
  readonly watch: ChainWatch;
  readonly network: Network;
  readonly oracles: Oracles;
  escrowFor(jobId: string): Escrow;
  /** Aborted when the runner lets go of this network. */
  readonly signal: AbortSignal;
  end(): void;
}

export function goOnline(
  { url, signed, record, chain }: Devnet,
  parts: {
    host: HostLink;
    keys: RunnerKeys;
    inputs: WalletInputs;
    clock: Clock;
    fetch: Fetch;
    random: (bytes: number) => Uint8Array;
    serveInputs: Network['serveInputs'];
    onChange: () => void;
  },
): Online {
  const { host, keys, clock } = parts;
  const life = new AbortController();
  const now = (): number => clock.now();
  const watch = watchChain({
    chain,
    address: keys.wallet.address,
    asset: record.asset,
    clock,
    signal: life.signal,
    onChange: parts.onChange,
  });
  host.configure({ seed: keys.network.seed, network: record.network, allowPrivate: true, hubs: record.hubs.slice(0, 16) });
  return {
    url,
    signed,
    record,
    assetUnit: assetUnit(record.asset),
    watch,
    network: peerNetwork({
      dialer: host.network,
      hubs: record.hubs,
      record,
      now,
      serveInputs: parts.serveInputs,
      ownAddresses: () => host.network.status().addresses,
    }),
    oracles: httpOracles({ fetch: parts.fetch, record, signer: keys.network.signer, now, random: parts.random }),
    escrowFor: (jobId) => jobEscrow({ chain: watch.chain, wallet: keys.wallet, record, builders: parts.inputs.buildersFor(jobId) }),
    signal: life.signal,
    end: () => {
      host.configure(null);
      life.abort(new DOMException('the runner let go of the network', 'AbortError'));
    },
  };
}
