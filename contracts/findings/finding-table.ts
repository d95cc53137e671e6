// The table of findings as Markdown: what docs/findings.md must say.
import type { Finding } from './finding.ts';

const cell = (text: string): string => text.replaceAll('|', '\\|');

export function findingTable(findings: Finding[], notHere: { source: string; found: string; why: string }[]): string {
  return [
    '# Findings of others',
    '',
    'Written by `contracts/findings/findings.test.ts`, which tries each of them on the committed script. Sources are published audits,',
    'bug bounties, notes of the projects themselves, and collections of known weaknesses of Cardano contracts.',
    '',
    '| no. | source | what was found | why it does not hold here | tests |',
    '| --- | --- | --- | --- | --- |',
    ...findings.map(
      ({ source, found, stands, attempts }, index) =>
        `| ${index + 1} | ${cell(source)} | ${cell(found)} | ${cell(stands)} | ${attempts.map(({ name }) => cell(name)).join('; ')} |`,
    ),
    '',
    'Found elsewhere, and nothing here that it could be tried on:',
    '',
    '| source | what was found | why not here |',
    '| --- | --- | --- |',
    ...notHere.map(({ source, found, why }) => `| ${cell(source)} | ${cell(found)} | ${cell(why)} |`),
    '',
  ].join('\n');
}
