// /nunet/challenge/1: prove now what you advertise. The mathematics is in shared/challenge.ts, the asking side in shared/ask-challenge.ts.
import { NunetError } from '@nunet/shared/errors.ts';
import type { Answerer } from '@nunet/shared/exchange.ts';
import type { NetworkNode } from './node.ts';
import { serve, type ServeOptions } from './protocol.ts';

/** Refusals are for whoever asked: a stranger who asks too often must not fill the owner's log. */
export const serveChallenges = (node: NetworkNode, answer: Answerer<'challenge'>, options: ServeOptions = {}): Promise<void> =>
  serve(node, 'challenge', answer, {
    ...options,
    onFailure: (error, peerId) => {
      if (!(error instanceof NunetError) || !error.code.startsWith('challenge-')) options.onFailure?.(error, peerId);
    },
  });
