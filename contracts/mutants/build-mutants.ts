// Compiles the validator once for each condition that can be dropped: `node contracts/mutants/build-mutants.ts` needs `aiken` on the
// PATH and writes mutants.json. Throws where a line that can refuse is neither dropped by a mutation nor explained.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONTRACTS, sourceFiles, sourcesHash } from '../blueprint-sources.ts';
import { compile } from '../build-blueprint.ts';
import { ESCROW, scriptFrom } from '../script.ts';
import { mutationsOf, NOT_DROPPED, refusals } from './mutations.ts';
import { MUTANTS_FILE, type Mutant, type MutantsPage } from './mutants.ts';

const occurrences = (source: string, line: string): number => source.split('\n').filter((one) => one.trim() === line).length;

/** Compiles them all. */
export function buildMutants(): MutantsPage {
  const files = sourceFiles().filter((path) => path.startsWith('lib/') || path === 'validators/escrow.ak');
  const sources = new Map(files.map((path) => [path, readFileSync(join(CONTRACTS, path), 'utf8')]));
  const mutations = mutationsOf(sources);
  for (const [file, source] of sources) {
    for (const line of new Set(refusals(source))) {
      const dropped = mutations.some((one) => one.file === file && occurrences(one.edit(source), line) < occurrences(source, line));
      if (!dropped && !NOT_DROPPED.some((one) => one.file === file && one.line === line))
        throw new TypeError(`Nothing drops this line of ${file}, nor says why nothing can: ${line}`);
    }
  }
  for (const { file, line } of NOT_DROPPED) {
    if (occurrences(sources.get(file) ?? '', line) === 0) throw new TypeError(`${file} has no line: ${line}`);
  }
  const mutants = mutations.map(({ file, dropped, check, edit }): Mutant => {
    const blueprint = compile('silent', (path, source) => (path === file ? edit(source) : source));
    const { hash, code } = scriptFrom(JSON.parse(blueprint) as Parameters<typeof scriptFrom>[0], 'escrow.escrow.else');
    if (hash === ESCROW.hash) throw new TypeError(`Dropping "${dropped}" of ${file} changes nothing: nobody needs it`);
    const about = check === undefined ? {} : { check };
    return { file, dropped, ...about, hash, code: Buffer.from(code, 'hex').toString('base64') };
  });
  return { sourcesSha256: sourcesHash(), mutants };
}

if (import.meta.main) writeFileSync(MUTANTS_FILE, `${JSON.stringify(buildMutants(), null, 2)}\n`);
