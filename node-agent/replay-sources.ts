// Where a replay fetches from: the addresses that evidence named, by peer, one after the other until one has the file.
import { multiaddr } from '@multiformats/multiaddr';
import { NunetError } from '@nunet/shared/errors.ts';
import { fetchFile } from './network/blocks.ts';
import type { NetworkNode } from './network/node.ts';
import type { ReplayParts } from './replay.ts';

/** Addresses without a peer id are of no use: nobody could be held to be that peer. */
export function peersOf(sources: readonly string[]): { peerId: string; addresses: string[] }[] {
  const peers = new Map<string, string[]>();
  for (const text of sources) {
    let peerId: string | undefined;
    try {
      peerId = multiaddr(text)
        .getComponents()
        .findLast((part) => part.name === 'p2p')?.value;
    } catch {
      continue;
    }
    if (peerId !== undefined) peers.set(peerId, [...(peers.get(peerId) ?? []), text]);
  }
  return [...peers].map(([peerId, addresses]) => ({ peerId, addresses }));
}

const isLocal = (error: unknown): boolean =>
  error instanceof NunetError ? error.code === 'store-full' : error instanceof Error && 'syscall' in error && 'path' in error;

export const fetchFromSources =
  (node: NetworkNode): ReplayParts['fetchFile'] =>
  async ({ jobId, cid, bytes }, sources, store, signal) => {
    const reasons: string[] = [];
    for (const peer of peersOf(sources)) {
      try {
        await fetchFile({ node, peer, jobId, cid, expectedBytes: bytes, store, signal });
        return;
      } catch (error) {
        signal.throwIfAborted();
        // A fault of this machine's disk must not look like a peer that withholds the file.
        if (isLocal(error)) throw error;
        reasons.push(error instanceof Error ? error.message : String(error));
      }
    }
    const why = reasons[0] ?? 'no source was named';
    throw new NunetError('file-unreachable', `Cannot fetch file ${cid} from ${sources.length} addresses: ${why}`.slice(0, 500));
  };
