// How long after wrong passwords the next may be tried: 1 s, doubled each time, at most 60 s. Counted before a try, so that killing the
// browser in the middle of one gains nothing.

export interface Attempts {
  /** Tries since the last right password, the running one among them. */
  failed: number;
  lastMs: number;
}

export const NO_ATTEMPTS: Attempts = { failed: 0, lastMs: 0 };

const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;

/** When the next try may be made; null: at once. A clock that was set back does not make anybody wait longer than a minute. */
export function retryAt({ failed, lastMs }: Attempts, nowMs: number): number | null {
  if (failed === 0) return null;
  const at = Math.min(lastMs, nowMs) + Math.min(FIRST_MS * 2 ** Math.min(failed - 1, 10), LONGEST_MS);
  return at > nowMs ? at : null;
}
