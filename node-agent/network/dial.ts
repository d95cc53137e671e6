// Opens a stream of a protocol to a peer: over the connection that is there, or a new one.
import type { Libp2p, PeerId, Stream } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr';
import { NunetError } from '@nunet/shared/errors.ts';
import { peerOf, type Target } from '@nunet/shared/peer-client.ts';
import { PROTOCOLS, type ProtocolName } from '@nunet/shared/wire.ts';

const DIAL_TIMEOUT_MS = 15_000;

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
export async function openStream(
  libp2p: Pick<Libp2p, 'dialProtocol'>,
  target: Target,
  name: ProtocolName,
  signal: AbortSignal,
  force: boolean,
): Promise<Stream> {
  const dialSignal = AbortSignal.any([signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)]);
  try {
    const peer = dialable(target);
    const { id } = PROTOCOLS[name];
    try {
      return await libp2p.dialProtocol(peer, id, { signal: dialSignal, force });
    } catch (error) {
      // For some moments libp2p still offers a connection that has just died; only a new one tells whether the peer is there.
      if (force || dialSignal.aborted || isUnsupported(error)) throw error;
      return await libp2p.dialProtocol(peer, id, { signal: dialSignal, force: true });
    }
  } catch (cause) {
    signal.throwIfAborted();
    const who = peerOf(target);
    if (isUnsupported(cause)) {
      throw new NunetError('protocol-unsupported', `Cannot ask ${who}: it does not speak ${PROTOCOLS[name].id}`, { cause });
    }
    throw new NunetError(
      'peer-unreachable',
      `Cannot reach ${who}: no answer at its address; check that it runs and that the address is right`,
      { cause },
    );
  }
}

const isUnsupported = (error: unknown): boolean => error instanceof Error && error.name === 'UnsupportedProtocolError';
