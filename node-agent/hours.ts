// Hours of the day in which new jobs are taken: local time of the machine, possibly over midnight. Pure.
import type { Reason } from '@nunet/shared/quote.ts';

/** "22:00"; `to` may lie on the next day. Equal times mean the whole day. */
export interface Hours {
  from: string;
  to: string;
}

const DAY_MINUTES = 24 * 60;

const minutesOf = (text: string): number => {
  const [hours = 0, minutes = 0] = text.split(':').map(Number);
  return hours * 60 + minutes;
};

/** Minutes since midnight where the machine stands; a change to or from summer time is the system's affair. */
export const localMinutes = (atMs: number): number => {
  const at = new Date(atMs);
  return at.getHours() * 60 + at.getMinutes();
};

/** From `from` on, up to and without `to`. */
export function isWithin(hours: Hours, minute: number): boolean {
  const length = (minutesOf(hours.to) - minutesOf(hours.from) + DAY_MINUTES) % DAY_MINUTES;
  return length === 0 || (minute - minutesOf(hours.from) + DAY_MINUTES) % DAY_MINUTES < length;
}

/**
 * Why no job is quoted at this minute; null: the hours are on, or there are none. Only the question has to come within them: what was
 * quoted is started and runs to its end, for its money is locked by then.
 */
export function hoursProblem(hours: Hours | null, minute: number): Reason | null {
  if (hours === null || isWithin(hours, minute)) return null;
  const wait = (minutesOf(hours.from) - minute + DAY_MINUTES) % DAY_MINUTES;
  const inHours = `${Math.floor(wait / 60)} h ${wait % 60} min`;
  return {
    code: 'policy-hours',
    message: `This agent's owner takes new jobs from ${hours.from} to ${hours.to} of the machine's local time only; that begins in ${inHours}`,
  };
}
