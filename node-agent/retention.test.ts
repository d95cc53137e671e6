// What is kept of jobs that are over: not longer than it may be, and never more than there is room for.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { tooMuch, type KeptJob } from './retention.ts';

const kept = fc.uniqueArray(
  fc.record({ jobId: fc.stringMatching(/^[a-z]{8}$/), at: fc.integer({ min: 0, max: 1_000 }), bytes: fc.integer({ min: 0, max: 100 }) }),
  { selector: ({ jobId }) => jobId, maxLength: 20 },
);
const sum = (jobs: readonly KeptJob[]): number => jobs.reduce((all, { bytes }) => all + bytes, 0);

test('what stays fits, is young enough, and nothing newer than it went', () => {
  fc.assert(
    fc.property(kept, fc.integer({ min: 0, max: 1_000 }), fc.integer({ min: 0, max: 1_000 }), (jobs, ageMs, bytes) => {
      const now = 1_000;
      const gone = new Set(tooMuch(jobs, now, { ageMs, bytes }));
      const left = jobs.filter(({ jobId }) => !gone.has(jobId));
      expect(sum(left)).toBeLessThanOrEqual(bytes);
      expect(left.every(({ at }) => now - at < ageMs)).toBe(true);
      const newestGone = Math.max(-1, ...jobs.filter(({ jobId }) => gone.has(jobId)).map(({ at }) => at));
      expect(left.every(({ at }) => at >= newestGone)).toBe(true);
    }),
  );
});

test('no more goes than has to: the oldest alone when that makes room', () => {
  const jobs = [
    { jobId: 'newer', at: 20, bytes: 50 },
    { jobId: 'oldest', at: 10, bytes: 50 },
    { jobId: 'newest', at: 30, bytes: 50 },
  ];
  expect(tooMuch(jobs, 40, { ageMs: 1_000, bytes: 100 })).toEqual(['oldest']);
  expect(tooMuch(jobs, 40, { ageMs: 1_000, bytes: 150 })).toEqual([]);
  expect(tooMuch(jobs, 40, { ageMs: 15, bytes: 150 })).toEqual(['oldest', 'newer']);
});
