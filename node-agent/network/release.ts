// /nunet/release/1: a quote that will not be taken gives its capacity back at once, instead of at the quote's end.
import type { Caller } from '@nunet/shared/exchange.ts';
import type { NetworkNode } from './node.ts';
import { request, type Target } from '@nunet/shared/peer-client.ts';
import { serve, type ServeOptions } from './protocol.ts';

/** `release` ignores what the caller does not hold: there is nothing to learn here. */
export const serveReleases = (
  node: NetworkNode,
  release: (jobId: string, caller: Caller) => Promise<void>,
  options: ServeOptions = {},
): Promise<void> =>
  serve(
    node,
    'release',
    async ({ jobId }, caller) => {
      await release(jobId, caller);
      return { type: 'noted' };
    },
    options,
  );

export async function sendRelease(node: NetworkNode, target: Target, jobId: string, signal: AbortSignal): Promise<void> {
  await request(node, target, 'release', { jobId }, signal);
}
