import { describe, expect, it } from 'vitest';
import { hoursProblem, isWithin, localMinutes } from './hours.ts';

const at = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));

describe('hours', () => {
  it.each([
    ['09:00', '17:00', { '08:59': false, '09:00': true, '16:59': true, '17:00': false, '00:00': false }],
    ['22:00', '06:00', { '21:59': false, '22:00': true, '23:59': true, '00:00': true, '05:59': true, '06:00': false, '12:00': false }],
    ['00:00', '00:00', { '00:00': true, '12:00': true, '23:59': true }],
    ['23:59', '00:00', { '23:58': false, '23:59': true, '00:00': false }],
  ])('from %s to %s', (from, to, minutes) => {
    for (const [minute, expected] of Object.entries(minutes)) expect(isWithin({ from, to }, at(minute)), minute).toBe(expected);
  });

  it('says when they begin, over midnight too', () => {
    expect(hoursProblem({ from: '22:00', to: '06:00' }, at('06:00'))?.message).toContain('begins in 16 h 0 min');
    expect(hoursProblem({ from: '01:30', to: '06:00' }, at('23:45'))?.message).toContain('begins in 1 h 45 min');
    expect(hoursProblem({ from: '22:00', to: '06:00' }, at('06:00'))?.code).toBe('policy-hours');
    expect(hoursProblem({ from: '22:00', to: '06:00' }, at('23:00'))).toBeNull();
    expect(hoursProblem(null, at('23:00'))).toBeNull();
  });

  it('reads local time', () => {
    expect(localMinutes(new Date(2026, 0, 31, 23, 7, 59).getTime())).toBe(23 * 60 + 7);
  });
});
