// The body of a web answer, within a size, a time, and a pace: whoever sends a byte a minute is not waited for.
import { NunetError } from '@nunet/shared/errors.ts';
import { safeUrl } from './web-rules.ts';
import type { WebAnswer } from './web-request.ts';

export interface BodyBounds {
  readonly maxBytes: number;
  /** Between two pieces. */
  readonly idleMs?: number;
  /** For the whole; default: what a line of 512 kbit/s would take, and half a minute. */
  readonly totalMs?: number;
}

const IDLE_MS = 30_000;
const LEAST_BYTES_PER_MS = 64;
const START_MS = 30_000;

/** Throws `download-size`, `download-slow`, `download-unreachable`, the reason of `signal`. The connection ends with it. */
export async function readBody(
  { url, body }: WebAnswer,
  bounds: BodyBounds,
  signal: AbortSignal,
  onChunk: (chunk: Uint8Array) => void | Promise<void>,
): Promise<number> {
  const late = new AbortController();
  const slow = (why: string) => (): void => late.abort(new NunetError('download-slow', `Cannot fetch from ${safeUrl(url)}: ${why}`));
  const idleMs = bounds.idleMs ?? IDLE_MS;
  const totalMs = bounds.totalMs ?? START_MS + bounds.maxBytes / LEAST_BYTES_PER_MS;
  const idle = setTimeout(slow(`nothing came for ${idleMs} ms`), idleMs);
  const total = setTimeout(slow(`it took longer than ${Math.round(totalMs)} ms`), Math.min(totalMs, 2 ** 31 - 1));
  const within = AbortSignal.any([signal, late.signal]);
  const onAbort = (): void => void body.destroy();
  within.addEventListener('abort', onAbort, { once: true });
  let bytes = 0;
  try {
    within.throwIfAborted();
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      idle.refresh();
      bytes += chunk.length;
      if (bytes > bounds.maxBytes)
        throw new NunetError('download-size', `Cannot fetch from ${safeUrl(url)}: it sends more than ${bounds.maxBytes} bytes`);
      await onChunk(chunk);
    }
    within.throwIfAborted();
    // Node ends the loop quietly where a connection broke before the announced end.
    if (!body.complete)
      throw new NunetError('download-unreachable', `Cannot fetch from ${safeUrl(url)}: the connection broke after ${bytes} bytes`);
    return bytes;
  } catch (cause) {
    if (within.aborted) throw within.reason;
    if (cause instanceof NunetError) throw cause;
    throw new NunetError('download-unreachable', `Cannot fetch from ${safeUrl(url)}: the connection broke after ${bytes} bytes`, { cause });
  } finally {
    within.removeEventListener('abort', onAbort);
    clearTimeout(idle);
    clearTimeout(total);
    body.destroy();
  }
}
