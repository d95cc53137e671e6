// One line of `npm run chain:check`: what was looked at, what it came to, and what to do when it is not as it should be.

export interface CheckLine {
  what: string;
  state: 'ok' | 'failed' | 'skipped';
  said: string;
  /** What to do next; null where there is nothing to do. */
  next: string | null;
}

export const ok = (what: string, said: string): CheckLine => ({ what, state: 'ok', said, next: null });
export const failed = (what: string, said: string, next: string): CheckLine => ({ what, state: 'failed', said, next });
export const skipped = (what: string, said: string, next: string | null): CheckLine => ({ what, state: 'skipped', said, next });

/** As it is printed: one line each, what to do below it. */
export function checkTable(lines: readonly CheckLine[]): string[] {
  const width = Math.max(...lines.map(({ what }) => what.length));
  return lines.flatMap(({ what, state, said, next }) => [
    `${what.padEnd(width)}  ${state.padEnd(7)}  ${said}`,
    ...(next === null ? [] : [`${''.padEnd(width)}  ->       ${next}`]),
  ]);
}
