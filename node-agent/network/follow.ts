// /nunet/follow/1: states, progress, log lines and the result of one job, from where the follower left off.
import type { AnswerOf, Answerer } from '@nunet/shared/exchange.ts';
import type { NetworkNode } from './node.ts';
import { serve, type ServeOptions } from './protocol.ts';

/** What a follower sees; failures are thrown. */
export type FollowedEvent = AnswerOf<'follow'>;

/**
 * The answerer is read only as fast as the follower takes events (at most `windowBytes` ahead), so it must read from
 * something that is kept, not from a queue of its own. Its signal aborts when the follower is gone.
 */
export const serveFollow = (
  node: NetworkNode,
  answer: (...args: Parameters<Answerer<'follow'>>) => AsyncIterable<FollowedEvent>,
  options: ServeOptions = {},
): Promise<void> => serve(node, 'follow', answer, options);
