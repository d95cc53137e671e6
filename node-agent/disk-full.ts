// A full disk, named: whoever hears of it should not read of an internal error.
import { NunetError } from '@nunet/shared/errors.ts';

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** The same error, or what it means where the system says that there is no room. */
export function named(error: unknown): unknown {
  const isFull = error instanceof Error && 'code' in error && typeof error.code === 'string' && FULL.has(error.code);
  return isFull ? new NunetError('disk-full', 'Cannot go on with the job: the disk of this agent is full', { cause: error }) : error;
}
