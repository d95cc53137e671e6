// The table of docs/escapes.md: what each attack comes to on each executor. Pure, over the attacks that the tests run.
import { containerCells } from './container/container-escapes.ts';
import { embeddedCells } from './embedded-escapes.ts';
import { columnName, ENGINE_COLUMNS } from './escape-columns.ts';
import { ESCAPE_IDS, ESCAPES } from './escape-list.ts';
import type { Attack, Cell, Cells } from './escapes.ts';

const nowhere = { pid: 0, port: 0, socket: '', reached: () => 0, close: async () => {} };

/** Columns in the order of the table. */
export const ESCAPE_COLUMNS: readonly { readonly name: string; readonly cells: Cells }[] = [
  { name: 'embedded, bubblewrap', cells: embeddedCells({ isFiltered: true, neighbourhood: nowhere }) },
  { name: 'embedded, unshare', cells: embeddedCells({ isFiltered: false, neighbourhood: nowhere }) },
  { name: 'embedded, node --permission', cells: embeddedCells({ isFiltered: false, neighbourhood: null }) },
  ...ENGINE_COLUMNS.map((column) => ({
    name: columnName(column),
    cells: containerCells({ ...column, attackImage: '', hostileImage: '', exchangedImage: '', neighbourhood: nowhere }),
  })),
];

const codeText = (code: string | RegExp): string =>
  typeof code === 'string'
    ? code
    : code.source
        .replaceAll(/[\^$]/g, '')
        .replace(/^\((\w+)\|(\w+)\)-limit$/, '$1-limit or $2-limit')
        .replaceAll('|', ' or ');

/** What the manifest says, or the refusal. */
function namedText(named: Attack['named']): string {
  if ('refused' in named) return `refused: ${codeText(named.refused).replace(/^\((\w+) or .*$/, '$1-...')}`;
  return named.exit === 'completed' ? 'completed' : codeText(named.code);
}

export function escapeTable(): string {
  const notes: string[] = [];
  const text = (cell: Cell): string => {
    if (!('notApplicable' in cell)) return namedText(cell.named);
    if (!notes.includes(cell.notApplicable)) notes.push(cell.notApplicable);
    return `- (${notes.indexOf(cell.notApplicable) + 1})`;
  };
  const rows = ESCAPE_IDS.map((id) => `| cannot ${ESCAPES[id]} | ${ESCAPE_COLUMNS.map(({ cells }) => text(cells[id])).join(' | ')} |`);
  return [
    '# Escapes',
    '',
    'Written by `node-agent/executor/escape-table.test.ts`. Each row is an attack that real hostile code tries on a real executor; the tests are',
    '`escapes-embedded.test.ts` and `escapes-container.test.ts`, and `npm run conformance` runs them all on whatever engines are here.',
    'A cell says how the manifest names the end, and stands for three things that its test has seen: nothing outside changed or was reached,',
    'the end was named so, and the next job ran. `program-failed` carries the last words of the program, which say what the kernel answered.',
    '`completed` means that the job may do what it did, and that the harm in it was left out and said in its log.',
    '',
    `| attack | ${ESCAPE_COLUMNS.map(({ name }) => name).join(' | ')} |`,
    `| --- | ${ESCAPE_COLUMNS.map(() => '---').join(' | ')} |`,
    ...rows,
    '',
    'Not tried, because:',
    '',
    ...notes.map((note, i) => `${i + 1}. ${note}`),
    '',
    '`npm test` runs the embedded columns and docker+runc. gVisor (`runsc`) runs as a runtime of Docker with',
    '`--platform=ptrace --network=none --oci-seccomp`, without remapping of root: its file server may otherwise not walk through the',
    "agent's private folders.",
    '',
  ].join('\n');
}
