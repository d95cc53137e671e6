// Many changes, few tellings: at once when it has been quiet, else once after the pause.
export type After = (ms: number, act: () => void) => () => void;

/** The result tells of a change. `pauseMs` lies between two calls of `act` at least. */
export function coalesced(pauseMs: number, parts: { now: () => number; after: After }, act: () => void): () => void {
  let lastMs = -Infinity;
  let isDue = false;
  const run = (): void => {
    isDue = false;
    lastMs = parts.now();
    act();
  };
  return () => {
    if (isDue) return;
    isDue = true;
    // Never within the caller: what it is changing shall be whole when it is told.
    parts.after(Math.max(0, lastMs + pauseMs - parts.now()), run);
  };
}
