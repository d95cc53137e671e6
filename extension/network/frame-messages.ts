// What is said over the ports of the network frame, one closed union a port and a direction. Version 1; both sides are of one
// build, so another version is a broken frame. What comes out of the frame is parsed as a stranger's: it talks to strangers.
import { multiaddrText, peerIdText } from '@nunet/shared/fields.ts';
import { PROTOCOLS, type ProtocolName } from '@nunet/shared/wire.ts';
import { z } from 'zod';
import { frameConfig } from '../host/messages.ts';

export const FRAME_VERSION = 1;

const protocolName = z.enum(Object.keys(PROTOCOLS) as [ProtocolName, ...ProtocolName[]]);
const text = (max: number) => z.string().max(max);
const streamNumber = z.int().min(0);

/** Host to frame, on the one port that the host hands in. `client` comes with a port. */
export const hostMessage = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('start'), v: z.literal(FRAME_VERSION), config: frameConfig }),
  z.strictObject({ type: z.literal('ping'), n: z.int().min(0) }),
  z.strictObject({ type: z.literal('client'), role: z.enum(['runner', 'page']) }),
]);
export type HostMessage = z.infer<typeof hostMessage>;

export const frameToHost = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('ready'), v: z.literal(FRAME_VERSION), peerId: peerIdText }),
  z.strictObject({ type: z.literal('failed'), message: text(500) }),
  z.strictObject({ type: z.literal('pong'), n: z.int().min(0) }),
]);
export type FrameToHost = z.infer<typeof frameToHost>;

/** Client (runner or page) to frame. `open` comes with the port of the stream. */
export const clientMessage = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('open'),
    stream: streamNumber,
    target: z.union([text(512), z.strictObject({ peerId: text(100), addresses: z.array(text(512)).max(32), isOwn: z.boolean() })]),
    protocol: protocolName,
    force: z.boolean(),
  }),
  /** Nobody waits for this stream any more. */
  z.strictObject({ type: z.literal('cancel'), stream: streamNumber }),
  /** From now on incoming streams of these protocols come here. Heeded from the runner only. */
  z.strictObject({ type: z.literal('serve'), protocols: z.array(protocolName).max(16) }),
]);
export type ClientMessage = z.infer<typeof clientMessage>;

/** Frame to client. `incoming` comes with the port of the stream. */
export const frameToClient = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('opened'), stream: streamNumber }),
  z.strictObject({
    type: z.literal('refused'),
    stream: streamNumber,
    code: z.enum(['peer-unreachable', 'protocol-unsupported', 'streams-exhausted']),
    message: text(600),
  }),
  z.strictObject({ type: z.literal('incoming'), protocol: protocolName, peerId: peerIdText }),
  z.strictObject({
    type: z.literal('status'),
    /** Where others reach this browser. */
    addresses: z.array(multiaddrText).max(32),
    connections: z.array(z.strictObject({ peerId: peerIdText, address: text(512) })).max(256),
  }),
]);
export type FrameToClient = z.infer<typeof frameToClient>;
