// `npm run bench`: speed, cost and memory, each beside its baseline in the same run. Figures, never a test.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureTransfers, type TransferFigures } from '@nunet/node-agent/network/transfer.bench.ts';
import { benchBrowser } from './bench/browser.ts';
import { benchContainer } from './bench/container.ts';
import { benchEscrow } from './bench/escrow.ts';
import { benchExecutor, EXECUTOR_BENCH_DEFAULTS } from './bench/executor.ts';
import { benchJobs } from './bench/jobs.ts';
import { benchNetwork } from './bench/network.ts';
import { printRows, type Row } from './bench/table.ts';
import { bold, dim, say } from './demo/terminal.ts';
import { stopAll } from './network/process.ts';
import { root, runProgram } from './run-tool.ts';

const PARTS = ['escrow', 'executor', 'container', 'jobs', 'network', 'transfer', 'browser', 'demo'] as const;
const HELP = `npm run bench                  everything, about fifteen minutes on two cores
npm run bench -- --only PART   one of: ${PARTS.join(', ')}`;

interface DemoReport {
  wallMs: number;
  jobs: { name: string; manifest: { billedMs: number } | null; accuracy: number | null }[];
}

async function benchDemo(): Promise<Row[]> {
  const code = await runProgram('scripts/demo.ts', []);
  const report = JSON.parse(readFileSync(join(root, '.demo/report.json'), 'utf8')) as DemoReport;
  const training = report.jobs.find(({ name }) => name === 'training');
  const rows: Row[] = [
    {
      what: `demo, installed, all ${report.jobs.length} jobs`,
      figure: `${(report.wallMs / 1000).toFixed(1)} s`,
      goal: '< 120 s',
      met: code === 0 && report.wallMs < 120_000,
    },
    {
      what: 'training, billed',
      figure: `${((training?.manifest?.billedMs ?? Number.NaN) / 1000).toFixed(2)} s`,
      baseline: `accuracy ${training?.accuracy?.toFixed(4) ?? '?'}`,
      goal: '< 5 s',
      met: (training?.manifest?.billedMs ?? Number.POSITIVE_INFINITY) < 5_000,
    },
  ];
  printRows('The demo', rows);
  return rows;
}

const TRANSFER_MEGABYTES = 100;
const TRANSFER_GOAL = 0.9;

const transferRows = (figures: readonly TransferFigures[]): Row[] =>
  figures.map(({ transport, megabytesPerSecond, rawMegabytesPerSecond, ofRaw, connectMs, requestMs }) => ({
    what: `${TRANSFER_MEGABYTES} MB of outputs by ${transport}`,
    figure: `${megabytesPerSecond.toFixed(1)} MB/s`,
    baseline: `${ofRaw.toFixed(2)} of a raw stream's ${rawMegabytesPerSecond.toFixed(1)} MB/s; dialled in ${connectMs.toFixed(0)} ms, a request ${requestMs.toFixed(1)} ms`,
    goal: `>= ${TRANSFER_GOAL} of raw`,
    met: ofRaw >= TRANSFER_GOAL,
  }));

async function main(signal: AbortSignal): Promise<void> {
  const { values } = parseArgs({ options: { only: { type: 'string' }, help: { type: 'boolean' } } });
  const wanted = PARTS.filter((part) => values.only === undefined || part === values.only);
  if (values.help === true || wanted.length === 0) {
    say(HELP);
    return;
  }
  const folder = join(root, '.bench');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  say(dim(`${cpus().length} x ${cpus()[0]?.model ?? 'CPU'}, load ${loadavg()[0]?.toFixed(1)}; a loaded machine gives other figures`));
  const rows: Row[] = [];
  let bareMs = Number.NaN;
  if (wanted.includes('demo')) rows.push(...(await benchDemo()));
  if (wanted.includes('escrow')) rows.push(...(await benchEscrow()));
  if (wanted.includes('executor')) {
    const { firstLogMs, trainingRatio } = await benchExecutor({ ...EXECUTOR_BENCH_DEFAULTS, onLine: (line) => say(dim(`  ${line}`)) });
    bareMs = firstLogMs.bare;
    const found: Row[] = [
      {
        what: `sandboxed training, ${EXECUTOR_BENCH_DEFAULTS.pairs} pairs, CPU time`,
        figure: `${trainingRatio.cpu} x`,
        baseline: `wall ${trainingRatio.wall} x, ${(trainingRatio.cpuMsEach / 1000).toFixed(1)} s of CPU each`,
        goal: '<= 1.05 x',
        met: trainingRatio.cpu <= 1.05,
      },
      {
        what: 'executor start to first log line',
        figure: `${firstLogMs.anticipated} ms`,
        baseline: `bare child process ${firstLogMs.bare} ms`,
      },
    ];
    printRows('The sandbox', found);
    rows.push(...found);
  }
  if (wanted.includes('container'))
    rows.push(...(await benchContainer(join(folder, 'container'), (line) => say(dim(`  ${line}`)), signal)));
  if (wanted.includes('jobs')) rows.push(...(await benchJobs()));
  if (wanted.includes('network')) rows.push(...(await benchNetwork(join(folder, 'network'), bareMs, signal)));
  if (wanted.includes('browser')) rows.push(...(await benchBrowser(join(folder, 'browser'), (line) => say(dim(`  ${line}`)), signal)));
  if (wanted.includes('transfer')) {
    const found = transferRows(await measureTransfers(TRANSFER_MEGABYTES, 3));
    printRows('Outputs to a peer, disk to disk, each byte hashed on both sides', found);
    rows.push(...found);
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'report.json'), `${JSON.stringify({ version: 1, at: new Date().toISOString(), rows }, null, 2)}\n`);
  const missed = rows.filter(({ met }) => met === false);
  say(
    bold(
      `\n${rows.filter(({ met }) => met === true).length} goals met, ${missed.length} missed${missed.length === 0 ? '' : `: ${missed.map(({ what }) => what).join('; ')}`}`,
    ),
  );
}

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    stop.abort();
    void stopAll().then(() => process.exit(130));
  });
}
try {
  await main(stop.signal);
} finally {
  if (!stop.signal.aborted) await stopAll();
}
