// What each context of the packaged extension loads, in bytes as packed and as gzip would send them, beside its budget.
import { BUDGETS, weigh } from '../package/budgets.ts';
import { loadedWith, readPackage } from '../package/packaged.ts';
import type { Row } from './table.ts';

/** Contexts without a budget -> what they begin with. What a page names is loaded with it. */
const OTHERS: Readonly<Record<string, string>> = {
  'offscreen document': 'offscreen.html',
  'dashboard page': 'dashboard.html',
  'onboarding page': 'onboarding.html',
  'approve window': 'approve.html',
  'relay in a page': 'content-scripts/bridge.js',
  'runner (SharedWorker)': 'runner.js',
  'network frame': 'net.html',
  'score frame': 'score.html',
  'its onnxruntime wasm': 'onnxruntime.wasm',
  'transaction worker (lazy)': 'transaction-worker.js',
};

const kB = (bytes: number): string => `${(bytes / 1000).toFixed(bytes < 10_000 ? 1 : 0)} kB`;

/** `zip`: the package for Chromium. */
export function benchBrowserSize(zip: string): Row[] {
  const files = readPackage(zip);
  const budgeted = BUDGETS.map(({ what, start, limit, of, counts }): Row => {
    const { raw, gzip } = weigh(loadedWith(files, start).filter(counts));
    const bytes = of === 'raw' ? raw : gzip;
    const [figure, baseline] = of === 'raw' ? [raw, `gzip ${kB(gzip)}`] : [gzip, `unpacked ${kB(raw)}`];
    return { what: `size: ${what}`, figure: kB(figure), baseline, goal: `< ${kB(limit)} ${of}`, met: bytes > 0 && bytes < limit };
  });
  const others = Object.entries(OTHERS).map(([what, start]): Row => {
    const { raw, gzip } = weigh(loadedWith(files, start));
    return { what: `size: ${what}`, figure: kB(raw), baseline: `gzip ${kB(gzip)}` };
  });
  return [...budgeted, ...others];
}
