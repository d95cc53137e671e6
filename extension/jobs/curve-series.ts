// The curve of a job as series: one a metric, in the order of the spec, epochs along the axis.
import type { LiveState } from '../messages.ts';

export interface Series {
  name: string;
  values: (number | null)[];
  last: number | null;
}

/** Metrics drawn at most; an agent may name as many as it likes. */
export const MAX_SERIES = 4;

/** Names of the job's own metrics come first; of what the agent names beside them, as many as there is room for. */
export function seriesOf(curve: LiveState['curve'], wanted: readonly string[]): { epochs: number[]; series: Series[] } {
  const named = new Set(wanted);
  for (const { metrics } of curve) {
    if (named.size >= MAX_SERIES) break;
    for (const { name } of metrics) named.add(name);
  }
  const epochs = curve.map(({ epoch }) => epoch);
  const series = [...named].slice(0, MAX_SERIES).map((name): Series => {
    const values = curve.map(({ metrics }) => metrics.find((metric) => metric.name === name)?.value ?? null);
    return { name, values, last: values.findLast((value) => value !== null) ?? null };
  });
  return { epochs, series: series.filter(({ last }) => last !== null) };
}
