// What the demo prints: plain lines everywhere, colours and a live bar on a terminal.
const isTerminal = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
const style = (code: number) => (text: string) => (isTerminal ? `\u001b[${code}m${text}\u001b[0m` : text);

export const bold = style(1);
export const dim = style(2);
export const green = style(32);
export const red = style(31);
export const yellow = style(33);

let liveLine = false;

export function say(line = ''): void {
  if (liveLine) process.stdout.write('\r\u001b[2K');
  liveLine = false;
  // Text of a stranger must not move the cursor of this terminal; our own colours were added around it.
  process.stdout.write(`${line}\n`);
}

/** A line that the next one replaces; nothing where output is not a terminal. */
export function live(line: string): void {
  if (!isTerminal) return;
  process.stdout.write(`\r\u001b[2K${line.slice(0, (process.stdout.columns ?? 100) - 1)}`);
  liveLine = true;
}

export const bar = (share: number, width = 24): string => {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * width);
  return `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}]`;
};

const TICKS = '▁▂▃▄▅▆▇█';
/** Values as a row of small bars, lowest to highest of the row. */
export function sparkline(values: readonly number[]): string {
  const low = Math.min(...values);
  const span = Math.max(...values) - low || 1;
  return values.map((value) => TICKS[Math.round(((value - low) / span) * (TICKS.length - 1))] ?? '').join('');
}
