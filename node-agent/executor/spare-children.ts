// Idle children kept ready for jobs whose inputs are still on their way: their start, 50 to 130 ms, is then no part of the wait.
import type { ChildListener, ConfinedChild } from './confined-child.ts';
import type { ChildLimits } from './confinement.ts';

const LIFETIME_MS = 60_000;
const MOST = 8;

/** A child that waits for its job. */
interface Spare {
  readonly limits: ChildLimits;
  readonly child: Promise<ConfinedChild>;
  readonly timer: NodeJS.Timeout;
  /** Whom the child's words go to. */
  listener: ChildListener;
}

/** Before it has a job a child has nothing to say but that it is there. */
const IDLE: ChildListener = {
  message(message) {
    if (message.type !== 'ready') throw new Error(`${message.type} from an idle child`);
  },
  chunk() {
    throw new Error('bytes from an idle child');
  },
};

export class SpareChildren {
  readonly #start: (limits: ChildLimits, listener: ChildListener) => Promise<ConfinedChild>;
  readonly #spares = new Map<string, Spare>();

  constructor(start: (limits: ChildLimits, listener: ChildListener) => Promise<ConfinedChild>) {
    this.#start = start;
  }

  /** Starts a child for this job, unless there is one or there are many. Never fails; a child that nobody takes is ended. */
  add(jobId: string, limits: ChildLimits): void {
    if (this.#spares.has(jobId) || this.#spares.size >= MOST) return;
    const child = this.#start(limits, {
      message: (message) => spare.listener.message(message),
      chunk: (bytes) => spare.listener.chunk(bytes),
    });
    child.catch(() => {});
    const timer = setTimeout(() => void this.#discard(jobId), LIFETIME_MS);
    timer.unref();
    const spare: Spare = { limits, child, timer, listener: IDLE };
    this.#spares.set(jobId, spare);
  }

  /** The child that waits for this job, if it has just these limits and is alive; null otherwise. */
  async take(jobId: string, limits: ChildLimits, listener: ChildListener): Promise<ConfinedChild | null> {
    const spare = this.#spares.get(jobId);
    if (spare === undefined) return null;
    const fits = spare.limits.memoryBytes === limits.memoryBytes && spare.limits.cpuSeconds === limits.cpuSeconds;
    const child = await spare.child.catch(() => null);
    if (!fits || child === null || child.hasEnded()) {
      await this.#discard(jobId);
      return null;
    }
    this.#spares.delete(jobId);
    clearTimeout(spare.timer);
    spare.listener = listener;
    return child;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#spares.keys()].map((jobId) => this.#discard(jobId)));
  }

  async #discard(jobId: string): Promise<void> {
    const spare = this.#spares.get(jobId);
    if (spare === undefined) return;
    this.#spares.delete(jobId);
    clearTimeout(spare.timer);
    const child = await spare.child.catch(() => null);
    child?.kill();
    await child?.ended;
  }
}
