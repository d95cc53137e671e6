// Is this machine's clock right enough for quotes, which live 90 seconds? Against everybody who told a time. Pure.
import { fail, pass, skip, warn, type Finding } from './finding.ts';

export interface ClockReading {
  /** Who told it. */
  source: string;
  /** Theirs minus ours. */
  offsetMs: number;
  /** They may be off by this much without anything being wrong: a second of an HTTP date, the time since the last block. */
  slackMs: number;
}

const WORTH_SAYING_MS = 5_000;
/** A third of a quote's life. */
const HARMFUL_MS = 30_000;

const beyond = ({ offsetMs, slackMs }: ClockReading): number => Math.max(0, Math.abs(offsetMs) - slackMs);

export function judgeClock(readings: readonly ClockReading[]): Finding {
  if (readings.length === 0) return skip('clock', 'Nobody was there to compare the clock with');
  const worst = readings.reduce((one, other) => (beyond(other) > beyond(one) ? other : one));
  const off = beyond(worst);
  const ours = `${(Math.abs(worst.offsetMs) / 1_000).toFixed(1)} s ${worst.offsetMs > 0 ? 'behind' : 'ahead of'} ${worst.source}`;
  const fix = 'Let the clock be set: timedatectl set-ntp true, or install chrony';
  if (off > HARMFUL_MS) return fail('clock', `The clock is ${ours}: quotes would be refused`, fix);
  if (off > WORTH_SAYING_MS) return warn('clock', `The clock is ${ours}`, fix);
  return pass('clock', `Agrees with ${[...new Set(readings.map(({ source }) => source))].join(', ')}`);
}
