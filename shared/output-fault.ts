// Whose fault it is when an output cannot be fetched: the sender's bytes, this machine's room, or the way between.
import { NunetError } from './errors.ts';

/** Failures that only the sender of the bytes can have caused. */
const WRONG = new Set(['block-mismatch', 'file-size-mismatch', 'bytes-invalid', 'bytes-too-large', 'message-invalid', 'cid-invalid']);

/** As `Outputs.fetch` throws it: `outputs-wrong`, `outputs-unsaved` for what `isOwn` calls a failure of this machine, or the error itself. */
export function outputFault(error: unknown, isOwn: (error: unknown) => boolean): unknown {
  if (error instanceof NunetError && WRONG.has(error.code)) return new NunetError('outputs-wrong', error.message, { cause: error });
  if (isOwn(error)) return new NunetError('outputs-unsaved', `Cannot keep the output: ${(error as Error).message}`, { cause: error });
  return error;
}
