// /nunet/quote/1: what would this cost, and would you? The answer is signed, so that it can be held against its author.
import { openStatement, type Signed } from '@nunet/shared/signature.ts';
import { keyOfPeerId } from '@nunet/shared/peer-id.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { MAX_QUOTE_BYTES, quote, quoteRefusal, type Quote, type QuoteRefusal, type QuoteRequest } from '@nunet/shared/quote.ts';
import type { Answerer } from '@nunet/shared/exchange.ts';
import type { NetworkNode } from './node.ts';
import { request, type Target } from '@nunet/shared/peer-client.ts';
import { serve, type ServeOptions } from './protocol.ts';

export type QuoteAnswer = { type: 'quote'; quote: Signed<Quote> } | { type: 'refusal'; refusal: Signed<QuoteRefusal> };

/** The answerer returns the envelope of a signed `quote` or `quote-refusal`. */
export const serveQuotes = (node: NetworkNode, answer: Answerer<'quote'>, options: ServeOptions = {}): Promise<void> =>
  serve(node, 'quote', answer, options);

/**
 * Asks one agent. The answer is signed by that peer and speaks of this job; whether its terms are acceptable is the
 * caller's to say (`quoteProblems`). Throws `answer-mismatch`, `signature-invalid`, or as `request`.
 */
export async function requestQuote(
  node: NetworkNode,
  target: Target,
  message: QuoteRequest,
  options: { computeProviderPeerId: string; signal: AbortSignal },
): Promise<QuoteAnswer> {
  const { computeProviderPeerId: peerId, signal } = options;
  const answer = await request(node, target, 'quote', message, signal);
  // Whoever answered, only the key of the agent that was asked counts.
  const opening = { network: message.network, maxBytes: MAX_QUOTE_BYTES, keyOf: () => keyOfPeerId(peerId) };
  const demand = (jobId: string, author: string): void => {
    if (jobId === message.jobId && author === peerId) return;
    throw new NunetError('answer-mismatch', `Cannot use the answer of ${peerId}: it is signed for another job or in another name`);
  };
  if (answer.type === 'quote') {
    const opened = openStatement('quote', quote, answer.envelope, opening);
    demand(opened.body.jobId, opened.body.computeProvider.peerId);
    return { type: 'quote', quote: opened };
  }
  const opened = openStatement('quote-refusal', quoteRefusal, answer.envelope, opening);
  demand(opened.body.jobId, opened.body.computeProvider);
  return { type: 'refusal', refusal: opened };
}
