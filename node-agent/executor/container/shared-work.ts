// One piece of work for all who ask for the same at once: it is given up when the last of them gives up, and not before.

export interface SharedWork<T, P> {
  /** `begin` is called for the first who asks. */
  run(
    key: string,
    begin: (signal: AbortSignal, tell: (progress: P) => void) => Promise<T>,
    options: { signal: AbortSignal; onProgress: (progress: P) => void },
  ): Promise<T>;
}

interface Work<T, P> {
  readonly result: Promise<T>;
  readonly stop: AbortController;
  readonly listeners: Set<(progress: P) => void>;
}

export function sharedWork<T, P>(): SharedWork<T, P> {
  const works = new Map<string, Work<T, P>>();
  return {
    async run(key, begin, { signal, onProgress }) {
      signal.throwIfAborted();
      let work = works.get(key);
      if (work === undefined) {
        const stop = new AbortController();
        const listeners: Work<T, P>['listeners'] = new Set();
        const result = begin(stop.signal, (progress) => listeners.forEach((listener) => listener(progress)));
        work = { result, stop, listeners };
        works.set(key, work);
        const forget = (): void => {
          if (works.get(key)?.stop === stop) works.delete(key);
        };
        // Whoever waits hears of a failure; where nobody does any more, nobody has to.
        result.then(forget, forget);
      }
      // Each listener is another function, even of one caller who asks twice.
      const listener = (progress: P): void => onProgress(progress);
      work.listeners.add(listener);
      const gaveUp = Promise.withResolvers<never>();
      const onAbort = (): void => gaveUp.reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        return await Promise.race([work.result, gaveUp.promise]);
      } finally {
        signal.removeEventListener('abort', onAbort);
        work.listeners.delete(listener);
        if (work.listeners.size === 0) {
          // Whoever asks from now on begins anew.
          if (works.get(key) === work) works.delete(key);
          work.stop.abort(new Error('Nobody waits for this any more'));
        }
      }
    },
  };
}
