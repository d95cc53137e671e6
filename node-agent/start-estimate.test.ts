import { expect, it } from 'vitest';
import type { Job } from './job-book.ts';
import { bytesToCome, queuedBytes, startEstimateMs } from './start-estimate.ts';

const job = (state: string, inputBytes: number, more: object = {}): Job =>
  ({ events: [{ state }], request: { inputBytes, work: { kind: 'onnx' } }, ...more }) as unknown as Job;

it('counts what comes first: own inputs, those of jobs that wait for theirs, image and packages', () => {
  expect(startEstimateMs(0, 0, 0)).toBe(300);
  expect(startEstimateMs(5_000_000, 0, 0)).toBe(1_300);
  expect(startEstimateMs(5_000_000, 10_000_000, 60_000.2)).toBe(63_301);
});

it('lets jobs wait that have not started, and no others', () => {
  const jobs = [
    job('quoted', 1),
    job('locked', 10),
    job('preparing', 100),
    job('preparing', 1_000, { handle: {} }),
    job('running', 10_000),
    job('refused', 100_000),
  ];
  expect(queuedBytes(jobs)).toBe(111);
});

it('counts files from the web as inputs', () => {
  const work = {
    kind: 'container',
    run: { type: 'script', base: 'onnx', dependencies: [] },
    downloadHosts: ['example.org'],
    downloadBytes: 7,
  } as const;
  expect(bytesToCome({ inputBytes: 1, work: { ...work, run: { ...work.run, dependencies: [] }, downloadHosts: ['example.org'] } })).toBe(8);
});
