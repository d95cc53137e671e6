// The worker's side: builds what a port asks for, with builders that know nothing of ports. Holds no key and reads no chain.
import type { RedeemerBudget } from '@nunet/contracts/chain/chain.ts';
import type { Builders } from '@nunet/contracts/job-escrow.ts';
import type { buildPayment } from '@nunet/contracts/payment.ts';
import { NunetError, safeError } from '@nunet/shared/errors.ts';
import type { FromTransactionWorker, ToTransactionWorker } from './transaction-messages.ts';

/** What a worker builds: what a job's money does, and what a person pays. */
export interface WorkerBuilders extends Builders {
  pay: typeof buildPayment;
}

interface Work {
  stop: AbortController;
  calls: PromiseWithResolvers<RedeemerBudget[]>[];
}

type Order = Extract<ToTransactionWorker, { type: 'lock' | 'reclaim' | 'settle' | 'pay' }>;

export function serveTransactions(port: MessagePort, builders: WorkerBuilders): void {
  const works = new Map<number, Work>();
  const say = (message: FromTransactionWorker): void => port.postMessage(message);

  const evaluator =
    (id: number, work: Work) =>
    (cbor: string): Promise<RedeemerBudget[]> => {
      const call = Promise.withResolvers<RedeemerBudget[]>();
      say({ type: 'evaluate', id, call: work.calls.push(call) - 1, cbor });
      return call.promise;
    };

  const built = (message: Order, work: Work): Promise<{ cbor: string }> => {
    const { signal } = work.stop;
    if (message.type === 'lock') return builders.lock(message.request, message.now, signal);
    if (message.type === 'pay') return builders.pay(message.request, signal);
    const evaluate = evaluator(message.id, work);
    if (message.type === 'settle') return builders.settle({ ...message.request, run: { ...message.request.run, evaluate } }, signal);
    return builders.reclaim({ ...message.request, run: { ...message.request.run, evaluate } }, message.now, signal);
  };

  const build = async (message: Order): Promise<void> => {
    const { id } = message;
    const work: Work = { stop: new AbortController(), calls: [] };
    works.set(id, work);
    try {
      const { cbor } = await built(message, work);
      say({ type: 'built', id, cbor });
    } catch (error) {
      const { code, message } = safeError(error);
      say({ type: 'failed', id, code, message: message.slice(0, 4000) });
    } finally {
      works.delete(id);
    }
  };

  port.onmessage = ({ data }: MessageEvent<ToTransactionWorker>) => {
    switch (data.type) {
      case 'lock':
      case 'reclaim':
      case 'settle':
      case 'pay':
        void build(data);
        return;
      case 'evaluated':
        works.get(data.id)?.calls[data.call]?.resolve(data.budgets);
        return;
      case 'not-evaluated':
        works.get(data.id)?.calls[data.call]?.reject(new NunetError(data.code, data.message));
        return;
      case 'cancel':
        works.get(data.id)?.stop.abort();
        for (const call of works.get(data.id)?.calls ?? []) call.reject(new DOMException('cancelled', 'AbortError'));
    }
  };
  say({ type: 'ready' });
}
