// The two state machines: closed tables, reachable states, and ends that are ends.
import { describe, expect, test } from 'vitest';
import { canJobGo, isJobEnd, JOB_STATES, JOB_TRANSITIONS } from './job-state.ts';
import { canLockGo, isLockEnd, LOCK_STATES, LOCK_TRANSITIONS, settledAs } from './lock-state.ts';

function reachable<State extends string>(from: State, table: Readonly<Record<State, readonly State[]>>): Set<State> {
  const found = new Set<State>([from]);
  for (const state of found) for (const next of table[state]) found.add(next);
  return found;
}

describe('the job', () => {
  test('has a row for every state, and every state is reached from draft', () => {
    expect(Object.keys(JOB_TRANSITIONS)).toEqual([...JOB_STATES]);
    expect(reachable('draft', JOB_TRANSITIONS)).toEqual(new Set(JOB_STATES));
  });

  test('ends finished, refused, expired, failed or cancelled', () => {
    expect(JOB_STATES.filter(isJobEnd)).toEqual(['finished', 'refused', 'expired', 'failed', 'cancelled']);
  });

  test('goes draft, quoted, locked, preparing, running, finished', () => {
    const way = ['draft', 'quoted', 'locked', 'preparing', 'running', 'finished'] as const;
    way.slice(1).forEach((to, i) => expect(canJobGo(way[i]!, to)).toBe(true));
  });

  test('cannot go back, and cannot be refused once it runs', () => {
    expect(canJobGo('running', 'preparing')).toBe(false);
    expect(canJobGo('running', 'refused')).toBe(false);
    expect(canJobGo('finished', 'failed')).toBe(false);
    expect(canJobGo('draft', 'locked')).toBe(false);
  });
});

describe('the lock', () => {
  test('has a row for every state, and every state is reached from building', () => {
    expect(Object.keys(LOCK_TRANSITIONS)).toEqual([...LOCK_STATES]);
    expect(reachable('building', LOCK_TRANSITIONS)).toEqual(new Set(LOCK_STATES));
  });

  test('can be rolled back from everywhere but dropped', () => {
    for (const state of LOCK_STATES) {
      if (state === 'building' || state === 'dropped') continue;
      expect(reachable(state, LOCK_TRANSITIONS).has('submitted')).toBe(true);
    }
  });

  test('cannot be settled before it is locked, or be dropped once it is', () => {
    for (const end of ['withdrawn', 'refunded', 'distributed', 'reclaimed'] as const) {
      expect(canLockGo('building', end)).toBe(false);
      expect(canLockGo('submitted', end)).toBe(false);
      expect(canLockGo('locked', end)).toBe(true);
      expect(isLockEnd(end)).toBe(true);
    }
    expect(canLockGo('locked', 'dropped')).toBe(false);
  });

  test('is named after what was paid', () => {
    expect(settledAs(0n, 'withdraw')).toBe('refunded');
    expect(settledAs(0n, 'distribute')).toBe('refunded');
    expect(settledAs(1n, 'withdraw')).toBe('withdrawn');
    expect(settledAs(1n, 'distribute')).toBe('distributed');
  });
});
