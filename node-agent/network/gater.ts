// Gater: whom a node lets in and whom it dials. Strangers share what reserved peers do not need.
import type { Connection, ConnectionGater, MultiaddrConnection } from '@libp2p/interface';
import { isPrivate } from '@libp2p/utils';
import type { Multiaddr } from '@multiformats/multiaddr';
import { addressKey, type Admission, type Leave } from './admission.ts';
import type { ReservedPeers } from './reserved-peers.ts';

export interface ConnectionLimits {
  maxConnections: number;
  /** Slots among them that only reserved peers may take. */
  reservedSlots: number;
  maxConnectionsAPeer: number;
  maxConnectionsAnAddress: number;
}

/** A stranger's connection that is older than this and carries no exchange gives way to a newcomer when all slots are taken. */
const IDLE_AFTER_MS = 10_000;
const OWN_PROTOCOL = '/nunet/';

export function gaterOf(options: {
  reserved: ReservedPeers;
  limits: ConnectionLimits;
  admission: Admission;
  allowPrivate: boolean;
  /** POSIX ms, as a connection's timeline has it. */
  now: () => number;
  connections: () => Connection[];
}): ConnectionGater {
  const { reserved, limits, admission, allowPrivate, connections } = options;
  const leaves = new WeakMap<MultiaddrConnection, Leave>();

  /** A slot for a newcomer: a free one, or that of the oldest idle stranger. */
  const makesRoom = (open: readonly Connection[]): boolean => {
    if (open.length < limits.maxConnections - limits.reservedSlots) return true;
    const idle = open
      .filter((other) => other.direction === 'inbound' && !reserved.has(other.remotePeer.toString()))
      .filter((other) => options.now() - other.timeline.open > IDLE_AFTER_MS)
      .filter((other) => other.streams.every(({ protocol }) => !protocol.startsWith(OWN_PROTOCOL)))
      .reduce<Connection | null>((oldest, other) => (oldest === null || other.timeline.open < oldest.timeline.open ? other : oldest), null);
    idle?.abort(new Error('Another peer needs the connection more'));
    return idle !== null;
  };

  return {
    denyDialMultiaddr: (address) => {
      if (allowPrivate || !isPrivate(address)) return false;
      const peerId = address.getComponents().findLast((part) => part.name === 'p2p')?.value;
      return peerId === undefined || !reserved.has(peerId);
    },
    denyInboundConnection: (connection) => {
      // WebRTC attempts are counted from their first packet on (webrtc-transports.ts): this comes after their handshake.
      const from = strangerOf(connection.remoteAddr);
      if (from === null) return false;
      const leave = admission.enter(from);
      if (leave === null) return true;
      leaves.set(connection, leave);
      connection.addEventListener('close', leave, { once: true });
      return false;
    },
    denyInboundUpgradedConnection: (peerId, connection) => {
      leaves.get(connection)?.();
      const text = peerId.toString();
      const open = connections();
      if (open.filter((other) => other.remotePeer.toString() === text).length >= limits.maxConnectionsAPeer) return true;
      if (reserved.has(text)) return false;
      const host = hostOf(connection.remoteAddr);
      const address = host === undefined ? undefined : addressKey(host);
      const isHere = (other: Connection): boolean => addressKey(hostOf(other.remoteAddr) ?? '') === address;
      if (address !== undefined && open.filter(isHere).length >= limits.maxConnectionsAnAddress) return true;
      return !makesRoom(open);
    },
  };
}

export const hostOf = (address: Multiaddr): string | undefined =>
  address.getComponents().find((part) => part.name === 'ip4' || part.name === 'ip6')?.value;

/** Whom an attempt over TCP, WebSocket or a relay counts for: the address, or the peer that a relay names. Null for WebRTC. */
function strangerOf(address: Multiaddr): string | null {
  const parts = address.getComponents();
  if (parts.some(({ name }) => name === 'webrtc' || name === 'webrtc-direct')) return null;
  const isRelayed = parts.some(({ name }) => name === 'p2p-circuit');
  return (isRelayed ? parts.findLast(({ name }) => name === 'p2p')?.value : hostOf(address)) ?? '';
}
