// How a peer is dialled, over whatever libp2p node there is: which of its addresses count, one second try, and plain errors.
import { NunetError } from './errors.ts';
import type { ByteStream } from './frames.ts';
import { peerOf, type Target } from './peer-client.ts';
import { PROTOCOLS, type ProtocolName } from './wire.ts';

/** Whom to dial. Without an address that can be read: the peer, if it is known or connected already. */
export interface DialTo {
  peerId: string | null;
  addresses: readonly string[];
}

/** Opens a stream. Errors are the library's own. */
export type Dial = (to: DialTo, protocolId: string, options: { signal: AbortSignal; force: boolean }) => Promise<ByteStream>;

/** For both tries; libp2p itself gives an address 6 s. */
const DIAL_TIMEOUT_MS = 15_000;

/** Addresses of the peer itself only: one that names another peer would have us talk to a stranger. */
function toOf(target: Target): DialTo {
  if (typeof target === 'string') return target.startsWith('/') ? { peerId: null, addresses: [target] } : { peerId: target, addresses: [] };
  const addresses = target.addresses.flatMap((address) => {
    const named = /\/p2p\/([^/]*)$/.exec(address)?.[1];
    if (named === undefined) return [`${address}/p2p/${target.peerId}`];
    return named === target.peerId ? [address] : [];
  });
  return { peerId: target.peerId, addresses };
}

/** Opens a stream of the protocol to the target; `force` dials anew even when a connection is open. Throws `peer-unreachable` or `protocol-unsupported`. */
export async function dialPeer<Stream extends ByteStream>(
  dial: (...args: Parameters<Dial>) => Promise<Stream>,
  target: Target,
  name: ProtocolName,
  signal: AbortSignal,
  force: boolean,
): Promise<Stream> {
  const dialSignal = AbortSignal.any([signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)]);
  const { id } = PROTOCOLS[name];
  try {
    const to = toOf(target);
    try {
      return await dial(to, id, { signal: dialSignal, force });
    } catch (error) {
      // For some moments libp2p still offers a connection that has just died, and one dial in a hundred through a hub times out
      // (2 of 150 measured): only a new one tells whether the peer is there.
      if (force || dialSignal.aborted || isUnsupported(error)) throw error;
      return await dial(to, id, { signal: dialSignal, force: true });
    }
  } catch (cause) {
    signal.throwIfAborted();
    const who = peerOf(target);
    if (isUnsupported(cause)) throw new NunetError('protocol-unsupported', `Cannot ask ${who}: it does not speak ${id}`, { cause });
    throw new NunetError(
      'peer-unreachable',
      `Cannot reach ${who}: no answer at its address; check that it runs and that the address is right`,
      { cause },
    );
  }
}

const isUnsupported = (error: unknown): boolean => error instanceof Error && error.name === 'UnsupportedProtocolError';
