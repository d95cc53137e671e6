// What each context of the extension may weigh. Bytes are no timing: these fail a test.
import { gzipSync } from 'node:zlib';
import { loadedWith, type Finding, type Packaged, type PackagedFile } from './packaged.ts';

/** hash-wasm's Argon2 with its WebAssembly as text, as its own minified build weighs it (dist/argon2.umd.min.js of 4.13.0). */
const HASH_WASM_BYTES = 30_094;

export interface Budget {
  what: string;
  /** The page or script that the context begins with; what it names is loaded with it. */
  start: string;
  /** Fewer bytes than this. */
  limit: number;
  of: 'raw' | 'gzip';
  /** Styles are no code, and a page shows without its pictures. */
  counts: (file: PackagedFile) => boolean;
}

const code = ({ path }: PackagedFile): boolean => /\.(?:js|html)$/.test(path);

export const BUDGETS: readonly Budget[] = [
  { what: 'service worker', start: 'background.js', limit: 60_000, of: 'raw', counts: code },
  { what: 'stub in the page’s own world', start: 'content-scripts/cip30.js', limit: 2_000, of: 'raw', counts: code },
  { what: 'vault, with hash-wasm', start: 'vault.js', limit: 120_000 + HASH_WASM_BYTES, of: 'raw', counts: code },
  { what: 'popup, first paint', start: 'popup.html', limit: 150_000, of: 'gzip', counts: code },
];

interface Weight {
  raw: number;
  gzip: number;
}

export function weigh(files: readonly PackagedFile[]): Weight {
  const sum = (size: (file: PackagedFile) => number): number => files.reduce((total, file) => total + size(file), 0);
  return { raw: sum(({ bytes }) => bytes.length), gzip: sum(({ bytes }) => gzipSync(bytes, { level: 9 }).length) };
}

export function checkBudgets(files: Packaged): Finding[] {
  return BUDGETS.flatMap(({ what, start, limit, of, counts }) => {
    const loaded = loadedWith(files, start);
    if (loaded.length === 0) return [{ file: start, problem: `${what}: is missing, so its budget says nothing` }];
    const bytes = weigh(loaded.filter(counts))[of];
    return bytes < limit ? [] : [{ file: start, problem: `${what}: ${bytes} bytes ${of}, the budget is below ${limit}` }];
  });
}
