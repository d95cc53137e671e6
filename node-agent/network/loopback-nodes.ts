// Real nodes on loopback for tests: every transport, free ports, stopped after each test. Never imported by a program.
import { blake2b256 } from '@nunet/shared/encoding.ts';
import { onTestFinished } from 'vitest';
import { peerKeyOfSeed, type PeerKey } from './identity.ts';
import { createNode, type NetworkNode, type NodeOptions } from './node.ts';

export const LOOPBACK = { host: '127.0.0.1', port: 0 };
export const TRANSPORTS = ['tcp', 'ws', 'webrtc-direct'] as const;
export type TransportName = (typeof TRANSPORTS)[number];

/** The key behind `sampleSigner(name)`, so that samples and nodes can be one peer. */
export const sampleKey = (name: string): PeerKey => peerKeyOfSeed(blake2b256(new TextEncoder().encode(`nunet sample key: ${name}`)));

/** A node that lives as long as the test. Listens on every transport unless told otherwise. */
export async function loopbackNode(name: string, options: Partial<NodeOptions> = {}): Promise<NetworkNode> {
  const node = await createNode({
    network: 'devnet',
    privateKey: sampleKey(name).seed,
    listen: { tcp: LOOPBACK, ws: LOOPBACK, webrtcDirect: LOOPBACK },
    hub: false,
    allowPrivate: true,
    signal: new AbortController().signal,
    ...options,
  });
  onTestFinished(() => node.stop());
  return node;
}

/** A node that only dials. */
export const dialingNode = (name: string, options: Partial<NodeOptions> = {}): Promise<NetworkNode> =>
  loopbackNode(name, { listen: {}, ...options });

/** The node's address of one transport. */
export function addressOf(node: NetworkNode, transport: TransportName): string {
  const found = node.addresses().find((address) => {
    if (transport === 'webrtc-direct') return address.includes('/webrtc-direct/');
    return transport === 'ws' ? address.includes('/ws/') : address.includes('/tcp/') && !address.includes('/ws/');
  });
  if (found === undefined) throw new Error(`the node does not listen on ${transport}`);
  return found;
}
