// One libp2p node: transports, identity that survives restarts, gossip, relay, and the bounds on what strangers may take of it.
import { mkdir } from 'node:fs/promises';
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2';
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import { gossipsub, StrictNoSign, type GossipSub } from '@libp2p/gossipsub';
import { createTopicScoreParams } from '@libp2p/gossipsub/score';
import { identify } from '@libp2p/identify';
import { KEEP_ALIVE, type Libp2p } from '@libp2p/interface';
import { keychain } from '@libp2p/keychain';
import { noise } from '@libp2p/noise';
import { peerIdFromString } from '@libp2p/peer-id';
import { ping } from '@libp2p/ping';
import { tcp } from '@libp2p/tcp';
import { isPrivate } from '@libp2p/utils';
import { yamux } from '@libp2p/yamux';
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { LevelDatastore } from 'datastore-level';
import { createLibp2p } from 'libp2p';
import { blake2b256 } from '@nunet/shared/encoding.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import type { Network } from '@nunet/shared/fields.ts';
import { advertTopic } from '@nunet/shared/wire.ts';
import { MAX_ADVERT_BYTES } from '@nunet/shared/advert.ts';
import { CONNECTION_MONITOR } from '@nunet/shared/connection-monitor.ts';
import type { Dialer } from '@nunet/shared/peer-client.ts';
import { within } from '../within.ts';
import { Admission } from './admission.ts';
import { connectionLimits, type NodeLimits } from './connection-limits.ts';
import { openStream } from './dial.ts';
import { gaterOf, hostOf } from './gater.ts';
import { ReservedPeers } from './reserved-peers.ts';
import { loadWebrtcTransports, MAX_INBOUND_STREAMS, type Admitting } from './webrtc-transports.ts';
import { loadWebsocketTransport } from './websocket-transport.ts';

/** For closing connections at a stop; what is not closed by then is left to the process's end. */
const STOP_LIMIT_MS = 5_000;

/** An IP address to bind and a port; 0 takes a free one. */
export interface ListenAt {
  host: string;
  port: number;
}

export interface NodeOptions {
  network: Network;
  /** 32-byte Ed25519 seed of the peer key. */
  privateKey: Uint8Array;
  listen: {
    tcp?: ListenAt;
    ws?: ListenAt;
    webrtcDirect?: ListenAt;
    /** Take a reservation on a connected hub, so that an agent behind NAT can be reached through it. */
    relay?: boolean;
  };
  /** Folder of known peers and of the WebRTC certificate; without it the certhash changes at each start. */
  datastorePath?: string;
  /** Relay for others, with a wider gossip mesh. */
  hub: boolean;
  /** Dial and announce private addresses. For the devnet; otherwise only paired peers are dialled there. */
  allowPrivate: boolean;
  agentVersion?: string;
  /** All connections; a quarter of them, 64 at most, are kept for reserved peers. */
  maxConnections?: number;
  /** Other bounds than the usual ones: for tests. */
  limits?: Partial<NodeLimits>;
  /** Stops the node. */
  signal: AbortSignal;
}

/** A started node. */
export interface NetworkNode extends Dialer {
  readonly libp2p: Libp2p<{ gossip: GossipSub }>;
  readonly peerId: string;
  readonly network: Network;
  /** Aborts when the node stops. */
  readonly signal: AbortSignal;
  /** Where it can be reached, peer id included. */
  addresses(): string[];
  /** Keeps a connection slot for this peer and counts how many asked for it: its owner, and the other peer of each running job. */
  reserve(peerId: string): void;
  release(peerId: string): void;
  stop(): Promise<void>;
}

/**
 * The certhash is part of every address that others store, so the longest life that works: js-libp2p renews by one timer a day
 * before the end, and a timer of more than 2^31 ms (24.8 days) fires at once, for ever.
 */
const CERTIFICATE_LIFESPAN_MS = 24 * 86_400_000;

const listenText = (at: ListenAt | undefined, kind: 'tcp' | 'ws' | 'webrtc-direct'): string[] => {
  if (at === undefined) return [];
  const ip = `/${at.host.includes(':') ? 'ip6' : 'ip4'}/${at.host}`;
  if (kind === 'webrtc-direct') return [`${ip}/udp/${at.port}/webrtc-direct`];
  return [`${ip}/tcp/${at.port}${kind === 'ws' ? '/ws' : ''}`];
};

