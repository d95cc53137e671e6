// Hubs: the addresses that a node dials first and keeps. One that is down is tried again, ever less often.
import { multiaddr } from '@multiformats/multiaddr';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NetworkNode } from './node.ts';

export type HubState = { hub: string; state: 'connected' } | { hub: string; state: 'down'; message: string; retryInMs: number };

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 60_000;
const DIAL_TIMEOUT_MS = 10_000;

/** Keeps a connection to each hub until the signal aborts; reports every change. Resolves when all loops have ended. */
export async function keepHubs(options: {
  node: NetworkNode;
  hubs: readonly string[];
  signal: AbortSignal;
  onState?: (state: HubState) => void;
  /** 0 to 1; spreads the retries of many agents. */
  random?: () => number;
}): Promise<void> {
  const signal = AbortSignal.any([options.signal, options.node.signal]);
  await Promise.all(options.hubs.map((hub) => keepHub({ ...options, signal }, hub)));
}

async function keepHub(
  options: { node: NetworkNode; signal: AbortSignal; onState?: (state: HubState) => void; random?: () => number },
  hub: string,
): Promise<void> {
  const { node, signal } = options;
  let retryMs = FIRST_RETRY_MS;
  while (!signal.aborted) {
    try {
      const dialSignal = AbortSignal.any([signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)]);
      const connection = await node.libp2p.dial(multiaddr(hub), { signal: dialSignal });
      const peerId = connection.remotePeer.toString();
      node.reserve(peerId);
      options.onState?.({ hub, state: 'connected' });
      retryMs = FIRST_RETRY_MS;
      try {
        await disconnected(node, peerId, signal);
      } finally {
        node.release(peerId);
      }
    } catch (error) {
      if (signal.aborted) return;
      const retryInMs = Math.round(retryMs * (0.5 + (options.random ?? Math.random)() / 2));
      const why = error instanceof Error ? error.message.slice(0, 200) : 'no answer';
      options.onState?.({
        hub,
        state: 'down',
        message: `Cannot reach hub ${hub}: ${why}. Next try in ${Math.ceil(retryInMs / 1000)} s.`,
        retryInMs,
      });
      await sleep(retryInMs, undefined, { signal, ref: false }).catch(() => undefined);
      retryMs = Math.min(LAST_RETRY_MS, retryMs * 2);
    }
  }
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
