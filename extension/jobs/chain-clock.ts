// Deadlines are chain time: this is how a page knows it between two looks of the runner at the chain.
import type { AppState } from '../messages.ts';

/** Chain time now: the tip's own time, moved on by what has passed here since it was seen; this machine's clock before any tip was seen. */
export const chainNow = ({ tipTimeMs, seenAtMs }: AppState['chain'], nowMs: number): number =>
  tipTimeMs === null || seenAtMs === null ? nowMs : tipTimeMs + Math.max(0, nowMs - seenAtMs);
