// The one error class that crosses a workspace: a literal code, a message to act on, a cause that never leaves the process.

/**
 * A failure. `code` is stable and safe to send to a peer; `message` names the action, the current and the wanted state.
 * A normal "no" is not an error: it is a value (`QuoteRefusal`, `LockProblem`).
 */
export class NunetError<Code extends string = string> extends Error {
  override readonly name = 'NunetError';
  readonly code: Code;
  constructor(code: Code, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** What may be told to a stranger about any thrown value: code and message of ours, nothing of anybody else's. */
export function safeError(error: unknown): { code: string; message: string } {
  if (error instanceof NunetError) return { code: error.code, message: error.message };
  if (error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError'))
    return { code: 'aborted', message: 'The operation was aborted or timed out.' };
  return { code: 'internal', message: 'Internal error; see the local log.' };
}
