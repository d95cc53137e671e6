// The Clock port over the platform's timers; what time it is comes in.
import type { Clock } from './job-flow/ports.ts';

export const timerClock = (now: () => number): Clock => ({
  now,
  sleep: (ms, signal) =>
    new Promise((resolveSleep, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      const abort = (): void => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      };
      // A timer of more than 2^31 ms fires at once.
      const timer = setTimeout(
        () => {
          signal.removeEventListener('abort', abort);
          resolveSleep();
        },
        Math.min(ms, 2 ** 31 - 1),
      );
      signal.addEventListener('abort', abort, { once: true });
    }),
});
