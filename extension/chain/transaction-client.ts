// The runner's side of the transaction worker: the contract's builders, far away. What comes back is reviewed before anybody signs it.
import type { Builders } from '@nunet/contracts/job-escrow.ts';
import type { buildPayment } from '@nunet/contracts/payment.ts';
import type { ReclaimRequest } from '@nunet/contracts/reclaim.ts';
import { NunetError, safeError } from '@nunet/shared/errors.ts';
import { orAborted } from '@nunet/shared/job-flow/waiting.ts';
import { reviewPayment } from './review-payment.ts';
import { reviewLock, reviewReclaim, reviewSettle } from './review.ts';
import { fromTransactionWorker, type ToTransactionWorker } from './transaction-messages.ts';

/** The worker loads in 1.4 s on two slow cores (measured); a worker that says nothing for so long is not there. */
const READY_TIMEOUT_MS = 30_000;
const BUILD_TIMEOUT_MS = 60_000;

export interface TransactionClient {
  readonly builders: Builders;
  readonly pay: typeof buildPayment;
  /** Starts the worker and resolves when it has loaded, so that a later lock does not wait for it. */
  warm(signal: AbortSignal): Promise<void>;
  /** The worker has failed; the next build starts another. */
  lost(why: string): void;
}

interface Worker {
  port: MessagePort;
  ready: PromiseWithResolvers<void>;
  waiting: Map<number, { built: PromiseWithResolvers<string>; evaluate: ReclaimRequest['run']['evaluate'] | null }>;
}

/** `open` gives a port whose other end goes to a worker. */
export function transactionClient(open: () => MessagePort): TransactionClient {
  let worker: Worker | undefined;
  let next = 0;

  const lose = (failed: Worker, error: NunetError): void => {
    if (worker === failed) worker = undefined;
    failed.port.close();
    failed.ready.reject(error);
    for (const { built } of failed.waiting.values()) built.reject(error);
    failed.waiting.clear();
  };

  const answer = async (from: Worker, id: number, call: number, cbor: string): Promise<void> => {
    const say = (message: ToTransactionWorker): void => from.port.postMessage(message);
    try {
      const evaluate = from.waiting.get(id)?.evaluate;
      if (evaluate == null) throw new NunetError('evaluation-unwanted', 'Cannot evaluate: nothing of this kind is being built');
      say({ type: 'evaluated', id, call, budgets: await evaluate(cbor) });
    } catch (error) {
      say({ type: 'not-evaluated', id, call, ...safeError(error) });
    }
  };

  const take = (from: Worker, data: unknown): void => {
    const parsed = fromTransactionWorker.safeParse(data);
    if (!parsed.success) return lose(from, new NunetError('builder-unavailable', 'Cannot build: the transaction worker speaks nonsense'));
    const message = parsed.data;
    if (message.type === 'ready') return from.ready.resolve();
    const work = from.waiting.get(message.id);
    if (work === undefined) return;
    if (message.type === 'built') work.built.resolve(message.cbor);
    else if (message.type === 'failed') work.built.reject(new NunetError(message.code, message.message));
    else void answer(from, message.id, message.call, message.cbor);
  };

  const started = (): Worker => {
    if (worker !== undefined) return worker;
    const made: Worker = { port: open(), ready: Promise.withResolvers(), waiting: new Map() };
    // Whoever waits sees the failure; nobody has to.
    made.ready.promise.catch(() => undefined);
    made.port.onmessage = ({ data }: MessageEvent<unknown>) => take(made, data);
    worker = made;
    return made;
  };

  const within = async <T>(promise: Promise<T>, ms: number, signal: AbortSignal): Promise<T> => {
    const limit = AbortSignal.timeout(ms);
    try {
      return await orAborted(promise, AbortSignal.any([signal, limit]));
    } catch (error) {
      if (signal.aborted || !limit.aborted) throw error;
      const silent = new NunetError('builder-unavailable', `Cannot build: the transaction worker did not answer within ${ms / 1000} s`);
      if (worker !== undefined) lose(worker, silent);
      throw silent;
    }
  };

  const NEVER = new AbortController().signal;
  const build = async (
    order: (id: number) => ToTransactionWorker,
    evaluate: ReclaimRequest['run']['evaluate'] | null,
    signal: AbortSignal = NEVER,
  ): Promise<string> => {
    const at = started();
    await within(at.ready.promise, READY_TIMEOUT_MS, signal);
    const id = next++;
    const built = Promise.withResolvers<string>();
    at.waiting.set(id, { built, evaluate });
    try {
      at.port.postMessage(order(id));
      return await within(built.promise, BUILD_TIMEOUT_MS, signal);
    } finally {
      at.waiting.delete(id);
      if (signal.aborted) at.port.postMessage({ type: 'cancel', id } satisfies ToTransactionWorker);
    }
  };

  return {
    builders: {
      lock: async (request, now, signal) => reviewLock(await build((id) => ({ type: 'lock', id, request, now }), null, signal), request),
      reclaim: async (request, now, signal) => {
        const { evaluate, ...run } = request.run;
        const plain = { ...request, run };
        const cbor = await build(
          (id) => ({ type: 'reclaim', id, request: plain, now }),
          (transaction) => evaluate(transaction, signal),
          signal,
        );
        return reviewReclaim(cbor, plain);
      },
      settle: async (request, signal) => {
        const { evaluate, ...run } = request.run;
        const plain = { ...request, run };
        const cbor = await build(
          (id) => ({ type: 'settle', id, request: plain }),
          (transaction) => evaluate(transaction, signal),
          signal,
        );
        return reviewSettle(cbor, plain);
      },
    },
    pay: async (request, signal) => reviewPayment(await build((id) => ({ type: 'pay', id, request }), null, signal), request),
    warm: (signal) => within(started().ready.promise, READY_TIMEOUT_MS, signal),
    lost(why) {
      if (worker !== undefined) lose(worker, new NunetError('builder-unavailable', `Cannot build: the transaction worker failed (${why})`));
    },
  };
}
