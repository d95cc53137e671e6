// When a failed request to a source is sent again: a bounded number of times, after growing and random pauses, or when the source says.

/** The clock and the random source of a retry, so that tests wait for nothing. */
export interface Timing {
  /** POSIX ms. */
  now(): number;
  /** From 0 to below 1. */
  random(): number;
  /** Rejects with the signal's reason at once when it aborts. */
  pause(ms: number, signal: AbortSignal | undefined): Promise<void>;
}

/** The same question may have another answer in a moment: no connection, no time, a source that is overloaded. */
export class Transient extends Error {
  /** The pause that the source asked for with Retry-After; null: it asked for none. */
  readonly askedMs: number | null;
  constructor(message: string, options: { cause?: unknown; askedMs?: number | null } = {}) {
    super(message, { cause: options.cause });
    this.askedMs = options.askedMs ?? null;
  }
}

/** A source that wants a longer pause is given up: whoever asks has a later look of his own. */
const MAX_ASKED_MS = 10_000;

/** RFC 9110, 10.2.3: seconds or a date. Null: absent or nonsense. */
export function retryAfterMs(header: string | null, now: number): number | null {
  if (header === null) return null;
  const text = header.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const date = /^[A-Z][a-z]{2},? /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

/** The pause before the next attempt, null when there is none. From half of the delay on, so that many clients do not come back at once. */
export function pauseBefore(tried: number, failure: Transient, delaysMs: readonly number[], random: number): number | null {
  const delay = delaysMs[tried];
  if (delay === undefined) return null;
  const pause = delay / 2 + (delay / 2) * random;
  if (failure.askedMs === null) return pause;
  return failure.askedMs > MAX_ASKED_MS ? null : failure.askedMs + pause;
}

/** Runs `attempt` until it gives an answer. What it throws last is thrown: a `Transient` when the attempts are used up. */
export async function retried<Answer>(
  attempt: () => Promise<Answer>,
  { delaysMs, timing, signal }: { delaysMs: readonly number[]; timing: Timing; signal: AbortSignal | undefined },
): Promise<Answer> {
  for (let tried = 0; ; tried++) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Transient)) throw error;
      const pause = pauseBefore(tried, error, delaysMs, timing.random());
      if (pause === null) {
        const times = tried === 0 ? '' : `, tried ${tried + 1} times`;
        const asked = error.askedMs === null ? '' : `; it asks to come back in ${Math.ceil(error.askedMs / 1000)} s`;
        throw new Transient(error.message + times + asked, { cause: error.cause, askedMs: error.askedMs });
      }
      await timing.pause(pause, signal);
    }
  }
}

export const systemTiming: Timing = {
  now: () => Date.now(),
  random: () => Math.random(),
  pause: (ms, signal) =>
    new Promise((resolve, reject) => {
      const aborted = (): void => {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', aborted);
        resolve();
      }, ms);
      signal?.addEventListener('abort', aborted, { once: true });
    }),
};
