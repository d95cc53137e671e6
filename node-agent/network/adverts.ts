// Adverts: an agent says over gossip that it is there; a hub tells newcomers who is. Presence only, prices are settled by quotes.
import { TopicValidatorResult } from '@libp2p/gossipsub';
import { setTimeout as sleep } from 'node:timers/promises';
import { ADVERT_LIFETIME_MS, type Advert } from '@nunet/shared/advert.ts';
import { MIN_INTERVAL_MS, type AdvertBook } from '@nunet/shared/advert-book.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { PeerLimits } from '@nunet/shared/peer-limits.ts';
import { signStatement, type Signed, type Signer } from '@nunet/shared/signature.ts';
import { advertTopic, PROTOCOLS } from '@nunet/shared/wire.ts';
import type { NetworkNode } from './node.ts';
import { serve } from './protocol.ts';

/** What an agent decides about its advert; network, peer, addresses and times are filled in. */
export type Offer = Pick<Advert, 'agentVersion' | 'kinds' | 'sandbox' | 'asset' | 'price' | 'total' | 'free' | 'benchmark'>;

/** Three chances to be heard within one lifetime. */
export const ADVERT_INTERVAL_MS = ADVERT_LIFETIME_MS / 3;
/** Addresses an advert carries: a dozen of the longest fit its size limit. */
const MAX_ADDRESSES = 12;
/** A hub passes on what 2,000 agents say every 20 s; what comes faster from one peer is not even verified. */
const GOSSIP_LIMIT = { maxOpenAPeer: Infinity, maxOpen: Infinity, burst: 300, perSecond: 100 };

export interface Adverts {
  /** Says the current offer now; for when it has changed. Null from `offer`, or no address: says nothing. */
  publish(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Listens to adverts into the book, and publishes our own every `everyMs` while `offer` gives one. With `serveCurrent` (hubs)
 * also answers "who is there?".
 */
export async function startAdverts(options: {
  node: NetworkNode;
  book: AdvertBook;
  signer: Signer;
  offer: () => Offer | null;
  serveCurrent: boolean;
  now: () => number;
  everyMs?: number;
  /** Hears of each advert of our own before anybody else does. */
  onSigned?: (signed: Signed<Advert>) => void;
  /** For the local log. */
  onProblem?: (error: unknown) => void;
}): Promise<Adverts> {
  const { node, book } = options;
  const topic = advertTopic(node.network);
  const gossip = node.libp2p.services.gossip;
  const limits = new PeerLimits(GOSSIP_LIMIT, () => performance.now());
  gossip.topicValidators.set(topic, (peer, message) => {
    const admission = limits.admit(peer.toString());
    if (admission.type !== 'admitted') return TopicValidatorResult.Ignore;
    admission.release();
    const offered = book.offer(message.data);
    if (offered.type === 'taken') return TopicValidatorResult.Accept;
    // A rejected message counts against the peer that passed it on: it should have checked as we did.
    return offered.type === 'invalid' ? TopicValidatorResult.Reject : TopicValidatorResult.Ignore;
  });
  gossip.subscribe(topic);
  if (options.serveCurrent) await serveCurrentAdverts(node, book);

  const stopping = new AbortController();
  const signal = AbortSignal.any([stopping.signal, node.signal]);
  const publishNow = async (): Promise<void> => {
    const offer = options.offer();
    // A relayed connection that does not become a WebRTC one carries 128 KiB: of no use to a job.
    const useful = node.addresses().filter((address) => !address.includes('/p2p-circuit') || address.includes('/webrtc/'));
    const addresses = useful.slice(0, MAX_ADDRESSES);
    if (offer === null || addresses.length === 0 || signal.aborted) return;
    const issuedAt = options.now();
    const expiresAt = issuedAt + ADVERT_LIFETIME_MS;
    const body: Advert = { v: 1, network: node.network, peerId: node.peerId, addresses, ...offer, issuedAt, expiresAt };
    const signed = await signStatement('advert', body, options.signer);
    options.onSigned?.(signed);
    const { envelope } = signed;
    book.offer(envelope);
    await gossip.publish(topic, envelope);
  };
  let last: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  // Changes that come close together are one advert: others do not listen more often than MIN_INTERVAL_MS.
  const publishNext = async (): Promise<void> => {
    await last;
    next = undefined;
    await publishNow();
    last = sleep(MIN_INTERVAL_MS + 100, undefined, { signal, ref: false }).catch(() => undefined);
  };
  const publish = (): Promise<void> => (next ??= publishNext());
  const publishOnChange = (): void => void publish().catch((error: unknown) => options.onProblem?.(error));

  const loop = (async () => {
    while (!signal.aborted) {
      publishOnChange();
      await sleep(options.everyMs ?? ADVERT_INTERVAL_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  })();
  // A new address (a relay's reservation, a renewed certificate) is news, and a hub that has just subscribed has not heard us yet.
  node.libp2p.addEventListener('self:peer:update', publishOnChange);
  gossip.addEventListener('subscription-change', publishOnChange);
  return {
    publish,
    stop: async () => {
      if (stopping.signal.aborted) return loop;
      stopping.abort();
      node.libp2p.removeEventListener('self:peer:update', publishOnChange);
      gossip.removeEventListener('subscription-change', publishOnChange);
      gossip.topicValidators.delete(topic);
      // A stopped node has left the topic already, and refuses to leave it again.
      if (!node.signal.aborted) gossip.unsubscribe(topic);
      await loop;
    },
  };
}

/** Answers "who is there?" from the book. */
async function serveCurrentAdverts(node: NetworkNode, book: AdvertBook): Promise<void> {
  await serve(node, 'adverts', async (message) => {
    if (message.network !== node.network) {
      throw new NunetError('network-mismatch', `Cannot tell adverts of ${message.network}: this hub serves ${node.network}`);
    }
    const adverts: Uint8Array[] = [];
    let room = PROTOCOLS.adverts.maxResponseBytes - 1024;
    const only = message.of === undefined ? null : book.of(message.of);
    for (const { envelope } of only === null ? book.current() : only === undefined ? [] : [only]) {
      // 3 bytes of length in front of each.
      room -= envelope.length + 3;
      if (room < 0 || adverts.length === 500) break;
      adverts.push(envelope);
    }
    return { type: 'adverts', adverts };
  });
}
