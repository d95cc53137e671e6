// The Clock port over this machine's clock and timers.
import type { Clock } from '@nunet/shared/job-flow/ports.ts';

export const clock: Clock = {
  now: () => Date.now(),
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
};
