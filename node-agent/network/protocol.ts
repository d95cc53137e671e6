// Protocols over libp2p streams: serve one, ask one. What an exchange is lives in shared/exchange.ts; here are dialling, limits and time.
import type { Connection, PeerId, Stream } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr';
import { NunetError } from '@nunet/shared/errors.ts';
import { answerStream, ask, askMany, refuseStream, type Answerer, type AnswerOf } from '@nunet/shared/exchange.ts';
import { PROTOCOLS, type ProtocolName, type RequestOf } from '@nunet/shared/wire.ts';
import { PeerLimits, type PeerLimit } from './limits.ts';
import type { NetworkNode } from './node.ts';

/** A peer id (12D3Koo..., already known or connected), a multiaddr, or a peer with the addresses it may have. */
export type Target = string | { peerId: string; addresses: readonly string[] };

/** The whole request must be here by then, however slowly it is sent. */
const REQUEST_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 5_000;
const DIAL_TIMEOUT_MS = 15_000;
/** A caller over its limit is told so on a few streams; libp2p resets any beyond these unread. */
const STREAMS_TO_REFUSE = 4;
const REFUSAL_TIMEOUT_MS = 1_000;
const REFUSED = { busy: 'too many exchanges are open, wait for one to end', 'too-fast': 'you ask too often, wait a little' };

/** What one peer may ask of us. Blocks go in windows of 2 MiB, so 64 a second is far above any link. */
export const PEER_LIMITS: Record<ProtocolName, PeerLimit> = {
  adverts: { maxOpenAPeer: 2, maxOpen: 64, burst: 10, perSecond: 2 },
  quote: { maxOpenAPeer: 4, maxOpen: 64, burst: 20, perSecond: 5 },
  run: { maxOpenAPeer: 4, maxOpen: 64, burst: 20, perSecond: 5 },
  follow: { maxOpenAPeer: 16, maxOpen: 512, burst: 40, perSecond: 10 },
  answer: { maxOpenAPeer: 4, maxOpen: 64, burst: 20, perSecond: 5 },
  release: { maxOpenAPeer: 4, maxOpen: 64, burst: 20, perSecond: 5 },
  blocks: { maxOpenAPeer: 8, maxOpen: 128, burst: 128, perSecond: 64 },
};

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
  const limits = new PeerLimits(limit, options.now ?? (() => performance.now()));
  const { timeoutMs } = PROTOCOLS[name];
  await node.libp2p.handle(
    PROTOCOLS[name].id,
    async (stream: Stream, connection: Connection) => {
      const peerId = connection.remotePeer.toString();
      const admission = limits.admit(peerId);
      if (admission.type !== 'admitted') {
        const reason = new NunetError(admission.type, `Cannot answer ${name} now: ${REFUSED[admission.type]}`);
        await refuseStream(stream, reason, AbortSignal.timeout(REFUSAL_TIMEOUT_MS));
        return;
      }
      try {
        await answerStream(stream, name, answerer, {
          peerId,
          requestSignal: AbortSignal.timeout(options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS),
          signal: timeoutMs > 0 ? AbortSignal.any([node.signal, AbortSignal.timeout(timeoutMs)]) : node.signal,
          closeSignal: () => AbortSignal.timeout(CLOSE_TIMEOUT_MS),
          onFailure: (error) => options.onFailure?.(error, peerId),
        });
      } finally {
        admission.release();
      }
    },
    // libp2p counts a connection's streams; ours above counts a peer's, over all its connections.
    { maxInboundStreams: limit.maxOpenAPeer + STREAMS_TO_REFUSE, maxOutboundStreams: 64, force: true },
  );
}

/** Addresses of the peer itself only: one that names another peer would have us talk to a stranger. */
function dialable(target: Target): PeerId | Multiaddr | Multiaddr[] {
  if (typeof target === 'string') return target.startsWith('/') ? multiaddr(target) : peerIdFromString(target);
  const addresses = target.addresses.flatMap((text) => {
    try {
      const address = multiaddr(text);
      const last = address.getComponents().at(-1);
      if (last?.name !== 'p2p') return [address.encapsulate(`/p2p/${target.peerId}`)];
      return last.value === target.peerId ? [address] : [];
    } catch {
      return [];
    }
  });
  return addresses.length > 0 ? addresses : peerIdFromString(target.peerId);
}

