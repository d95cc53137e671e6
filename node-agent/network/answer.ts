// /nunet/answer/1: the service provider's signed ack, dispute or cancel, told to the agent as well as to the oracles.
import type { Caller } from '@nunet/shared/exchange.ts';
import type { RequestOf } from '@nunet/shared/wire.ts';
import type { NetworkNode } from './node.ts';
import { request, type Target } from '@nunet/shared/peer-client.ts';
import { serve, type ServeOptions } from './protocol.ts';

/** `note` opens the envelope, keeps it, and throws when it is not for a job here. */
export const serveAnswers = (
  node: NetworkNode,
  note: (answer: RequestOf<'answer'>, caller: Caller) => Promise<void>,
  options: ServeOptions = {},
): Promise<void> =>
  serve(
    node,
    'answer',
    async (message, caller) => {
      await note(message, caller);
      return { type: 'noted' };
    },
    options,
  );

/** Resolves once the agent has it. Throws as `request`. */
export async function sendAnswer(node: NetworkNode, target: Target, message: RequestOf<'answer'>, signal: AbortSignal): Promise<void> {
  await request(node, target, 'answer', message, signal);
}
