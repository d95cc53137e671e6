// The Network port of the job flow over a dialer: one job's conversation with hubs and agents, from Node or from a browser.
import { fetchAllAdverts } from './fetch-adverts.ts';
import type { Network } from './job-flow/ports.ts';
import type { NetworkRecord } from './network-record.ts';
import { follow, request, type Dialer } from './peer-client.ts';

export interface PeerNetworkParts {
  dialer: Dialer;
  /** Addresses of hubs, peer id included. */
  hubs: readonly string[];
  record: Pick<NetworkRecord, 'network' | 'revokedPeers'>;
  now: () => number;
  /** Whoever serves blocks: a libp2p node, or the streams that the network frame hands over. */
  serveInputs: Network['serveInputs'];
  ownAddresses: Network['ownAddresses'];
}

export function peerNetwork(parts: PeerNetworkParts): Network {
  const { dialer, record } = parts;
  return {
    adverts: (signal) =>
      fetchAllAdverts(dialer, parts.hubs, {
        network: record.network,
        now: parts.now,
        isRevoked: (peerId) => record.revokedPeers.includes(peerId),
        signal,
      }),
    requestQuote: (agent, message, signal) => request(dialer, agent, 'quote', message, signal),
    release: async (agent, jobId, signal) => void (await request(dialer, agent, 'release', { jobId }, signal)),
    run: (agent, message, signal) => request(dialer, agent, 'run', message, signal),
    follow: (agent, message, signal) => follow(dialer, agent, message, signal),
    answer: async (agent, message, signal) => void (await request(dialer, agent, 'answer', message, signal)),
    voucher: (agent, message, signal) => request(dialer, agent, 'voucher', message, signal),
    serveInputs: parts.serveInputs,
    ownAddresses: parts.ownAddresses,
  };
}
