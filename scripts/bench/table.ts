// A bench is a list of rows: what was measured, what it was measured beside, and the goal it has to meet.
import { green, red, say } from '../demo/terminal.ts';

export interface Row {
  what: string;
  figure: string;
  /** The same thing without what is measured, in the same run. */
  baseline?: string;
  goal?: string;
  /** Absent: nothing was promised. */
  met?: boolean;
}

export function printRows(title: string, rows: readonly Row[]): void {
  say(`\n${title}`);
  for (const { what, figure, baseline, goal, met } of rows) {
    const verdict = met === undefined ? '' : met ? green('met   ') : red('MISSED');
    say(
      `  ${what.padEnd(46)} ${figure.padStart(16)}  ${(baseline ?? '').padEnd(28)} ${(goal === undefined ? '' : `goal ${goal}`).padEnd(18)} ${verdict}`,
    );
  }
}
