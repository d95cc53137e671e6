// /nunet/voucher/1: the service provider's cumulative pay, and at the end the agent's half over it.
import type { AnswerOf, Caller } from '@nunet/shared/exchange.ts';
import type { RequestOf } from '@nunet/shared/wire.ts';
import type { NetworkNode } from './node.ts';
import { serve, type ServeOptions } from './protocol.ts';

/** `take` keeps the voucher on disk before it resolves, and throws when it is no voucher of a job here. */
export const serveVouchers = (
  node: NetworkNode,
  take: (voucher: RequestOf<'voucher'>, caller: Caller) => Promise<AnswerOf<'voucher'>>,
  options: ServeOptions = {},
): Promise<void> => serve(node, 'voucher', take, options);
