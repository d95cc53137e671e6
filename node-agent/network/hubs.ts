// Keeps a node connected to its hubs.
import { multiaddr } from '@multiformats/multiaddr';
import { setTimeout as sleep } from 'node:timers/promises';
import { keepHubs as keepConnected, type HubState } from '@nunet/shared/keep-hubs.ts';
import type { NetworkNode } from './node.ts';

const DIAL_TIMEOUT_MS = 10_000;

/** As `keepHubs` of shared/; ends with the node too. */
export function keepHubs(options: {
  node: NetworkNode;
  hubs: readonly string[];
  signal: AbortSignal;
  onState?: (state: HubState) => void;
  /** 0 to 1; spreads the retries of many agents. */
  random?: () => number;
}): Promise<void> {
  const { node } = options;
  return keepConnected({
    random: Math.random,
    ...options,
    connect: async (hub, signal) => {
      const dialSignal = AbortSignal.any([signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)]);
      const connection = await node.libp2p.dial(multiaddr(hub), { signal: dialSignal });
      const peerId = connection.remotePeer.toString();
      node.reserve(peerId);
      return { gone: disconnected(node, peerId, signal).finally(() => node.release(peerId)) };
    },
    sleep: (ms, signal) => sleep(ms, undefined, { signal, ref: false }),
    signal: AbortSignal.any([options.signal, node.signal]),
  });
}

/** Resolves when the last connection to the peer is gone, or the signal aborts. */
function disconnected(node: NetworkNode, peerId: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      node.libp2p.removeEventListener('peer:disconnect', onDisconnect);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const onDisconnect = (event: CustomEvent<{ toString(): string }>): void => {
      if (event.detail.toString() === peerId) done();
    };
    node.libp2p.addEventListener('peer:disconnect', onDisconnect);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted || !node.libp2p.getPeers().some((peer) => peer.toString() === peerId)) done();
  });
}
