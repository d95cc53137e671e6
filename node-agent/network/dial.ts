// Opens streams on a libp2p node: texts become its peer ids and addresses.
import type { Libp2p, PeerId, Stream } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr';
import { dialPeer, type DialTo } from '@nunet/shared/dial-peer.ts';
import type { Target } from '@nunet/shared/peer-client.ts';
import type { ProtocolName } from '@nunet/shared/wire.ts';

/** As `dialPeer`. */
export const openStream = (
  libp2p: Pick<Libp2p, 'dialProtocol'>,
  target: Target,
  name: ProtocolName,
  signal: AbortSignal,
  force: boolean,
): Promise<Stream> => dialPeer((to, id, options) => libp2p.dialProtocol(dialable(to), id, options), target, name, signal, force);

function dialable({ peerId, addresses }: DialTo): PeerId | Multiaddr[] {
  const readable = addresses.flatMap((address) => {
    try {
      return [multiaddr(address)];
    } catch {
      // A text of a stranger that is no address must not keep us from the next.
      return [];
    }
  });
  return readable.length === 0 && peerId !== null ? peerIdFromString(peerId) : readable;
}
