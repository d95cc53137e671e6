// ChainWatch: the chain's tip as one shared poll, and chain time between blocks. Money times are chain time, never this machine's clock.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Tip } from '@nunet/contracts/chain/chain.ts';

export interface ChainWatchOptions {
  tip(signal: AbortSignal): Promise<Tip>;
  pollMs: number;
  /** Monotonic milliseconds. */
  elapsed(): number;
  /** A source that fails is asked again; this hears of it. */
  onFailure?(error: unknown): void;
}

/** A tip read this recently is still the tip, for chain time. */
const FRESH_MS = 1_000;
const ASK_MS = 3_000;

export class ChainWatch {
  readonly #options: ChainWatchOptions;
  #tip: Tip | undefined;
  /** When this tip was first seen, and when it was last asked for. */
  #seenAt = 0;
  #askedAt = -Infinity;
  readonly #waiting = new Set<(tip: Tip) => void>();
  #isPolling = false;

  constructor(options: ChainWatchOptions) {
    this.#options = options;
  }

  /**
   * Chain time: the tip's slot plus what has passed here since it was first seen. A source that fails later does not stop
   * it. Throws `chain-unavailable` while there never was an answer.
   */
  async now(signal: AbortSignal): Promise<number> {
    if (this.#tip === undefined) await this.#ask(signal);
    else if (this.#options.elapsed() - this.#askedAt > FRESH_MS) {
      await this.#ask(AbortSignal.any([signal, AbortSignal.timeout(ASK_MS)])).catch((error: unknown) => {
        signal.throwIfAborted();
        this.#options.onFailure?.(error);
      });
    }
    return (this.#tip?.timeMs ?? 0) + Math.floor(this.#options.elapsed() - this.#seenAt);
  }

  /** The tip as the source has it at this moment. Throws `chain-unavailable`. */
  async latest(signal: AbortSignal): Promise<Tip> {
    return this.#options.tip(signal);
  }

  /** The tip now, then each new one, as long as somebody reads. Ends only with the signal, whose reason it throws. */
  async *tips(signal: AbortSignal): AsyncGenerator<Tip, never, undefined> {
    let last: string | undefined;
    for (;;) {
      signal.throwIfAborted();
      const tip = this.#tip;
      if (tip !== undefined && tip.hash !== last && this.#options.elapsed() - this.#askedAt <= this.#options.pollMs) {
        last = tip.hash;
        yield tip;
        continue;
      }
      await this.#next(last, signal);
    }
  }

  #next(last: string | undefined, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        this.#waiting.delete(heard);
        signal.removeEventListener('abort', failed);
      };
      const heard = (tip: Tip): void => {
        if (tip.hash === last) return;
        stop();
        resolve();
      };
      const failed = (): void => {
        stop();
        reject(signal.reason as Error);
      };
      this.#waiting.add(heard);
      signal.addEventListener('abort', failed, { once: true });
      if (!this.#isPolling) void this.#poll();
    });
  }

  /** Runs while somebody waits. */
  async #poll(): Promise<void> {
    this.#isPolling = true;
    while (this.#waiting.size > 0) {
      try {
        await this.#ask(AbortSignal.timeout(30_000));
        const tip = this.#tip;
        // Only after an answer: who was told an old tip would ask again at once, and again, for as long as the source fails.
        if (tip !== undefined) for (const heard of this.#waiting) heard(tip);
      } catch (error) {
        this.#options.onFailure?.(error);
      }
      if (this.#waiting.size > 0) await sleep(this.#options.pollMs, undefined, { ref: false });
    }
    this.#isPolling = false;
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const tip = await this.#options.tip(signal);
    this.#askedAt = this.#options.elapsed();
    if (tip.hash === this.#tip?.hash) return;
    this.#tip = tip;
    this.#seenAt = this.#askedAt;
  }
}
