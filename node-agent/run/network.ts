// The Network port over a libp2p node and a block store: one job's conversation with hubs and agents.
import { NunetError } from '@nunet/shared/errors.ts';
import type { Network } from '@nunet/shared/job-flow/ports.ts';
import type { NetworkRecord } from '@nunet/shared/network-record.ts';
import type { BlobStore } from '../blobs.ts';
import { fetchAdverts } from '../network/adverts.ts';
import { sendAnswer } from '../network/answer.ts';
import { serveBlocks } from '../network/blocks.ts';
import { follow } from '../network/follow.ts';
import type { NetworkNode } from '../network/node.ts';
import { request } from '../network/protocol.ts';
import { sendRelease } from '../network/release.ts';

interface Readers {
  peerIds: readonly string[];
  anybody: boolean;
}

/** Serves blocks from now on; which ones `serveInputs` decides. `record` gives the newest network record. */
export async function nodeNetwork(parts: {
  node: NetworkNode;
  store: BlobStore;
  record: NetworkRecord;
  hubs: readonly string[];
  now: () => number;
}): Promise<Network> {
  const { node, store, record, hubs } = parts;
  const readers = new Map<string, Readers>();
  await serveBlocks(node, async (jobId, cid, peerId) => {
    const allowed = readers.get(jobId);
    return allowed !== undefined && (allowed.anybody || allowed.peerIds.includes(peerId)) ? store.read(jobId, cid) : null;
  });
  return {
    async adverts(signal) {
      if (hubs.length === 0)
        throw new NunetError('hub-missing', 'Cannot look for agents: the network record names no hub and --hub was not given');
      const isRevoked = (peerId: string): boolean => record.revokedPeers.includes(peerId);
      const asked = await Promise.allSettled(hubs.map((hub) => fetchAdverts(node, hub, { now: parts.now, signal, isRevoked })));
      signal.throwIfAborted();
      const answers = asked.filter((hub) => hub.status === 'fulfilled').map((hub) => hub.value);
      const down = asked.find((hub) => hub.status === 'rejected');
      if (answers.length === 0 && down !== undefined) throw down.reason;
      // Hubs tell the same adverts; the newest of each agent counts.
      const newest = new Map<string, (typeof answers)[number][number]>();
      for (const advert of answers.flat()) {
        const known = newest.get(advert.body.peerId);
        if (known === undefined || known.body.issuedAt < advert.body.issuedAt) newest.set(advert.body.peerId, advert);
      }
      return [...newest.values()];
    },
    requestQuote: (agent, message, signal) => request(node, agent, 'quote', message, signal),
    release: (agent, jobId, signal) => sendRelease(node, agent, jobId, signal),
    run: (agent, message, signal) => request(node, agent, 'run', message, signal),
    follow: (agent, message, signal) => follow(node, agent, message, signal),
    answer: (agent, message, signal) => sendAnswer(node, agent, message, signal),
    serveInputs(jobId, _inputs, allowed) {
      readers.set(jobId, allowed);
      return Promise.resolve();
    },
    ownAddresses: () => node.addresses(),
  };
}
