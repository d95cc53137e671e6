// Waiting that always ends: a promise or its signal, and a time limit on an injected clock.
import type { Clock } from './ports.ts';

/** The promise, or the signal's reason if that comes first. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** The act, given up after `ms` even when it does not heed its signal. Throws a `TimeoutError` then. */
export async function withTimeout<T>(act: (signal: AbortSignal) => Promise<T>, ms: number, clock: Clock, signal: AbortSignal): Promise<T> {
  const limit = new AbortController();
  const timer = new AbortController();
  clock.sleep(ms, timer.signal).then(
    () => limit.abort(new DOMException(`no answer within ${ms} ms`, 'TimeoutError')),
    () => undefined,
  );
  const within = AbortSignal.any([signal, limit.signal]);
  try {
    return await orAborted(act(within), within);
  } finally {
    timer.abort();
  }
}
