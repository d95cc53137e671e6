// What a run prints of a stranger's words: on a terminal they stay words.
import { expect, test } from 'vitest';
import { jsonReport, textReport, type Report } from './report.ts';

const HOSTILE = 'a\u001b[2J\u001b]0;owned\u0007 b\u009b31m c\u202etxt.exe\u202c d\u{e0001}e\r\nf';

function printed(report: (print: (line: string) => void) => Report): string[] {
  const lines: string[] = [];
  report((line) => lines.push(line)).event({ type: 'log', offset: 0, line: HOSTILE });
  return lines;
}

test('a log line cannot move the cursor, recolour, retitle or reorder what is read, as text or as JSON', () => {
  for (const report of [textReport, jsonReport]) {
    const lines = printed(report);
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  }
});

test('JSON keeps a log line as it was', () => {
  expect(JSON.parse(printed(jsonReport)[0] ?? '')).toEqual({ event: 'log', offset: 0, line: HOSTILE });
});

test('code is told phase by phase, and epoch by epoch where nobody knows the last one', () => {
  const lines: string[] = [];
  const report = textReport((line) => lines.push(line));
  const progress = (phase: 'image' | 'dependencies' | 'inputs' | 'steps', done: number, total: number, epoch = 0): void =>
    report.event({ type: 'progress', phase, done, total, epoch, metrics: epoch === 0 ? [] : [{ name: 'loss', value: 0.25 }] });
  progress('inputs', 0, 0);
  progress('image', 50, 100);
  progress('dependencies', 3, 3);
  progress('steps', 1, 0, 1);
  progress('steps', 1, 0, 1);
  progress('steps', 2, 0, 2);
  report.checkpoint(2, '/kept/checkpoint-2.tar', 2_048);
  expect(lines.map((line) => line.trim())).toEqual([
    `[${'#'.repeat(15)}${'.'.repeat(15)}] 50 %  image`,
    `[${'#'.repeat(30)}] 100 %  packages`,
    'epoch 1  loss 0.2500',
    'epoch 2  loss 0.2500',
    'Kept checkpoint 2, 2048 bytes, as /kept/checkpoint-2.tar',
  ]);
});
