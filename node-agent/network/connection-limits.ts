// How many connections a node holds and how many may be on their way: the numbers behind gater.ts and admission.ts.
import type { AdmissionLimits } from './admission.ts';
import type { ConnectionLimits } from './gater.ts';

export type NodeLimits = AdmissionLimits & ConnectionLimits;

/** Measured: 0.63 MB a WebRTC connection, so 256 of them are 160 MB. */
const MAX_CONNECTIONS = { agent: 256, hub: 1024 };
/** Slots that only reserved peers may take. */
const MAX_RESERVED_SLOTS = 64;
const MAX_CONNECTIONS_A_PEER = 4;
const MAX_CONNECTIONS_AN_ADDRESS = 32;
/**
 * Of connections that are being made. Measured: 2.5 ms of CPU for a WebRTC attempt that comes to nothing, so 30 a second take a thirteenth
 * of a core; none can take more memory than a whole connection, so 64 are 40 MB at most.
 */
const ADMISSION: Record<'agent' | 'hub', AdmissionLimits> = {
  agent: { maxPending: 64, maxPendingAnAddress: 8, keptPending: 16, burst: 64, perSecond: 30 },
  hub: { maxPending: 128, maxPendingAnAddress: 16, keptPending: 32, burst: 128, perSecond: 60 },
};

export function connectionLimits(options: {
  hub: boolean;
  allowPrivate: boolean;
  maxConnections?: number;
  limits?: Partial<NodeLimits>;
}): NodeLimits {
  const kind = options.hub ? 'hub' : 'agent';
  const maxConnections = options.maxConnections ?? MAX_CONNECTIONS[kind];
  return {
    ...ADMISSION[kind],
    maxConnections,
    reservedSlots: Math.min(MAX_RESERVED_SLOTS, Math.floor(maxConnections / 4)),
    maxConnectionsAPeer: MAX_CONNECTIONS_A_PEER,
    maxConnectionsAnAddress: MAX_CONNECTIONS_AN_ADDRESS,
    // On the devnet all agents share the loopback address.
    ...(options.allowPrivate ? { maxConnectionsAnAddress: Infinity, maxPendingAnAddress: Infinity } : {}),
    ...options.limits,
  };
}
