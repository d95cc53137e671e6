// Where chaos strikes: around the n-th journal write of a program, or at a moment after the run began.
export type Victim = 'run' | 'agent' | 'edge';
export type Point = { victim: Victim; write: number; when: 'before' | 'after' } | { victim: Victim; afterMs: number };

export const nameOf = (point: Point): string =>
  'write' in point ? `${point.victim}: ${point.when} write ${point.write}` : `${point.victim}: ${point.afterMs} ms after the start`;

/** Every write of a victim, before and after it. */
export const aroundWrites = (victim: Victim, writes: number): Point[] =>
  Array.from({ length: writes }, (_, write) => (['before', 'after'] as const).map((when) => ({ victim, write, when }))).flat();

/** The same moments for the same seed. mulberry32, public domain: only has to scatter. */
export function seededPoints(seed: number, count: number, withinMs: number): Point[] {
  let state = seed >>> 0;
  const random = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const victims: Victim[] = ['run', 'agent', 'edge'];
  return Array.from({ length: count }, () => ({
    victim: victims[Math.floor(random() * victims.length)] ?? 'run',
    afterMs: Math.floor(random() * withinMs),
  }));
}
