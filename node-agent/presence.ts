// Presence: what the agent says of itself over gossip, the hubs that it keeps, and whether somebody else speaks with its key.
import { setTimeout as sleep } from 'node:timers/promises';
import { AdvertBook } from '@nunet/shared/advert-book.ts';
import { fetchAdverts } from '@nunet/shared/fetch-adverts.ts';
import type { HubState } from '@nunet/shared/keep-hubs.ts';
import type { NetworkRecord } from '@nunet/shared/network-record.ts';
import type { Signer } from '@nunet/shared/signature.ts';
import { startAdverts, type Offer } from './network/adverts.ts';
import { keepHubs } from './network/hubs.ts';
import type { NetworkNode } from './network/node.ts';
import type { Twin, TwinWatch } from './twin-watch.ts';

/** A hub tells one peer nothing of what the same peer said over its other connection, so it is asked. */
const ASK_HUBS_MS = 60_000;
const ASK_TIMEOUT_MS = 10_000;

export interface Presence {
  /** What is on offer has changed. */
  publish(): void;
  hubs(): HubState[];
  stop(): Promise<void>;
}

export interface PresenceParts {
  node: NetworkNode;
  hubs: readonly string[];
  signer: Signer;
  record: NetworkRecord;
  /** At chain time `at`; null: says nothing. */
  offer(at: number): Offer | null;
  /** Chain time. */
  now(signal: AbortSignal): Promise<number>;
  /** POSIX ms of this machine. */
  clock(): number;
  twins: TwinWatch;
  onTwin(twin: Twin): void;
  onFailure(error: unknown, about?: string): void;
  /** Between two questions to the hubs whether a twin is there. */
  askHubsMs?: number;
  /** Ends everything but what was said already. */
  signal: AbortSignal;
}

export async function startPresence(parts: PresenceParts): Promise<Presence> {
  const { node, record, twins, signal } = parts;
  const onFailure = (error: unknown, about?: string): void => parts.onFailure(error, about);
  const { network } = node;
  const hubs = new Map<string, HubState>();
  /** Chain time of the last look: an advert says about what is free, a quote says it exactly. */
  let freeAt = 0;
  const isRevoked = (peer: string): boolean => record.revokedPeers.includes(peer);
  const onValid: ConstructorParameters<typeof AdvertBook>[0]['onValid'] = (advert) => {
    if (twins.heard(advert, node.addresses()) && twins.twin !== null) parts.onTwin(twins.twin);
  };
  const adverts = await startAdverts({
    node,
    book: new AdvertBook({ network, now: () => parts.clock(), isRevoked, onValid }),
    signer: parts.signer,
    offer: () => parts.offer(freeAt),
    serveCurrent: false,
    now: () => parts.clock(),
    onSigned: (signed) => twins.signed(signed),
    onProblem: (error) => onFailure(error, 'adverts'),
  });
  const publish = (): void => {
    if (signal.aborted) return;
    parts
      .now(signal)
      .then((at) => {
        freeAt = at;
        return adverts.publish();
      })
      .catch((error: unknown) => onFailure(error, 'adverts'));
  };
  const keeping = keepHubs({
    node,
    hubs: parts.hubs,
    signal,
    onState: (state) => {
      hubs.set(state.hub, state);
      if (state.state === 'down') onFailure(new Error(state.message));
    },
  });

  const askHub = async (hub: string): Promise<void> => {
    if (hubs.get(hub)?.state !== 'connected') return;
    const within = AbortSignal.any([signal, AbortSignal.timeout(ASK_TIMEOUT_MS)]);
    const found = await fetchAdverts(node, hub, { network, now: () => parts.clock(), of: node.peerId, signal: within }).catch(() => []);
    // A hub that knows no `of` tells of everybody.
    for (const advert of found) onValid(advert);
  };
  const asking = (async () => {
    while (!signal.aborted && twins.twin === null) {
      await sleep(parts.askHubsMs ?? ASK_HUBS_MS, undefined, { signal, ref: false }).catch(() => undefined);
      if (!signal.aborted) await Promise.all(parts.hubs.map(askHub));
    }
  })();

  publish();
  return {
    publish,
    hubs: () => [...hubs.values()],
    stop: async () => {
      await adverts.stop();
      // What is asked of a hub ends with the node at the latest.
      void Promise.allSettled([asking, keeping]);
    },
  };
}