/** `admit` is no option of the library: the loaders of the transports add it. */
const withAdmission = <T extends object>(init: T, admit: Admitting['admit']): T => Object.assign(init, { admit });

/** Only public STUN servers would be contacted by default; a direct connection needs none. */
const rtcConfiguration = { iceServers: [] };

/** Starts a node. Throws `listen-failed` when an address cannot be bound. */
export async function createNode(options: NodeOptions): Promise<NetworkNode> {
  options.signal.throwIfAborted();
  const { hub, allowPrivate, listen } = options;
  const reserved = new ReservedPeers();
  const limits = connectionLimits(options);
  // One for each port: whoever floods one of them leaves the others as they were.
  const admissionOf = (): Admission =>
    new Admission(
      limits,
      (from) => reserved.isFrom(from),
      () => performance.now(),
    );
  const [onWebrtc, onSockets, onStreams] = [admissionOf(), admissionOf(), admissionOf()];
  const datastore = options.datastorePath === undefined ? undefined : await openDatastore(options.datastorePath);
  const { webRTC, webRTCDirect } = await loadWebrtcTransports();
  const { webSockets } = await loadWebsocketTransport();
  const admit = (from: string) => onWebrtc.enter(from);
  const stopping = new AbortController();

  const gossip = gossipsub({
    allowPublishToZeroTopicPeers: true,
    allowedTopics: [advertTopic(options.network)],
    // Adverts carry their own signature; a second one would double the work. Messages are told apart by their content.
    globalSignaturePolicy: StrictNoSign,
    // An envelope, gossip's own signature and field headers; anything longer is not even decoded.
    maxInboundDataLength: MAX_ADVERT_BYTES + 512,
    ...(hub ? { D: 24, Dlo: 12, Dhi: 64, Dscore: 8 } : {}),
    scoreParams: {
      // Agents behind one NAT, or all on loopback, share an address; the default weight then silences all of them.
      IPColocationFactorWeight: 0,
      topics: { [advertTopic(options.network)]: advertScore },
    },
    decodeRpcLimits: {
      maxSubscriptions: 16,
      maxMessages: 256,
      maxIhaveMessageIDs: 2_000,
      maxIwantMessageIDs: 2_000,
      maxIdontwantMessageIDs: 512,
      maxControlMessages: 128,
      maxPeerInfos: 16,
    },
  });

  let libp2p: Libp2p<{ gossip: GossipSub }>;
  try {
    libp2p = await createLibp2p({
      privateKey: await generateKeyPairFromSeed('Ed25519', options.privateKey),
      nodeInfo: { userAgent: options.agentVersion ?? 'nunet' },
      ...(datastore === undefined ? {} : { datastore }),
      addresses: {
        listen: [
          ...listenText(listen.tcp, 'tcp'),
          ...listenText(listen.ws, 'ws'),
          ...listenText(listen.webrtcDirect, 'webrtc-direct'),
          ...(listen.relay === true ? ['/p2p-circuit', '/webrtc'] : []),
        ],
        announceFilter: (addresses) => (allowPrivate ? addresses : addresses.filter((address) => !isPrivate(address))),
      },
      transports: [
        tcp(),
        webSockets(withAdmission({}, (from) => onSockets.enter(from))),
        webRTCDirect(withAdmission({ rtcConfiguration, certificateLifespan: CERTIFICATE_LIFESPAN_MS }, admit)),
        webRTC(withAdmission({ rtcConfiguration }, admit)),
        circuitRelayTransport(),
      ],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux({ maxInboundStreams: MAX_INBOUND_STREAMS, maxOutboundStreams: 512 })],
      connectionManager: {
        maxConnections: limits.maxConnections,
        // The default of 5 a second an address turns a handful of agents behind one NAT away.
        inboundConnectionThreshold: allowPrivate ? 500 : 20,
        inboundUpgradeTimeout: 5_000,
        // The gater counts them, and keeps some for reserved peers.
        maxIncomingPendingConnections: Infinity,
      },
      connectionMonitor: CONNECTION_MONITOR,
      connectionGater: gaterOf({
        reserved,
        limits,
        admission: onStreams,
        allowPrivate,
        now: () => Date.now(),
        connections: () => libp2p.getConnections(),
      }),
      services: {
        // First: gossip and relay wait for what identify learns.
        identify: identify(),
        ping: ping(),
        gossip,
        ...(datastore === undefined ? {} : { keychain: keychain(keychainInit(options.privateKey)) }),
        ...(hub ? { relay: relayServer() } : {}),
      },
    });
  } catch (cause) {
    await datastore?.close();
    // The certificate's key in the store opens with the peer key only.
    if (cause instanceof Error && /Encrypted key|decrypt/i.test(cause.message)) {
      throw new NunetError(
        'datastore-foreign',
        `Cannot use ${options.datastorePath}: it was made with another peer key; restore that key or move the folder away`,
        { cause },
      );
    }
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new NunetError('listen-failed', `Cannot start the network node: ${reason.slice(0, 300)}`, { cause });
  }

  libp2p.addEventListener('connection:open', ({ detail: { remotePeer, remoteAddr } }) => {
    reserved.seen(remotePeer.toString(), hostOf(remoteAddr) ?? '');
  });

  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> =>
    (stopped ??= (async () => {
      stopping.abort(new NunetError('node-stopped', 'The network node was stopped'));
      options.signal.removeEventListener('abort', onAbort);
      // A demo run once never ended after a peer was killed: closing must not wait for ever for the other side.
      await within(STOP_LIMIT_MS, Promise.resolve(libp2p.stop()));
      await datastore?.close();
    })());
  const onAbort = (): void => void stop();
  options.signal.addEventListener('abort', onAbort, { once: true });

  const tag = (peerId: string, on: boolean): void => {
    // Tags keep the connection when others are pruned, and make libp2p dial again when it is lost.
    const tags = { [`${KEEP_ALIVE}-nunet`]: on ? { value: 100 } : undefined };
    libp2p.peerStore.merge(peerIdFromString(peerId), { tags }).catch(() => undefined);
  };
  return {
    libp2p,
    peerId: libp2p.peerId.toString(),
    network: options.network,
    signal: stopping.signal,
    open: (target, name, signal, force) => openStream(libp2p, target, name, signal, force),
    addresses: () => libp2p.getMultiaddrs().map(String),
    reserve: (peerId) => {
      if (!reserved.add(peerId)) return;
      tag(peerId, true);
      for (const { remoteAddr } of libp2p.getConnections(peerIdFromString(peerId))) reserved.seen(peerId, hostOf(remoteAddr) ?? '');
    },
    release: (peerId) => {
      if (reserved.remove(peerId)) tag(peerId, false);
    },
    stop,
  };
}

