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
