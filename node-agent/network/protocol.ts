// Serves protocols on a libp2p node. What an exchange is, and its limits, live in shared/.
import type { Connection, Stream } from '@libp2p/interface';
import type { Answerer } from '@nunet/shared/exchange.ts';
import type { PeerLimit } from '@nunet/shared/peer-limits.ts';
import { PEER_LIMITS, streamServer, STREAMS_TO_REFUSE } from '@nunet/shared/peer-server.ts';
import { PROTOCOLS, type ProtocolName } from '@nunet/shared/wire.ts';
import type { NetworkNode } from './node.ts';

export interface ServeOptions {
  limit?: PeerLimit;
  /** Milliseconds from any fixed origin. */
  now?: () => number;
  requestTimeoutMs?: number;
  /** For the local log only; the peer was told the safe part already. */
  onFailure?: (error: unknown, peerId: string) => void;
}

/** Answers one protocol from now on. The answerer returns one answer, or an async iterable of answers that is read as fast as the peer takes them. */
export async function serve<Name extends ProtocolName>(
  node: NetworkNode,
  name: Name,
  answerer: Answerer<Name>,
  options: ServeOptions = {},
): Promise<void> {
  const limit = options.limit ?? PEER_LIMITS[name];
  const answer = streamServer(name, answerer, { now: () => performance.now(), ...options, limit, signal: node.signal });
  await node.libp2p.handle(
    PROTOCOLS[name].id,
    (stream: Stream, connection: Connection) => answer(stream, connection.remotePeer.toString()),
    // libp2p counts a connection's streams; the limit counts a peer's, over all its connections.
    { maxInboundStreams: limit.maxOpenAPeer + STREAMS_TO_REFUSE, maxOutboundStreams: 64, force: true },
  );
}
