// The Network port over a libp2p node and a block store: one job's conversation with hubs and agents.
import type { Network } from '@nunet/shared/job-flow/ports.ts';
import type { NetworkRecord } from '@nunet/shared/network-record.ts';
import { inputReaders } from '@nunet/shared/input-readers.ts';
import { peerNetwork } from '@nunet/shared/peer-network.ts';
import type { BlobStore } from '../blobs.ts';
import { serveBlocks } from '../network/blocks.ts';
import type { NetworkNode } from '../network/node.ts';

/** Serves blocks from now on; which ones `serveInputs` decides. */
export async function nodeNetwork(parts: {
  node: NetworkNode;
  store: BlobStore;
  record: NetworkRecord;
  hubs: readonly string[];
  now: () => number;
}): Promise<Network> {
  const { node, store } = parts;
  const readers = inputReaders((jobId, cid) => store.read(jobId, cid));
  await serveBlocks(node, readers.read);
  return peerNetwork({ ...parts, dialer: node, serveInputs: readers.serveInputs, ownAddresses: () => node.addresses() });
}
