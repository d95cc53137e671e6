// Every condition of the validator, dropped in turn, lets a named theft through or refuses an honest twin: none is there for nothing,
// and none is untested. Needs no compiler: the mutants are committed with the hash of the sources that they were made from.
import { ALL_THEFTS } from '../thefts/all-thefts.ts';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sourcesHash } from '../blueprint-sources.ts';
import { ESCROW } from '../script.ts';
import { buildMutants } from './build-mutants.ts';
import { mutantTable } from './mutant-table.ts';
import { readMutants, scriptOf, type Mutant } from './mutants.ts';
import { attackBy, PAPER_ATTACKS, type Attack } from './paper-attacks.ts';

const PAGE = join(import.meta.dirname, '../../docs/mutants.md');
const { sourcesSha256, mutants } = readMutants();

/** What a ledger refuses without asking the script, no mutant can fall for. */
const THEFTS = ALL_THEFTS.filter(({ ledgerRule }) => ledgerRule !== true);
const ATTACKS: Attack[] = [...THEFTS.map(attackBy), ...PAPER_ATTACKS];

/** The first theft that the mutant falls for; else the first honest twin that it refuses. */
function killer(mutant: Mutant): string | null {
  const script = scriptOf(mutant);
  // Those that the dropped condition refuses come first; the order decides nothing but the time it takes.
  const attacks = ATTACKS.toSorted((a, b) => Number(b.check === mutant.check) - Number(a.check === mutant.check));
  const theft = attacks.find(({ ask }) => ask(script, 'theft').accepted);
  if (theft !== undefined) return theft.name;
  const twin = attacks.find(({ ask }) => !ask(script, 'twin').accepted);
  return twin === undefined ? null : `${twin.name} (refuses its honest twin)`;
}

test('the mutants were made from the sources as they are (node contracts/mutants/build-mutants.ts)', () => {
  expect(sourcesSha256).toBe(sourcesHash());
  expect(new Set(mutants.map(({ hash }) => hash)).size).toBe(mutants.length);
  expect(mutants.map(({ hash }) => hash)).not.toContain(ESCROW.hash);
});

const hasAiken = spawnSync('aiken', ['--version']).status === 0;

// The hash above binds them to the sources; only whoever has the compiler can check it.
test.each(hasAiken ? ['aiken'] : [])(
  'the mutants are what %s makes of the sources',
  () => {
    expect(buildMutants()).toEqual(readMutants());
  },
  300_000,
);

test('the escrow itself falls for no theft and refuses no honest twin', () => {
  for (const { name, ask } of ATTACKS) {
    expect({ name, theft: ask(ESCROW, 'theft').accepted, twin: ask(ESCROW, 'twin').accepted }).toEqual({ name, theft: false, twin: true });
  }
});

const killed: { mutant: Mutant; by: string }[] = [];

describe('without one condition', () => {
  test.each(mutants)('$file, $dropped: a named theft succeeds', (mutant) => {
    const by = killer(mutant);
    expect(by, 'nothing notices that it is gone').not.toBeNull();
    if (by !== null) killed.push({ mutant, by });
  });
});

test('docs/mutants.md says which theft needs which condition (UPDATE_MUTANTS=1 writes it)', () => {
  const table = mutantTable(killed);
  console.log(table);
  if (process.env['UPDATE_MUTANTS'] === '1') writeFileSync(PAGE, table);
  expect(readFileSync(PAGE, 'utf8')).toBe(table);
});
