// The table of thefts as Markdown: what docs/thefts.md must say.
import type { Theft } from './theft.ts';

const cell = (text: string): string => text.replaceAll('|', '\\|');

/** Every row was tried on both ledgers before this is printed: the test that writes it fails otherwise. */
export function theftTable(thefts: readonly Theft[]): string {
  const rows = thefts.map(
    ({ name, twin, check, ledgerRule, builtin }) =>
      `| ${cell(name)} | ${cell(twin)} | ${ledgerRule === true ? 'ledger: ' : builtin === true ? 'builtin: ' : ''}${check} | refused | refused | accepted by both |`,
  );
  return [
    '# Thefts',
    '',
    'Written by `contracts/theft.test.ts`. Each theft and its honest twin, one field apart, are real transactions, tried on',
    "the devnet (Scalus' ledger, through Mesh's provider) and again in Blaze's emulator (Aiken's evaluator).",
    'The check is the name that the traced build of the same sources prints; the verdict is that of the committed script.',
    '',
    '| theft | honest twin | check that fired | Scalus | Blaze | twin |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}
