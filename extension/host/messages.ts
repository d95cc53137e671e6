// What the runner asks of the host (offscreen document, Firefox's background page), and what the host tells it. The host says
// HOST_HELLO first; everything else on that port is one of these. The host holds no state that it could not be told again.
import { network } from '@nunet/shared/fields.ts';
import { z } from 'zod';

const bytes32 = z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length === 32, 'must be 32 bytes');

/** What the network frame is started with. */
export const frameConfig = z.strictObject({
  /** Ed25519 seed of a network key: never a key that money depends on. */
  seed: bytes32,
  network,
  /** Dial private addresses; for the devnet. */
  allowPrivate: z.boolean(),
  /** Addresses that are dialled first and kept; a reservation on them makes this browser reachable for agents and replays. */
  hubs: z.array(z.string().max(512)).max(16),
});
export type FrameConfig = z.infer<typeof frameConfig>;

/** Where a message carries a port, it is the only item of the transfer list. */
export const hostRequest = z.discriminatedUnion('type', [
  /** Mounts the network frame, or mounts it anew when the configuration differs. */
  z.strictObject({ type: z.literal('configure-network'), config: frameConfig }),
  z.strictObject({ type: z.literal('close-network') }),
  /** + port: the other end of a `FrameClient.attach` port. Only the runner's own may serve protocols to strangers. */
  z.strictObject({ type: z.literal('network-port'), role: z.enum(['runner', 'page']) }),
  /** The frame broke its protocol: away with it. */
  z.strictObject({ type: z.literal('remount-network') }),
  /** + port: starts transaction-worker.js at the first call; the worker takes the port as a `message` event of its scope. */
  z.strictObject({ type: z.literal('transaction-worker') }),
  /** + port: mounts a fresh /score.html, which takes the port by `takePort` (extension/host/frame-port.ts). */
  z.strictObject({ type: z.literal('score'), id: z.int().min(0) }),
  z.strictObject({ type: z.literal('score-end'), id: z.int().min(0) }),
  /** Opens the vault, starting it where it does not run, and answers with a `vault-port`. */
  z.strictObject({ type: z.literal('open-vault') }),
]);
export type HostRequest = z.infer<typeof hostRequest>;

export type NetworkFrameState =
  | { state: 'none' }
  /** Mounted; a port sent now is handed over as soon as the frame can take it. Attach anew at every one of these. */
  | { state: 'starting' }
  | { state: 'ready'; peerId: string }
  /** It fell silent, ended or broke the rules; the next `starting` comes by itself. */
  | { state: 'gone'; why: string };

export type HostEvent =
  /** `mount` counts mountings from 1: a port belongs to one of them. */
  | { type: 'network'; frame: NetworkFrameState; mount: number; remounts: number }
  | { type: 'score-gone'; id: number; why: 'asked' | 'limit' | 'crashed' }
  /** A worker that failed is started again by the next `transaction-worker`; ports of the failed one are dead. */
  | { type: 'transaction-worker-failed' }
  /** + port: one to the vault, of which the host keeps nothing. */
  | { type: 'vault-port' }
  /** + port: to the background script's end of what web pages ask (extension/cip30/). */
  | { type: 'dapp-port' };