/** Opens a stream of the protocol to the target; `force` dials anew even when a connection is open. Throws `peer-unreachable` or `protocol-unsupported`. */
async function open(node: NetworkNode, target: Target, name: ProtocolName, signal: AbortSignal, force: boolean): Promise<Stream> {
  const dialSignal = AbortSignal.any([signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)]);
  try {
    const peer = dialable(target);
    const { id } = PROTOCOLS[name];
    try {
      return await node.libp2p.dialProtocol(peer, id, { signal: dialSignal, force });
    } catch (error) {
      // For some moments libp2p still offers a connection that has just died; only a new one tells whether the peer is there.
      if (force || dialSignal.aborted || isUnsupported(error)) throw error;
      return await node.libp2p.dialProtocol(peer, id, { signal: dialSignal, force: true });
    }
  } catch (cause) {
    signal.throwIfAborted();
    const who = typeof target === 'string' ? target : target.peerId;
    if (isUnsupported(cause)) {
      throw new NunetError('protocol-unsupported', `Cannot ask ${who}: it does not speak ${PROTOCOLS[name].id}`, { cause });
    }
    throw new NunetError(
      'peer-unreachable',
      `Cannot reach ${who}: no answer at its address; check that it runs and that the address is right`,
      {
        cause,
      },
    );
  }
}

const isUnsupported = (error: unknown): boolean => error instanceof Error && error.name === 'UnsupportedProtocolError';

/** A timeout of ours gets a name; the caller's own abort stays what it was. */
function named(error: unknown, name: ProtocolName, deadline: AbortSignal, signal: AbortSignal): unknown {
  if (!signal.aborted && deadline.aborted) {
    return new NunetError('peer-timeout', `Cannot wait longer for ${name}: no whole answer within ${PROTOCOLS[name].timeoutMs} ms`, {
      cause: error,
    });
  }
  return error;
}

const NEVER = new AbortController().signal;
const deadlineOf = (name: ProtocolName): AbortSignal =>
  PROTOCOLS[name].timeoutMs > 0 ? AbortSignal.timeout(PROTOCOLS[name].timeoutMs) : NEVER;
const closeSignal = (): AbortSignal => AbortSignal.timeout(CLOSE_TIMEOUT_MS);

/** One request, one answer. Throws `peer-unreachable`, `protocol-unsupported`, `peer-timeout`, `peer-failure`, `stream-closed`, or as `decode`. */
export async function request<Name extends ProtocolName>(
  node: NetworkNode,
  target: Target,
  name: Name,
  message: RequestOf<Name>,
  signal: AbortSignal,
): Promise<AnswerOf<Name>> {
  const deadline = deadlineOf(name);
  const both = AbortSignal.any([signal, deadline]);
  try {
    const stream = await open(node, target, name, both, false);
    return await ask(stream, name, message, { signal: both, closeSignal });
  } catch (error) {
    throw named(error, name, deadline, signal);
  }
}

/** One request, many answers, read at the caller's pace; leaving the loop ends the exchange. Throws as `request`. */
export async function* requestMany<Name extends ProtocolName>(
  node: NetworkNode,
  target: Target,
  name: Name,
  message: RequestOf<Name>,
  signal: AbortSignal,
  options: { force?: boolean } = {},
): AsyncGenerator<AnswerOf<Name>, void, undefined> {
  const deadline = deadlineOf(name);
  const both = AbortSignal.any([signal, deadline]);
  try {
    const stream = await open(node, target, name, both, options.force ?? false);
    yield* askMany(stream, name, message, { signal: both, closeSignal });
  } catch (error) {
    throw named(error, name, deadline, signal);
  }
}
