// The version of this program, as package.json has it (a test compares them); told to peers, compared by update-check.
export const VERSION = '0.1.0';

const PARTS = /^v?(\d{1,6})\.(\d{1,6})\.(\d{1,6})$/;

/** Below, at or above zero as `a` is older than, the same as or newer than `b`. null: one of them is no version. */
export function compareVersions(a: string, b: string): number | null {
  const [left, right] = [a, b].map((text) => PARTS.exec(text)?.slice(1).map(Number));
  if (left === undefined || right === undefined) return null;
  for (const [index, part] of left.entries()) {
    const difference = part - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
