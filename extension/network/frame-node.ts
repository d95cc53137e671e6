// The libp2p node of the network frame: WebRTC-direct, WebRTC through a hub, WebSocket; a network key, nothing stored.
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2';
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import { identify } from '@libp2p/identify';
import type { Connection, ConnectionGater, PeerId, Stream } from '@libp2p/interface';
import { noise } from '@libp2p/noise';
import { peerIdFromString } from '@libp2p/peer-id';
import { ping } from '@libp2p/ping';
import { webRTC, webRTCDirect } from '@libp2p/webrtc';
import { webSockets } from '@libp2p/websockets';
import { yamux } from '@libp2p/yamux';
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr';
import { CONNECTION_MONITOR } from '@nunet/shared/connection-monitor.ts';
import { dialPeer, type DialTo } from '@nunet/shared/dial-peer.ts';
import { keepHubs } from '@nunet/shared/keep-hubs.ts';
import type { Dialer } from '@nunet/shared/peer-client.ts';
import { PEER_LIMITS, STREAMS_TO_REFUSE } from '@nunet/shared/peer-server.ts';
import { PROTOCOLS, type ProtocolName } from '@nunet/shared/wire.ts';
import { createLibp2p } from 'libp2p';
import type { FrameConfig } from '../host/messages.ts';
import type { FrameStatus } from './frame-link.ts';

export interface FrameNode extends Dialer {
  readonly peerId: string;
  open(...args: Parameters<Dialer['open']>): Promise<Stream>;
  /** From now on incoming streams of the protocol go there. */
  serve(name: ProtocolName, take: (stream: Stream, peerId: string) => void): Promise<void>;
  status(): FrameStatus;
  onChange(listener: () => void): void;
}

const HUB_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 64;
/** Machines of the person's own in one life of the frame. */
const MAX_OWN = 64;
/** Only public STUN servers would be contacted by default; a connection to an address needs none. */
const rtcConfiguration = { iceServers: [] };

export async function startFrameNode(config: FrameConfig): Promise<FrameNode> {
  const forever = new AbortController().signal;
  const gater: ConnectionGater = config.allowPrivate ? { denyDialMultiaddr: () => false } : {};
  const own = new Set<string>();
  const libp2p = await createLibp2p({
    privateKey: await generateKeyPairFromSeed('Ed25519', config.seed),
    nodeInfo: { userAgent: 'nunet-extension' },
    // A reservation on whichever hub is connected: agents and replayers behind no public address find us there.
    addresses: { listen: ['/p2p-circuit', '/webrtc'] },
    transports: [webRTCDirect({ rtcConfiguration }), webRTC({ rtcConfiguration }), webSockets(), circuitRelayTransport()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ maxInboundStreams: 256, maxOutboundStreams: 256 })],
    connectionManager: { maxConnections: MAX_CONNECTIONS, maxParallelDials: 16 },
    connectionMonitor: CONNECTION_MONITOR,
    connectionGater: gater,
    services: { identify: identify(), ping: ping() },
  });
  allowOwn(gater, own);
  void keepHubs({
    hubs: config.hubs,
    connect: async (hub, signal) => {
      const connection = await libp2p.dial(multiaddr(hub), { signal: AbortSignal.any([signal, AbortSignal.timeout(HUB_TIMEOUT_MS)]) });
      return { gone: new Promise((resolve) => connection.addEventListener('close', () => resolve(), { once: true })) };
    },
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    random: Math.random,
    signal: forever,
  });
  return {
    peerId: libp2p.peerId.toString(),
    open: (target, name, signal, force) => {
      if (typeof target !== 'string' && target.isOwn === true && own.size < MAX_OWN) own.add(target.peerId);
      return dialPeer((to, id, options) => libp2p.dialProtocol(dialable(to), id, options), target, name, signal, force);
    },
    serve: (name, take) =>
      libp2p.handle(PROTOCOLS[name].id, (stream, connection) => take(stream, connection.remotePeer.toString()), {
        maxInboundStreams: PEER_LIMITS[name].maxOpenAPeer + STREAMS_TO_REFUSE,
        maxOutboundStreams: 128,
        force: true,
      }),
    status: () => ({
      addresses: libp2p.getMultiaddrs().map(String).filter(isUseful).slice(0, 32),
      connections: libp2p.getConnections().filter(isWhole).slice(0, 256).map(describe),
    }),
    onChange(listener) {
      for (const event of ['connection:open', 'connection:close', 'self:peer:update'] as const) libp2p.addEventListener(event, listener);
    },
  };
}

/**
 * libp2p's own gater for browsers, which it puts where none is given, refuses private addresses and plain WebSockets: a stranger's advert
 * must not have this browser look around in its house. An own machine may stand there.
 */
function allowOwn(gater: ConnectionGater, own: ReadonlySet<string>): void {
  const usual = gater.denyDialMultiaddr?.bind(gater);
  gater.denyDialMultiaddr = (address) => {
    const parts = address.getComponents();
    const peerId = parts.findLast(({ name }) => name === 'p2p')?.value;
    const isDirect = parts.some(({ name }) => name === 'webrtc-direct');
    return isDirect && peerId !== undefined && own.has(peerId) ? false : (usual?.(address) ?? false);
  };
}

/** A relayed connection that does not become a WebRTC one carries 128 KiB: of no use to a job. */
const isUseful = (address: string): boolean => !address.includes('/p2p-circuit') || address.includes('/webrtc/');
/** A relayed connection carries the handshake of the real one, and nothing else. */
const isWhole = (connection: Connection): boolean => connection.limits === undefined;
const describe = (connection: Connection): FrameStatus['connections'][number] => ({
  peerId: connection.remotePeer.toString(),
  address: connection.remoteAddr.toString().slice(0, 512),
});

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
