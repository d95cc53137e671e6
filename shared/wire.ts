// What travels on each libp2p stream: protocol ids, the messages, and the size and time limits beside them.
// Every message is canonical dag-cbor behind an unsigned varint length. Requests come first, one a stream.
import { z } from 'zod';
import { amount, cidText, durationMs, hex32, hex64, outputReference, peerIdText, timeMs } from './fields.ts';
import { challengeAnswer, challengeRequest, MAX_CHALLENGE_ANSWER_BYTES } from './benchmark.ts';
import { MAX_OWNER_ANSWER_BYTES, MAX_OWNER_COMMAND_BYTES, ownerAnswer, pairAnswer, pairRequest } from './owner-command.ts';
import { jobSpec, MAX_SPEC_BYTES } from './job-spec.ts';
import { JOB_STATES } from './job-state.ts';
import { MAX_MANIFEST_BYTES, outputFile } from './manifest.ts';
import { MAX_QUOTE_BYTES, MAX_QUOTE_REQUEST_BYTES, quoteRequest } from './quote.ts';
import { MAX_BLOCK_BYTES, MAX_NODE_BYTES } from './file-dag.ts';

/** Longest log line that is kept, characters; longer ones are cut. */
export const MAX_LOG_LINE = 2_000;
/** Log lines kept a job; later ones are counted and dropped. */
export const MAX_LOG_LINES = 100_000;
/** Blocks a receiver may ask for in one request; bounded by the 4 MiB read buffer of a WebRTC stream, which has no backpressure. */
export const MAX_BLOCKS_A_REQUEST = 8;

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'must be bytes');
const safeText = z.string().max(500);
/** Any protocol may answer with this instead. */
const failure = z.strictObject({ type: z.literal('error'), code: z.string().max(60), message: safeText });

const ENVELOPE = 256;

/** Source: W3C Trace Context, version 00. */
export const traceparent = z.string().regex(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/);

/**
 * What the receiver of a long answer sends back on the same stream: bytes of frames it has taken so far. The sender stays
 * at most `windowBytes` ahead, because a WebRTC stream has no backpressure and is reset at 4 MiB unread.
 */
export const credit = z.strictObject({ takenBytes: z.int().min(0) });
export const MAX_CREDIT_BYTES = 64;

