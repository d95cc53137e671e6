// /nunet/follow/1: states, progress, log lines and the result of one job, from where the follower left off.
import { NunetError } from '@nunet/shared/errors.ts';
import type { AnswerOf, Answerer } from '@nunet/shared/exchange.ts';
import type { RequestOf } from '@nunet/shared/wire.ts';
import type { NetworkNode } from './node.ts';
import { requestMany, serve, type ServeOptions, type Target } from './protocol.ts';

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

/** Events in order until the job has ended. Throws `stream-closed` when the stream is lost before: ask again with the next offsets. Throws as `requestMany`. */
export async function* follow(
  node: NetworkNode,
  target: Target,
  from: RequestOf<'follow'>,
  signal: AbortSignal,
): AsyncGenerator<FollowedEvent, void, undefined> {
  for await (const event of requestMany(node, target, 'follow', from, signal)) {
    yield event;
    if (event.type === 'end') return;
  }
  // A WebRTC stream whose connection broke ends like one that was closed in good order; only `end` tells the two apart.
  throw new NunetError('stream-closed', 'Cannot follow on: the stream ended before the job did; ask again from the next offsets');
}
