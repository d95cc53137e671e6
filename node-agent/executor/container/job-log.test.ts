// A container's output as lines, under floods, broken frames and hostile bytes.
import { describe, expect, test } from 'vitest';
import type { ExecutionEvent } from '../executor.ts';
import { demuxed, JobLog, MAX_LOG_BYTES, MAX_LOG_LINES, progressOf } from './job-log.ts';

const frame = (text: string | Uint8Array, stream = 1): Buffer => {
  const content = Buffer.from(text as string);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(content.length, 4);
  return Buffer.concat([header, content]);
};

function read(pieces: readonly Uint8Array[], heard = 0): { events: ExecutionEvent[]; log: JobLog; lines: string[] } {
  const events: ExecutionEvent[] = [];
  let now = 0;
  const log = new JobLog({ emit: (event) => events.push(event), elapsed: () => (now += 1), heard });
  for (const piece of pieces) log.push(piece);
  log.end();
  return { events, log, lines: events.flatMap((event) => (event.type === 'log' ? [event.line] : [])) };
}

describe("a container's log", () => {
  test('is cut into lines by stream, whatever the pieces that it comes in', () => {
    const bytes = Buffer.concat([frame('one\ntw'), frame('problem\n', 2), frame('o\nthree')]);
    for (const size of [1, 3, 7, 1_000]) {
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
      const { lines, log } = read(pieces);
      expect(lines).toEqual(['one', 'problem', 'two', 'three']);
      expect(log.lastErrorLine).toBe('problem');
    }
    expect(demuxed(bytes)).toBe('one\ntwproblem\no\nthree');
  });

  test('keeps characters whole that two frames share', () => {
    const euro = Buffer.from('€\n');
    expect(read([frame(euro.subarray(0, 1)), frame(euro.subarray(1))]).lines).toEqual(['€']);
  });

  test('shows of a progress bar what a person would see', () => {
    expect(read([frame('10%\r50%\r100%\r\n')]).lines).toEqual(['100%']);
  });

  test('is not told again up to the line that was heard', () => {
    const { lines, events } = read([frame('a\n{"epoch":1}\nb\nc\n')], 3);
    expect(lines).toEqual(['c']);
    expect(events.filter(({ type }) => type === 'progress')).toEqual([]);
  });

  test('cannot move the cursor of a terminal', () => {
    expect(read([frame('\u001b[2Jred\u0007 \u202Eevil\n')]).lines).toEqual([' [2Jred   evil']);
  });

  test('cannot be a line without end', () => {
    const { lines } = read([frame('x'.repeat(300_000)), frame('y'.repeat(300_000)), frame('\nnext\n')]);
    expect(lines.map(({ length }) => length)).toEqual([500, 4]);
  });

  test('cannot have more lines than are passed on', () => {
    const { lines, log } = read([frame('x\n'.repeat(MAX_LOG_LINES + 50))]);
    expect(lines.length).toBe(MAX_LOG_LINES);
    expect(lines.at(-1)).toContain('log ends here');
    expect(log.lines).toBe(MAX_LOG_LINES);
  });

  test('says when it is over what any job may write', () => {
    const events: ExecutionEvent[] = [];
    const log = new JobLog({ emit: (event) => events.push(event), elapsed: () => 0, heard: 0 });
    const chunk = frame('z'.repeat(2 ** 20));
    for (let bytes = 0; bytes <= MAX_LOG_BYTES; bytes += chunk.length) log.push(chunk);
    expect(log.isOverLimit).toBe(true);
  });
});

describe('progress in a log', () => {
  test('is a line of JSON with an epoch; other numbers are metrics', () => {
    expect(progressOf('{"epoch": 2, "epochs": 5, "step": 3, "steps": 10, "loss": 0.5, "note": "x", "bad": null}')).toEqual({
      type: 'progress',
      epoch: 2,
      epochs: 5,
      step: 3,
      steps: 10,
      metrics: { loss: 0.5 },
    });
    expect(progressOf('{"epoch": 2}')).toMatchObject({ epochs: 0, step: 1, steps: 1 });
  });

  test.each([
    '{"epoch": "2"}',
    '{"epoch": -1}',
    '{"epoch": 1e300}',
    '[1]',
    '{"loss": 1}',
    'epoch 1',
    `{"epoch": 1, "x": "${'y'.repeat(5_000)}"}`,
    '{',
  ])('is nothing else: %s', (line) => {
    expect(progressOf(line)).toBeNull();
  });

  test('cannot carry metrics without number or names without end', () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`m${i}`, i]));
    expect(Object.keys(progressOf(JSON.stringify({ epoch: 1, ...many }))?.metrics ?? {}).length).toBe(32);
    expect(Object.keys(progressOf(JSON.stringify({ epoch: 1, ['n'.repeat(200)]: 1 }))?.metrics ?? {})[0]?.length).toBe(60);
  });

  test('is told at most twenty times a second, and the last in any case', () => {
    const lines = Array.from({ length: 200 }, (_, i) => `{"epoch":${i + 1},"loss":${i}}\n`).join('');
    const { events, log } = read([frame(lines)]);
    const told = events.filter(({ type }) => type === 'progress');
    expect(told.length).toBeLessThan(40);
    expect(told.at(-1)).toMatchObject({ epoch: 200 });
    expect(log.metrics).toEqual([{ name: 'loss', value: 199 }]);
  });
});
