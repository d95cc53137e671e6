// The table of mutants as Markdown: what docs/mutants.md must say.
import { NOT_DROPPED } from './mutations.ts';
import type { Mutant } from './mutants.ts';

const cell = (text: string): string => text.replaceAll('|', '\\|');

export function mutantTable(killed: { mutant: Mutant; by: string }[]): string {
  return [
    '# Mutants',
    '',
    'Written by `contracts/mutants/mutants.test.ts`. Each row is the validator compiled without one of its conditions; the theft of the',
    'last column is then accepted, or the honest twin of it refused. The compiled mutants are committed with the hash of the sources',
    '(`contracts/mutants/mutants.json`), so that the test needs no compiler; `node contracts/mutants/build-mutants.ts` makes them again.',
    '',
    `| mutant | file | dropped | killed by |`,
    '| --- | --- | --- | --- |',
    ...killed.map(({ mutant: { file, dropped, hash }, by }) => `| ${hash.slice(0, 8)} | ${file} | ${cell(dropped)} | ${cell(by)} |`),
    '',
    'Lines that can refuse and that nothing can be dropped from:',
    '',
    '| file | line | why |',
    '| --- | --- | --- |',
    ...NOT_DROPPED.map(({ file, line, why }) => `| ${file} | \`${cell(line)}\` | ${why} |`),
    '',
  ].join('\n');
}
