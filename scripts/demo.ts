// `npm run demo`: a whole network on this machine, six jobs to their ends, balances reconciled to the base unit.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { formatAmount } from '@nunet/shared/amount.ts';
import { browserDemo } from './demo/browser.ts';
import { runJob } from './demo/run-job.ts';
import { plotCurve } from './demo/plot.ts';
import { containersDemo, stopEngine } from './demo/containers.ts';
import { buildReport, reconcile, type FinishedJob } from './demo/report.ts';
import { AGENTS, SCENARIOS } from './demo/scenarios.ts';
import { streamDemo } from './demo/stream.ts';
import { bold, dim, green, red, say } from './demo/terminal.ts';
import { dumpLedger } from './network/ledger-dump.ts';
import { printNetwork } from './network/print.ts';
import { stopAll } from './network/process.ts';
import { EVERYDAY, fundedWallet, startNetwork } from './network/start.ts';
import { root } from './run-tool.ts';

const HELP = `npm run demo                 six jobs on a network of its own, everything stopped at the end
npm run demo -- --keep       the same, and everything goes on running; addresses are printed, Ctrl-C stops it
npm run demo -- --browser    the extension in Chromium: open on the dashboard where there is a display, otherwise a walk-through in pictures
npm run demo -- --stream     one job that is paid by vouchers while it runs and ended by its two parties, with every oracle off
npm run demo -- --containers code in containers: scikit-learn, and PyTorch over the death of its agent; builds images of Debian packages once
npm run demo -- --job FILE   runs this job file instead (docs/job-file.md)
npm run demo -- --only NAME  one of: ${SCENARIOS.map(({ name }) => name).join(', ')}
npm run demo:audit           recomputes the balances of the last demo from the raw ledger`;

const { values } = parseArgs({
  options: {
    keep: { type: 'boolean' },
    browser: { type: 'boolean' },
    stream: { type: 'boolean' },
    containers: { type: 'boolean' },
    job: { type: 'string' },
    only: { type: 'string' },
    help: { type: 'boolean' },
  },
});
const scenarios = SCENARIOS.filter(({ name }) => values.only === undefined || name === values.only);

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    say(dim('\nStopping everything that this demo started ...'));
    stop.abort();
    void stopAll()
      .then(async () => stopEngine(join(root, '.demo')))
      .finally(() => process.exit(130));
  });
}

async function main(): Promise<number> {
  if (values.help === true) {
    say(HELP);
    return 0;
  }
  if (scenarios.length === 0) {
    say(`There is no job "${values.only ?? ''}".\n${HELP}`);
    return 2;
  }
  const started = performance.now();
  const folder = join(root, '.demo');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (values.stream === true) return streamDemo({ folder, keep: values.keep === true, signal: stop.signal });
  if (values.containers === true) return containersDemo({ folder, keep: values.keep === true, signal: stop.signal });
  say(bold('Starting a devnet, three oracles (2 of 3), a hub and three agents ...'));
  const network = await startNetwork(
    {
      folder,
      ...EVERYDAY,
      agents: [
        { name: AGENTS.cheap, priceCpuHour: '12' },
        { name: AGENTS.dear, priceCpuHour: '15' },
        { name: AGENTS.cheat, priceCpuHour: '20', file: join(root, 'scripts/dishonest/agent.ts') },
      ],
      say: (line) => say(dim(`  ${line}`)),
    },
    stop.signal,
  );
  if (values.browser === true) return browserDemo({ network, folder: join(folder, 'browser'), signal: stop.signal });

  const sandboxes = new Set([...network.agents.values()].map(({ sandbox }) => sandbox));
  say(dim(`  three agents, sandbox ${[...sandboxes].join(', ')}; ready after ${((performance.now() - started) / 1000).toFixed(1)} s`));

  if (values.job !== undefined) {
    const wallet = await fundedWallet(network, join(folder, 'job'), 'wallet', stop.signal);
    const run = await runJob({ network, jobFile: resolve(values.job), wallet, folder: join(folder, 'job') });
    say(`Outputs: ${relative(process.cwd(), join(folder, 'job/outputs'))}`);
    if (values.keep === true) {
      printNetwork(network);
      await new Promise(() => {});
    }
    return run.exitCode;
  }

  const finished: FinishedJob[] = [];
  for (const [index, scenario] of scenarios.entries()) {
    say(bold(`\n${index + 1} of ${scenarios.length}  ${scenario.title}`));
    const run = await scenario.run({ network, folder: join(folder, scenario.name), signal: stop.signal });
    const end = run.end?.lock ?? 'never made';
    const isRight = end === scenario.ends && run.end?.wallet.reconciled === true;
    say(`  ${isRight ? green('as it should be') : red(`WRONG: want ${scenario.ends}`)}: lock ${end}, ${(run.wallMs / 1000).toFixed(1)} s`);
    if (run.curve.length > 1) writeFileSync(join(folder, scenario.name, 'training.svg'), plotCurve(run.curve));
    finished.push({ scenario, run, isRight });
  }

  const accounts = await reconcile(network, finished, stop.signal);
  say(bold('\nBalances, in NTX and ADA, beside what the transactions say'));
  for (const { name, role, holds, isRight } of accounts.parties) {
    say(
      `  ${name.padEnd(14)} ${role.padEnd(17)} ${formatAmount(holds.ntx).padStart(12)} NTX ${formatAmount(holds.lovelace).padStart(13)} ADA  ${isRight ? green('reconciled') : red('DIFFERS')}`,
    );
  }
  const wallMs = performance.now() - started;
  const { url, asset } = network.devnet;
  writeFileSync(join(folder, 'ledger.json'), `${JSON.stringify(await dumpLedger(url, asset))}\n`);
  const report = buildReport(network, finished, accounts, wallMs);
  writeFileSync(join(folder, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
  const allRight = finished.every(({ isRight }) => isRight) && accounts.parties.every(({ isRight }) => isRight);
  say(
    `\n${allRight ? green(bold('All jobs ended as they should')) : red(bold('Something ended as it should not'))} in ${(wallMs / 1000).toFixed(1)} s. ` +
      'Report: .demo/report.json, curve: .demo/training/training.svg, model: .demo/training/outputs. Recheck with: npm run demo:audit',
  );
  if (values.keep === true) {
    printNetwork(network);
    await new Promise(() => {});
  }
  return allRight ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!stop.signal.aborted) {
    say(red(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}\nLogs: .demo/logs`));
    process.exitCode = 1;
  }
} finally {
  if (!stop.signal.aborted) await stopAll();
}
