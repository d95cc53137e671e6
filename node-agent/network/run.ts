// /nunet/run/1: here is the spec, your quote and my lock. Accepted means journaled; a refusal is signed and brings the money back.
import type { Answerer } from '@nunet/shared/exchange.ts';
import { cidOf, decode } from '@nunet/shared/encoding.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { jobIdOf } from '@nunet/shared/job-spec.ts';
import { keyOfPeerId } from '@nunet/shared/peer-id.ts';
import { lockRefusal, MAX_QUOTE_BYTES, type LockRefusal } from '@nunet/shared/quote.ts';
import { openStatement, type Signed } from '@nunet/shared/signature.ts';
import type { RequestOf } from '@nunet/shared/wire.ts';
import { z } from 'zod';
import type { NetworkNode } from './node.ts';
import { request, type Target } from '@nunet/shared/peer-client.ts';
import { serve, type ServeOptions } from './protocol.ts';

export type RunAnswer = { type: 'accepted' } | { type: 'refusal'; refusal: Signed<LockRefusal> };

/** The answerer returns `accepted` once the job is journaled, or the envelope of a signed `lock-refusal`. Asking again must be harmless. */
export const serveRun = (node: NetworkNode, answer: Answerer<'run'>, options: ServeOptions = {}): Promise<void> =>
  serve(node, 'run', answer, options);

const envelope = z.strictObject({ body: z.instanceof(Uint8Array), signature: z.instanceof(Uint8Array) });

/** Hands a locked job over. A refusal is signed by that peer and names this lock. Throws `answer-mismatch`, `signature-invalid`, or as `request`. */
export async function requestRun(
  node: NetworkNode,
  target: Target,
  message: RequestOf<'run'>,
  options: { computeProviderPeerId: string; signal: AbortSignal },
): Promise<RunAnswer> {
  const answer = await request(node, target, 'run', message, options.signal);
  if (answer.type === 'accepted') return answer;
  const refusal = openStatement('lock-refusal', lockRefusal, answer.envelope, {
    network: message.spec.network,
    maxBytes: MAX_QUOTE_BYTES,
    keyOf: () => keyOfPeerId(options.computeProviderPeerId),
  });
  const quoteCid = cidOf(decode(envelope, message.quote, { name: 'signed quote', maxBytes: MAX_QUOTE_BYTES + 128 }).body);
  const { lock, jobId } = refusal.body;
  if (
    jobId !== jobIdOf(message.spec) ||
    refusal.body.quoteCid !== quoteCid ||
    lock.txId !== message.lock.txId ||
    lock.index !== message.lock.index
  ) {
    throw new NunetError(
      'answer-mismatch',
      `Cannot use the refusal of ${options.computeProviderPeerId}: it is for another job, quote or lock`,
    );
  }
  return { type: 'refusal', refusal };
}
