// Billed time of a container: from its start to its end as the engine wrote them down, minus the time that it stood still. Pure.

/** A moment on the wall and on the machine's monotonic clock (which all processes since one boot share), ms. */
export interface Moment {
  readonly wall: number;
  readonly mono: number;
}

export interface Span {
  readonly start: Moment;
  /** Sum of the pauses that are over. */
  readonly pausedMs: number;
  /** Monotonic; null: it does not stand still. */
  readonly pausedSince: number | null;
}

/** Both clocks of a moment are read one after the other, and the engine's own start and end lie a moment beside what is seen from here. */
const CLOCKS_AGREE_WITHIN_MS = 1_000;

/**
 * Time between two moments. The wall clock is exact (the engine wrote it down) but may have been set in between; then the monotonic one
 * counts. `seen`: the end was observed as it happened; otherwise the monotonic end is only the latest that it can have been.
 */
export function elapsedMs(start: Moment, end: Moment, seen: boolean): number {
  const wall = end.wall - start.wall;
  const mono = Math.max(0, end.mono - start.mono);
  if (seen) return Math.abs(wall - mono) <= CLOCKS_AGREE_WITHIN_MS ? Math.max(0, wall) : mono;
  return Math.min(mono, Math.max(0, wall));
}

/** Billed up to `end`, never more than the limit. */
export function billedMs(span: Span, end: Moment, limitMs: number, seen = true): number {
  const stands = span.pausedSince === null ? 0 : Math.max(0, end.mono - span.pausedSince);
  return Math.min(limitMs, Math.max(0, Math.ceil(elapsedMs(span.start, end, seen) - span.pausedMs - stands)));
}
