// VirtualClock: a Clock whose time passes only when everybody sleeps, so that a test of hours takes milliseconds.
import type { Clock } from './ports.ts';

/** Sooner than `setTimeout(0)`, which takes a millisecond of real time. */
const macrotask = (): Promise<void> =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });

interface Timer {
  at: number;
  order: number;
  fire: () => void;
}

/** Time that passes only when everybody sleeps. */
export class VirtualClock implements Clock {
  #now: number;
  #timers: Timer[] = [];
  #order = 0;
  #pumping = false;
  constructor(now: number) {
    this.#now = now;
  }
  now(): number {
    return this.#now;
  }
  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      const timer = {
        at: this.#now + Math.max(0, ms),
        order: this.#order++,
        fire: () => {
          signal.removeEventListener('abort', abort);
          resolve();
        },
      };
      const abort = (): void => {
        this.#timers = this.#timers.filter((other) => other !== timer);
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#timers.push(timer);
      if (!this.#pumping) void this.#pump();
    });
  }
  async #pump(): Promise<void> {
    this.#pumping = true;
    while (this.#timers.length > 0) {
      // A macrotask: everything that can go on without time passing has gone on.
      await macrotask();
      const next = this.#timers.reduce<Timer | undefined>(
        (best, timer) => (best === undefined || timer.at < best.at || (timer.at === best.at && timer.order < best.order) ? timer : best),
        undefined,
      );
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#now = Math.max(this.#now, next.at);
      next.fire();
    }
    this.#pumping = false;
  }
}
