// When an open vault has to lock: by the wall clock, which counts while a machine sleeps, or by the ticks since it started, which nobody can
// set back; whichever is first.

export interface Moment {
  wallMs: number;
  /** Monotonic; may stand still while the machine sleeps. */
  ticksMs: number;
}

/** The wall clock may be corrected by this much; set back further, it is not to be trusted with a deadline. */
const CORRECTION_MS = 60_000;

export const isOver = (touched: Moment, limitMs: number, now: Moment): boolean =>
  now.wallMs - touched.wallMs >= limitMs || now.ticksMs - touched.ticksMs >= limitMs || touched.wallMs - now.wallMs > CORRECTION_MS;
