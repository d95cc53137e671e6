import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CHUNK_LINES, LogWindow } from './log-window.ts';

const lines = (from: number, count: number): string[] => Array.from({ length: count }, (_, i) => `line ${from + i}`);

describe('the window of a log', () => {
  test('shows pushed lines in order and asks for nothing that it has', () => {
    const log = new LogWindow();
    log.put(0, lines(0, 2_500));
    expect(log.total).toBe(2_500);
    expect(log.missing(0, 2_500)).toBeNull();
    expect(log.slice(1_998, 2_002).map(({ line }) => line)).toEqual(lines(1_998, 4));
  });

  test('asks for what was never pushed to it, from where its chunk ends', () => {
    const log = new LogWindow();
    log.grow(5_000);
    log.put(4_400, lines(4_400, 100));
    expect(log.total).toBe(5_000);
    expect(log.missing(4_390, 4_420)).toBe(4_000);
    log.put(4_000, lines(4_000, 1_000));
    expect(log.missing(4_390, 4_420)).toBeNull();
  });

  test('is filled by reading on from where it says, wherever somebody looks', () => {
    const log = new LogWindow();
    log.put(0, lines(0, 100));
    log.grow(8_000);
    for (const first of [7_950, 3_100, 50]) {
      for (let from = log.missing(first, first + 40); from !== null; from = log.missing(first, first + 40))
        log.put(from, lines(from, 1_000).slice(0, 8_000 - from));
      expect(log.slice(first, first + 40).map(({ line }) => line)).toEqual(lines(first, 40));
    }
  });

  test('repeats change nothing and overlap joins', () => {
    const log = new LogWindow();
    log.put(0, lines(0, 10));
    log.put(5, lines(5, 10));
    log.put(0, lines(0, 3));
    expect(log.slice(0, 15).map(({ line }) => line)).toEqual(lines(0, 15));
  });

  test('cannot grow beyond a few chunks, however long the log', () => {
    const log = new LogWindow();
    for (let from = 0; from < 100_000; from += CHUNK_LINES) log.put(from, lines(from, CHUNK_LINES));
    expect(log.total).toBe(100_000);
    const held = log.slice(0, 100_000).filter(({ line }) => line !== undefined).length;
    expect(held).toBe(12_000);
    expect(log.missing(99_000, 100_000)).toBeNull();
    expect(log.missing(0, 10)).toBe(0);
  });

  test('never shows a line at another place than its own', () => {
    const pushes = fc.array(fc.tuple(fc.nat(3_000), fc.integer({ min: 1, max: 1_500 })), { maxLength: 12 });
    fc.assert(
      fc.property(pushes, (all) => {
        const log = new LogWindow();
        for (const [from, count] of all) log.put(from, lines(from, count));
        for (const { offset, line } of log.slice(0, log.total)) if (line !== undefined) expect(line).toBe(`line ${offset}`);
      }),
      { numRuns: 40 },
    );
  });
});