export const PROTOCOLS = {
  /** "Current adverts", asked of a hub by a newcomer. */
  adverts: {
    id: '/nunet/adverts/1',
    /** `of`: that agent's alone. */
    request: z.strictObject({ network: z.string().max(20), of: peerIdText.optional() }),
    response: z.discriminatedUnion('type', [z.strictObject({ type: z.literal('adverts'), adverts: z.array(bytes).max(500) }), failure]),
    maxRequestBytes: 256,
    maxResponseBytes: 2 * 2 ** 20,
    timeoutMs: 10_000,
  },
  quote: {
    id: '/nunet/quote/1',
    request: quoteRequest,
    /** Signed envelopes: `quote` or `quote-refusal`. */
    response: z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('quote'), envelope: bytes }),
      z.strictObject({ type: z.literal('refusal'), envelope: bytes }),
      failure,
    ]),
    maxRequestBytes: MAX_QUOTE_REQUEST_BYTES,
    maxResponseBytes: MAX_QUOTE_BYTES + ENVELOPE,
    timeoutMs: 15_000,
  },
  /** "Your quote for this job will not be taken": what it holds is free again. A later lock on it may find no room and be refunded. */
  release: {
    id: '/nunet/release/1',
    request: z.strictObject({ jobId: cidText }),
    response: z.discriminatedUnion('type', [z.strictObject({ type: z.literal('noted') }), failure]),
    maxRequestBytes: 256,
    maxResponseBytes: 1024,
    timeoutMs: 5_000,
  },
  run: {
    id: '/nunet/run/1',
    /** `quote` is the agent's own signed envelope, so that it need not remember what it never sold. */
    request: z.strictObject({
      spec: jobSpec,
      quote: bytes,
      lock: outputReference,
      /** W3C traceparent of the service provider's trace, which the agent's spans continue. */
      trace: traceparent.optional(),
    }),
    /** `accepted` means journaled; asking again is harmless. A refusal is a signed `lock-refusal`. */
    response: z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('accepted') }),
      z.strictObject({ type: z.literal('refusal'), envelope: bytes }),
      failure,
    ]),
    maxRequestBytes: MAX_SPEC_BYTES + MAX_QUOTE_BYTES + 1024,
    maxResponseBytes: MAX_QUOTE_BYTES + ENVELOPE,
    timeoutMs: 15_000,
  },
  follow: {
    id: '/nunet/follow/1',
    /** Both offsets count from 0 and name the first wanted item. */
    request: z.strictObject({ jobId: cidText, fromEvent: z.int().min(0), fromLog: z.int().min(0) }),
    /** Many, until the job has ended or the stream is closed. */
    response: z.discriminatedUnion('type', [
      z.strictObject({
        type: z.literal('state'),
        event: z.int().min(0),
        state: z.enum(JOB_STATES),
        atMs: timeMs,
        detail: safeText.nullable(),
      }),
      z.strictObject({
        type: z.literal('progress'),
        /**
         * Preparing: bytes of inputs from the service provider, of inputs from the web, of the image, packages of the list of
         * dependencies; running: steps of the program.
         */
        phase: z.enum(['inputs', 'downloads', 'image', 'dependencies', 'steps']),
        done: z.number().min(0),
        total: z.number().min(0),
        epoch: z.int().min(0),
        metrics: z.array(z.strictObject({ name: z.string().max(60), value: z.number() })).max(32),
      }),
      z.strictObject({ type: z.literal('log'), offset: z.int().min(0), line: z.string().max(MAX_LOG_LINE) }),
      /** Only for a streamed job: what is due so far, and whether the job stands still until it is paid. */
      z.strictObject({ type: z.literal('due'), billedMs: durationMs, payBaseUnits: amount, paused: z.boolean() }),
      /** The job's workspace as it was then, one file of the job (a tar archive), readable like an output. Later ones replace earlier ones. */
      z.strictObject({ type: z.literal('checkpoint'), number: z.int().min(1), atMs: timeMs, file: outputFile }),
      /** Signed `manifest`. */
      z.strictObject({ type: z.literal('manifest'), envelope: bytes }),
      /** Signed `lock-refusal`. */
      z.strictObject({ type: z.literal('refusal'), envelope: bytes }),
      z.strictObject({ type: z.literal('end') }),
      failure,
    ]),
    maxRequestBytes: 512,
    maxResponseBytes: MAX_MANIFEST_BYTES + ENVELOPE,
    timeoutMs: 0,
    windowBytes: 512 * 1024,
  },
  /** The service provider's answer, told to the agent as well as to the oracles: a signed `ack`, `dispute` or `cancel`. */
  answer: {
    id: '/nunet/answer/1',
    request: z.strictObject({ jobId: cidText, kind: z.enum(['ack', 'dispute', 'cancel']), envelope: bytes }),
    response: z.discriminatedUnion('type', [z.strictObject({ type: z.literal('noted') }), failure]),
    maxRequestBytes: 8 * 1024,
    maxResponseBytes: 1024,
    timeoutMs: 10_000,
  },
  /**
   * Pay by voucher: the job key's signature over `voucherBytes(lock, paid, keyHash)`. `final` asks to close at this pay; while
   * the job runs it asks to stop first.
   */
  voucher: {
    id: '/nunet/voucher/1',
    request: z.strictObject({ jobId: cidText, paidBaseUnits: amount, keyHash: hex32, signature: hex64, final: z.boolean() }),
    response: z.discriminatedUnion('type', [
      /** The highest voucher that the agent has. */
      z.strictObject({ type: z.literal('noted'), paidBaseUnits: amount }),
      /** The agent's half over the one pay that it closes at, and K where the voucher named its hash. */
      z.strictObject({ type: z.literal('closed'), paidBaseUnits: amount, closeSignature: hex64, secret: hex32.nullable() }),
      failure,
    ]),
    maxRequestBytes: 1024,
    maxResponseBytes: 1024,
    timeoutMs: 10_000,
  },
  /** "Prove now what you advertise": a matrix product seeded by this nonce (benchmark.ts). Anybody may ask; an agent bounds how often. */
  challenge: {
    id: '/nunet/challenge/1',
    request: challengeRequest,
    response: z.discriminatedUnion('type', [challengeAnswer, failure]),
    maxRequestBytes: 256,
    maxResponseBytes: MAX_CHALLENGE_ANSWER_BYTES,
    timeoutMs: 30_000,
  },
  /** The owner's extension takes hold of an agent with the code that its terminal shows (owner-command.ts). */
  pair: {
    id: '/nunet/pair/1',
    request: pairRequest,
    response: z.discriminatedUnion('type', [pairAnswer, failure]),
    maxRequestBytes: 1024,
    maxResponseBytes: 1024,
    timeoutMs: 10_000,
  },
  /** A signed `owner-command`, answered with JSON-like data by its type. */
  owner: {
    id: '/nunet/owner/1',
    request: z.strictObject({ envelope: bytes }),
    response: z.discriminatedUnion('type', [ownerAnswer, failure]),
    maxRequestBytes: MAX_OWNER_COMMAND_BYTES + ENVELOPE,
    maxResponseBytes: MAX_OWNER_ANSWER_BYTES,
    timeoutMs: 30_000,
  },
  /** Blocks of a job's inputs and outputs, in either direction; readable by the job's two peers, and by replayers of a `public` job. */
  blocks: {
    id: '/nunet/blocks/1',
    request: z.strictObject({ jobId: cidText, cids: z.array(cidText).min(1).max(MAX_BLOCKS_A_REQUEST) }),
    /** One a wanted CID, in the order asked; null: not here or not yours. */
    response: z.discriminatedUnion('type', [z.strictObject({ type: z.literal('block'), cid: cidText, bytes: bytes.nullable() }), failure]),
    maxRequestBytes: 2 * 1024,
    maxResponseBytes: Math.max(MAX_BLOCK_BYTES, MAX_NODE_BYTES) + ENVELOPE,
    timeoutMs: 60_000,
  },
} as const;

export type ProtocolName = keyof typeof PROTOCOLS;
export type RequestOf<Name extends ProtocolName> = z.infer<(typeof PROTOCOLS)[Name]['request']>;
export type ResponseOf<Name extends ProtocolName> = z.infer<(typeof PROTOCOLS)[Name]['response']>;
export type FollowEvent = ResponseOf<'follow'>;
export type ProgressPhase = Extract<FollowEvent, { type: 'progress' }>['phase'];

/** Gossip topic of signed adverts: presence only. */
export const advertTopic = (network: string): string => `nunet/adverts/1/${network}`;
