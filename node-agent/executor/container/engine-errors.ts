// The engine's errors, translated once: what it refused, that it is gone, or that the thing asked for is.
import { NunetError } from '@nunet/shared/errors.ts';

/** HTTP status of an engine's answer; undefined where it gave none. */
export const statusOf = (error: unknown): number | undefined =>
  typeof error === 'object' && error !== null && 'statusCode' in error && typeof error.statusCode === 'number'
    ? error.statusCode
    : undefined;

const GONE = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE', 'ENOTCONN', 'ECONNABORTED', 'UND_ERR_SOCKET']);

/** The engine itself does not answer: it was stopped, or is being restarted. */
export const isEngineGone = (error: unknown): boolean =>
  typeof error === 'object' &&
  error !== null &&
  (('code' in error && typeof error.code === 'string' && GONE.has(error.code)) ||
    (error instanceof Error && /socket hang up|aborted/.test(error.message)));

/** The engine's words without what it says of itself. */
export function engineMessage(error: unknown): string {
  const body =
    typeof error === 'object' && error !== null && 'json' in error ? (error.json as { message?: unknown } | null)?.message : undefined;
  const text = typeof body === 'string' ? body : error instanceof Error ? error.message : String(error);
  return text.replaceAll(/\s+/g, ' ').slice(0, 300);
}

/** Throws a NunetError of `code` in place of whatever the engine threw. */
export const translated =
  (code: string, action: string) =>
  (error: unknown): never => {
    if (error instanceof NunetError) throw error;
    if (isEngineGone(error))
      throw new NunetError('engine-lost', `Cannot ${action}: the container engine does not answer`, { cause: error });
    throw new NunetError(code, `Cannot ${action}: the engine says "${engineMessage(error)}"`, { cause: error });
  };
