// What each context of the built extension loads, in bytes as packed and as gzip would send them.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Row } from './table.ts';

/** Context -> what it begins with. What a page names is loaded with it. */
const CONTEXTS: Readonly<Record<string, string>> = {
  'service worker': 'background.js',
  'offscreen document': 'offscreen.html',
  'dashboard page': 'dashboard.html',
  'runner (SharedWorker)': 'runner.js',
  'network frame': 'net.html',
  'score frame': 'score.html',
  'its onnxruntime wasm': 'onnxruntime.wasm',
  'transaction worker (lazy)': 'transaction-worker.js',
};

/** Service worker at most 60 kB, pages at most 150 kB gzipped. */
const GOALS: Readonly<Record<string, { bytes: number; of: 'raw' | 'gzip' }>> = {
  'service worker': { bytes: 60_000, of: 'raw' },
  'dashboard page': { bytes: 150_000, of: 'gzip' },
};

/** The file and everything that it names, each once. */
function filesOf(folder: string, start: string): Set<string> {
  const found = new Set<string>();
  const add = (name: string): void => {
    if (found.has(name) || !existsSync(join(folder, name))) return;
    found.add(name);
    if (!/\.(html|js)$/.test(name) || readFileSync(join(folder, name)).length > 4e6) return;
    const text = readFileSync(join(folder, name), 'utf8');
    // Of a page its scripts and sheets; of a chunk the chunks that it imports.
    const names = name.endsWith('.html')
      ? text.matchAll(/(?:src|href)="\/([^"]+)"/g)
      : text.matchAll(/(?:from|import)\s*["']\.\/([^"']+)["']/g);
    for (const [, other = ''] of names) add(name.endsWith('.html') ? other : join('chunks', other));
  };
  add(start);
  return found;
}

export function benchBrowserSize(extension: string): Row[] {
  return Object.entries(CONTEXTS).map(([context, start]) => {
    const files = [...filesOf(extension, start)].map((name) => readFileSync(join(extension, name)));
    const raw = files.reduce((sum, bytes) => sum + bytes.length, 0);
    const gzip = files.reduce((sum, bytes) => sum + gzipSync(bytes, { level: 9 }).length, 0);
    const goal = GOALS[context];
    return {
      what: `size: ${context}`,
      figure: `${(raw / 1000).toFixed(0)} kB`,
      baseline: `gzip ${(gzip / 1000).toFixed(0)} kB`,
      ...(goal === undefined ? {} : { goal: `<= ${goal.bytes / 1000} kB ${goal.of}`, met: (goal.of === 'raw' ? raw : gzip) <= goal.bytes }),
    };
  });
}
