// Answering peers: who may ask how often, and how long one exchange may take. Where streams come from is the caller's affair.
import { NunetError } from './errors.ts';
import { answerStream, refuseStream, type Answerer } from './exchange.ts';
import type { ByteStream } from './frames.ts';
import { PeerLimits, type PeerLimit } from './peer-limits.ts';
import { PROTOCOLS, type ProtocolName } from './wire.ts';

/** The whole request must be here by then, however slowly it is sent. */
const REQUEST_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 5_000;
/** A caller over its limit is told so on a few streams; what opens streams resets any beyond these unread. */
export const STREAMS_TO_REFUSE = 4;
const REFUSAL_TIMEOUT_MS = 1_000;
const REFUSED = { busy: 'too many exchanges are open, wait for one to end', 'too-fast': 'you ask too often, wait a little' };

/** What one peer may ask of us. Blocks go in windows of 2 MiB, so 64 a second is far above any link. */
export const PEER_LIMITS: Record<ProtocolName, PeerLimit> = {
  adverts: { maxOpenAPeer: 2, maxOpen: 64, burst: 10, perSecond: 2 },
  quote: { maxOpenAPeer: 4, maxOpen: 64, burst: 20, perSecond: 5 },
  run: { maxOpenAPeer: 4, maxOpen: 64, burst: 20, perSecond: 5 },
  follow: { maxOpenAPeer: 16, maxOpen: 512, burst: 40, perSecond: 10 },
  answer: { maxOpenAPeer: 4, maxOpen: 64, burst: 20, perSecond: 5 },
  // A streamed job sends a voucher for each eighth of what may be unpaid: some a second at most.
  voucher: { maxOpenAPeer: 4, maxOpen: 64, burst: 20, perSecond: 5 },
  release: { maxOpenAPeer: 4, maxOpen: 64, burst: 20, perSecond: 5 },
  // Each costs the agent a second of its CPUs.
  challenge: { maxOpenAPeer: 1, maxOpen: 1, burst: 2, perSecond: 0.05 },
  pair: { maxOpenAPeer: 1, maxOpen: 4, burst: 5, perSecond: 0.1 },
  owner: { maxOpenAPeer: 4, maxOpen: 16, burst: 20, perSecond: 5 },
  blocks: { maxOpenAPeer: 8, maxOpen: 128, burst: 128, perSecond: 64 },
};

export interface StreamServerOptions {
  limit?: PeerLimit;
  /** Milliseconds from any fixed origin. */
  now: () => number;
  requestTimeoutMs?: number;
  /** Ends every exchange. */
  signal: AbortSignal;
  /** For the local log only; the peer was told the safe part already. */
  onFailure?: (error: unknown, peerId: string) => void;
}

/** Answers incoming streams of one protocol, each at most once. The result never throws and resolves when the stream is done with. */
export function streamServer<Name extends ProtocolName>(
  name: Name,
  answerer: Answerer<Name>,
  options: StreamServerOptions,
): (stream: ByteStream, peerId: string) => Promise<void> {
  const limits = new PeerLimits(options.limit ?? PEER_LIMITS[name], options.now);
  const { timeoutMs } = PROTOCOLS[name];
  return async (stream, peerId) => {
    const admission = limits.admit(peerId);
    if (admission.type !== 'admitted') {
      const reason = new NunetError(admission.type, `Cannot answer ${name} now: ${REFUSED[admission.type]}`);
      await refuseStream(stream, reason, AbortSignal.timeout(REFUSAL_TIMEOUT_MS));
      return;
    }
    try {
      await answerStream(stream, name, answerer, {
        peerId,
        requestSignal: AbortSignal.timeout(options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS),
        signal: timeoutMs > 0 ? AbortSignal.any([options.signal, AbortSignal.timeout(timeoutMs)]) : options.signal,
        closeSignal: () => AbortSignal.timeout(CLOSE_TIMEOUT_MS),
        onFailure: (error) => options.onFailure?.(error, peerId),
      });
    } finally {
      admission.release();
    }
  };
}

/** A block of the job for this peer, or null: not here, or not for it. The function is the access control. */
export type ReadBlock = (jobId: string, cid: string, peerId: string) => Promise<Uint8Array | null>;

/** Blocks in the order asked. */
export const blockAnswerer = (read: ReadBlock): Answerer<'blocks'> =>
  async function* ({ jobId, cids }, { peerId, signal }) {
    for (const cid of cids) {
      signal.throwIfAborted();
      yield { type: 'block', cid, bytes: await read(jobId, cid, peerId) };
    }
  };
