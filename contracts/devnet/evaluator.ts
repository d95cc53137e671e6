// Evaluates scripts on a thread of its own: the emulator's evaluation knows no budget, so a script that never ends is stopped by the clock.
import { Worker } from 'node:worker_threads';
import type { SlotConfig } from '../chain/chain.ts';
import type { Transaction, TransactionOutput } from '../chain/transaction.ts';
import type { Evaluated } from './emulator.ts';
import { utxoMap } from './payment.ts';

/** The step limit of a transaction takes seconds in JavaScript; what takes longer is over the limit or never ends. */
const TIME_LIMIT_MS = 15_000;
const QUEUE_LIMIT = 100;

export interface EvaluationJob {
  transaction: Uint8Array;
  utxos: Uint8Array;
  slotConfig: SlotConfig;
}

interface Waiting {
  job: EvaluationJob;
  resolve: (result: Evaluated) => void;
}

const stopped = (reason: string): Evaluated => ({ rejection: { rule: 'EvaluationStopped', reason, logs: [] } });

export class Evaluator {
  readonly #timeLimitMs: number;
  readonly #queue: Waiting[] = [];
  #worker: Worker | undefined;
  #current: Waiting | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor({ timeLimitMs = TIME_LIMIT_MS }: { timeLimitMs?: number } = {}) {
    this.#timeLimitMs = timeLimitMs;
  }

  evaluate(transaction: Transaction, resolved: Pick<TransactionOutput, 'reference' | 'raw'>[], slotConfig: SlotConfig): Promise<Evaluated> {
    if (this.#queue.length >= QUEUE_LIMIT) return Promise.resolve(stopped(`${QUEUE_LIMIT} evaluations are waiting`));
    return new Promise((resolve) => {
      this.#queue.push({ job: { transaction: transaction.raw, utxos: utxoMap(resolved), slotConfig }, resolve });
      this.#next();
    });
  }

  /** Starts the thread ahead of the first evaluation, which would wait half a second for it. */
  warmUp(): void {
    this.#worker ??= this.#startWorker();
  }

  async stop(): Promise<void> {
    for (const { resolve } of this.#queue.splice(0)) resolve(stopped('the devnet stops'));
    await this.#finish(stopped('the devnet stops'), true);
  }

  #next(): void {
    if (this.#current !== undefined) return;
    const waiting = this.#queue.shift();
    if (waiting === undefined) return;
    this.#current = waiting;
    this.#worker ??= this.#startWorker();
    this.#timer = setTimeout(
      () => void this.#finish(stopped(`a script ran for more than ${this.#timeLimitMs} ms`), true),
      this.#timeLimitMs,
    );
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread has no origin
    this.#worker.postMessage(waiting.job);
  }

  #startWorker(): Worker {
    const worker = new Worker(new URL('./evaluation-worker.ts', import.meta.url));
    worker.on('message', (result: Evaluated) => void this.#finish(result, false));
    worker.on('error', (error) => void this.#finish(stopped(`the evaluation failed: ${String(error).slice(0, 500)}`), true));
    worker.unref();
    return worker;
  }

  async #finish(result: Evaluated, discardWorker: boolean): Promise<void> {
    clearTimeout(this.#timer);
    const current = this.#current;
    const worker = this.#worker;
    if (discardWorker) this.#worker = undefined;
    this.#current = undefined;
    current?.resolve(result);
    this.#next();
    if (discardWorker && worker !== undefined) {
      worker.removeAllListeners();
      await worker.terminate();
    }
  }
}
