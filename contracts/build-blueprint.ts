// Compiles the validator with `aiken` from the PATH: `node contracts/build-blueprint.ts` writes plutus.json (what runs),
// plutus.traced.json (the same rules with the names of the checks, for the tests) and the hash of the sources.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CONTRACTS, sourceFiles, sourcesHash } from './blueprint-sources.ts';

export const BLUEPRINTS = [
  { file: 'plutus.json', traces: 'silent' },
  { file: 'plutus.traced.json', traces: 'verbose' },
] as const;

/** Builds in a fresh folder, so that nothing but the sources (as `edit` leaves them) decides. Gives the blueprint's text. */
export function compile(traces: (typeof BLUEPRINTS)[number]['traces'], edit?: (path: string, source: string) => string): string {
  const folder = mkdtempSync(join(tmpdir(), 'escrow-'));
  try {
    for (const path of sourceFiles()) {
      const source = readFileSync(join(CONTRACTS, path), 'utf8');
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), edit?.(path, source) ?? source);
    }
    // A warning is an error in what is committed, not in an experiment.
    execFileSync('aiken', ['build', ...(edit === undefined ? ['--deny'] : []), '--trace-level', traces], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    return readFileSync(join(folder, 'plutus.json'), 'utf8');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (import.meta.main) {
  for (const { file, traces } of BLUEPRINTS) writeFileSync(join(CONTRACTS, file), `${compile(traces).trim()}\n`);
  writeFileSync(join(CONTRACTS, 'blueprint-source.json'), `${JSON.stringify({ sha256: sourcesHash() }, null, 2)}\n`);
}
