// `npm run conformance`: the conformance and escape suites on the embedded executor and every container engine that works here, and the table.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { columnMissing, columnName, ENGINE_COLUMNS } from '@nunet/node-agent/executor/escape-columns.ts';
import { ESCAPES, ESCAPE_IDS } from '@nunet/node-agent/executor/escape-list.ts';
import type { EscapeMeta } from '@nunet/node-agent/executor/escapes.ts';
import { bold, dim, say } from './demo/terminal.ts';
import { runTool } from './run-tool.ts';

const HELP = `npm run conformance                                    everything that works here
npm run conformance -- --engine docker|podman|all|none  default all
npm run conformance -- --runtime runc|runsc|all         default all`;

const FILES = [
  'node-agent/executor/embedded.test.ts',
  'node-agent/executor/container/container.test.ts',
  'node-agent/executor/escapes-embedded.test.ts',
  'node-agent/executor/escapes-container.test.ts',
  'node-agent/executor/container/engine-trouble.test.ts',
];

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  testResults: { name: string; assertionResults: { fullName: string; status: string; meta?: { escape?: EscapeMeta } }[] }[];
}

/** One line an attack: contained, how the manifest named it, whether the next job ran. */
function printTable(metas: readonly EscapeMeta[]): void {
  const columns = [...new Set(metas.map(({ column }) => column))];
  for (const column of columns) {
    const own = metas.filter((meta) => meta.column === column);
    say(bold(`\nEscapes from ${column}`));
    for (const id of ESCAPE_IDS) {
      const meta = own.find(({ escape }) => escape === id);
      if (meta === undefined) continue;
      const mark = (is: boolean): string => (is ? 'yes' : 'NO ');
      say(
        `  contained ${mark(meta.contained)}  next job ${mark(meta.nextJobRuns)}  ${(meta.named ?? 'NOT NAMED').padEnd(28)} cannot ${ESCAPES[id]}`,
      );
    }
    const good = own.filter(({ contained, named, nextJobRuns }) => contained && named !== null && nextJobRuns).length;
    say(
      dim(
        `  ${good} of ${own.length} contained, named and survived; ${ESCAPE_IDS.length - own.length} do not apply (docs/escapes.md says why)`,
      ),
    );
  }
}

const { values } = parseArgs({
  options: {
    engine: { type: 'string', default: 'all' },
    runtime: { type: 'string', default: 'all' },
    help: { type: 'boolean' },
  },
});
const engines = ['docker', 'podman', 'all', 'none'];
const runtimes = ['runc', 'runsc', 'all'];
if (values.help === true || !engines.includes(values.engine) || !runtimes.includes(values.runtime)) {
  say(HELP);
  process.exitCode = values.help === true ? 0 : 2;
} else {
  const asked = ENGINE_COLUMNS.filter(
    ({ kind, runtime }) => [kind, 'all'].includes(values.engine) && [runtime, 'all'].includes(values.runtime),
  );
  for (const column of asked) {
    const missing = columnMissing(column);
    if (missing !== null) say(dim(`not tried: ${columnName(column)}: ${missing}`));
  }
  process.env['NUNET_TEST_ENGINES'] = asked.map(columnName).join(',');
  const folder = mkdtempSync(join(tmpdir(), 'nunet-conformance-'));
  const file = join(folder, 'report.json');
  const code = await runTool('vitest', ['run', '--reporter=default', '--reporter=json', `--outputFile=${file}`, ...FILES]);
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  rmSync(folder, { recursive: true });
  const all = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  printTable(all.flatMap(({ meta }) => meta?.escape ?? []));
  say(bold(`\n${report.numPassedTests} passed, ${report.numFailedTests} failed`));
  process.exitCode = code;
}