async function openDatastore(path: string): Promise<LevelDatastore> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const datastore = new LevelDatastore(path);
  try {
    await datastore.open();
  } catch (cause) {
    throw new NunetError(
      'datastore-locked',
      `Cannot open ${path}: another agent uses it, or it is damaged; stop that agent or move the folder away`,
      {
        cause,
      },
    );
  }
  return datastore;
}

/** The keychain holds the certificate's key only; its password follows from the peer key, so that there is one secret to keep. */
function keychainInit(seed: Uint8Array) {
  const secret = bytesToHex(blake2b256(concatBytes(utf8ToBytes('nunet/keychain/1\0'), seed)));
  return { pass: secret, dek: { hash: 'sha2-512', salt: secret.slice(0, 32), iterationCount: 10_000, keyLength: 64 } };
}

/** Three forged adverts in a row (-10 times 3 squared) put a peer below the graylist threshold of -80; it recovers over minutes. */
const advertScore = createTopicScoreParams({
  topicWeight: 1,
  timeInMeshWeight: 0,
  firstMessageDeliveriesWeight: 0,
  // Star topologies deliver most messages through one hub; silence is not misbehaviour.
  meshMessageDeliveriesWeight: 0,
  meshFailurePenaltyWeight: 0,
  invalidMessageDeliveriesWeight: -10,
  invalidMessageDeliveriesDecay: 0.99,
});

/** Signalling only: nothing but the WebRTC handshake fits through. */
const relayServer = () =>
  circuitRelayServer({
    reservations: {
      maxReservations: 256,
      reservationTtl: 30 * 60_000,
      applyDefaultLimit: true,
      defaultDurationLimit: 60_000,
      defaultDataLimit: 128n * 1024n,
    },
    maxInboundHopStreams: 32,
    maxOutboundStopStreams: 64,
  });
