// `npm test`: vitest over every workspace, then one plain closing line that names what was skipped.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTool } from './run-tool.ts';

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numFailedTestSuites: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: { name: string; status: string; assertionResults: { fullName: string; status: string }[] }[];
}

const folder = mkdtempSync(join(tmpdir(), 'nunet-test-'));
const file = join(folder, 'report.json');
const code = await runTool('vitest', ['run', '--reporter=default', '--reporter=json', `--outputFile=${file}`, ...process.argv.slice(2)]);
const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
rmSync(folder, { recursive: true });

const skipped = report.testResults.flatMap((suite) =>
  suite.assertionResults.filter((test) => !['passed', 'failed'].includes(test.status)).map((test) => test.fullName),
);
for (const name of skipped) console.log(`skipped: ${name}`);
// A file that cannot be loaded has no tests to count, and still is a failure.
const brokenFiles = report.testResults.filter(
  (suite) => suite.status === 'failed' && suite.assertionResults.every((test) => test.status !== 'failed'),
);
for (const suite of brokenFiles) console.log(`could not run: ${suite.name}`);
const failed = report.numFailedTests + brokenFiles.length;
const skippedInCi = process.env['CI'] === 'true' && skipped.length > 0;
if (skippedInCi) console.error('A test was skipped, and none may be in CI.');
console.log(`${report.numPassedTests} passed, ${failed} failed, ${skipped.length} skipped`);
process.exitCode = code !== 0 || failed > 0 || report.numPassedTests === 0 || skippedInCi ? 1 : 0;
