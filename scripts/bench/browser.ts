// The extension in real Chromium: from the click on Run to the first log line, the person apart, what each context weighs, and memory while a job runs.
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { buildExtension } from '../browser/build-extension.ts';
import { openChromium, type Chromium } from '../browser/chromium.ts';
import { Dashboard } from '../browser/dashboard.ts';
import { chromiumDriver } from '../browser/driver.ts';
import { createWallet } from '../browser/onboarding.ts';
import { makeMnistJob } from '../jobs/mnist-job.ts';
import { startNetwork } from '../network/start.ts';
import { memoryRows, readBrowserMemory } from './browser-memory.ts';
import { benchBrowserNetwork } from './browser-network.ts';
import { benchBrowserSize } from './browser-size.ts';
import { benchWallet } from './browser-wallet.ts';
import { printRows, type Row } from './table.ts';

const RUNS = 7;

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Milliseconds after the click at which the page first showed each state, and the first log line. */
interface Marks {
  /** The sheet with the lock asks for the person. */
  asked: number;
  /** The person's click on the sheet. */
  approved: number;
  submitted: number;
  /** The lock is deep enough for the service provider. */
  locked: number;
  preparing: number;
  running: number;
  log: number;
}

/** Watches the page itself, so that what is measured is what a person sees. */
const watchRun = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const marks: Record<string, number> = {};
    let clickedAt = Number.NaN;
    const stateOf = (id: string): string => document.querySelector(`[data-testid="${id}"]`)?.getAttribute('data-state') ?? '';
    const look = (): void => {
      if (Number.isNaN(clickedAt)) return;
      const now = performance.now() - clickedAt;
      if (document.querySelector('[data-testid="signing-sheet"][data-step="ready"]') !== null) marks['asked'] ??= now;
      const lock = stateOf('lock-state');
      const job = stateOf('job-state');
      if (lock === 'submitted' || lock === 'locked') marks['submitted'] ??= now;
      if (lock === 'locked') marks['locked'] ??= now;
      if (['preparing', 'running', 'finished'].includes(job)) marks['preparing'] ??= now;
      if (['running', 'finished'].includes(job)) marks['running'] ??= now;
      if (document.querySelector('[data-testid="log-line"]') !== null) marks['log'] ??= now;
    };
    const watcher = new MutationObserver(look);
    watcher.observe(document, { subtree: true, childList: true, attributes: true });
    document.addEventListener(
      'click',
      (event) => {
        if (!(event.target instanceof Element)) return;
        if (event.target.closest('[data-testid="run"]') !== null) clickedAt = performance.now();
        if (event.target.closest('[data-testid="approve"]') !== null) marks['approved'] = performance.now() - clickedAt;
      },
      { capture: true },
    );
    Object.assign(globalThis, { nunetMarks: marks, nunetUnwatch: () => watcher.disconnect() });
  });

const readMarks = (page: Page): Promise<Marks> =>
  page.evaluate(() => {
    const { nunetMarks, nunetUnwatch } = globalThis as unknown as { nunetMarks: Marks; nunetUnwatch: () => void };
    nunetUnwatch();
    return nunetMarks;
  });

/** Person and chain apart: the sheet is read, and from the lock's submission until it is deep enough the chain is waited for. */
const apart = ({ asked, approved, submitted, locked, log }: Marks): number => log - (approved - asked) - (locked - submitted);

async function benchRun(browser: Chromium, page: Page, agent: string, longJob: string, onLine: (line: string) => void): Promise<Row[]> {
  const dashboard = new Dashboard(chromiumDriver(page));
  const runs: Marks[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    // The pre-flight warms the transaction worker, as it does for everybody.
    await dashboard.preflight({ job: { template: 'speech' }, agent });
    await watchRun(page);
    await dashboard.run();
    await dashboard.reaches({ lock: 'withdrawn' });
    const marks = await readMarks(page);
    runs.push(marks);
    onLine(
      `run ${run + 1}: ${Object.entries(marks)
        .map(([name, ms]) => `${name} ${ms.toFixed(0)}`)
        .join(', ')} ms`,
    );
  }
  const part = (of: (marks: Marks) => number): string => `${median(runs.map(of)).toFixed(0)} ms`;
  const total = median(runs.map(apart));
  const rows: Row[] = [
    {
      what: `Run to first log line, person and chain apart, median of ${RUNS}`,
      figure: `${total.toFixed(0)} ms`,
      goal: '< 2000 ms',
      met: total < 2_000,
    },
    { what: '  click to lock built, reviewed, shown on the sheet', figure: part(({ asked }) => asked) },
    { what: '  (the person: shown to approved)', figure: part(({ asked, approved }) => approved - asked) },
    { what: '  approved to signed, submitted', figure: part(({ approved, submitted }) => submitted - approved) },
    { what: '  (the chain: submitted to deep enough)', figure: part(({ submitted, locked }) => locked - submitted) },
    { what: '  deep enough to taken by the agent', figure: part(({ locked, preparing }) => preparing - locked) },
    { what: '  inputs fetched by the agent, job started', figure: part(({ preparing, running }) => running - preparing) },
    { what: '  running to first log line on the page', figure: part(({ running, log }) => log - running) },
  ];
  await dashboard.preflight({ job: { file: longJob }, agent });
  await dashboard.run();
  await dashboard.works();
  rows.push(...memoryRows('one job running', readBrowserMemory(await browser.processes())));
  return rows;
}

/** Everything about the browser; `folder` takes the network, the build and the logs. */
export async function benchBrowser(folder: string, onLine: (line: string) => void, signal: AbortSignal): Promise<Row[]> {
  const { chromium: extension, packages } = await buildExtension(join(folder, 'extension'));
  const rows = benchBrowserSize(packages.chromium);
  const network = await startNetwork(
    {
      folder: join(folder, 'network'),
      blockTimeMs: 250,
      oracles: 1,
      k: 1,
      agents: [{ name: 'alder', priceCpuHour: '12' }],
      disputeWindowMs: 60_000,
      claimWindowMs: 60_000,
      say: () => {},
    },
    signal,
  );
  rows.push(...(await benchWallet(extension, network.devnet.url, onLine)));
  const browser = await openChromium({ extension });
  try {
    const page = await browser.open('onboarding.html');
    const dashboard = new Dashboard(chromiumDriver(page));
    await createWallet(dashboard.driver, network.devnet.url);
    await dashboard.connected();
    await dashboard.fund();
    const longJob = await makeMnistJob(join(folder, 'long'), { epochs: 2_000 });
    rows.push(...(await benchRun(browser, page, network.agents.get('alder')?.peerId ?? '', longJob, onLine)));
  } finally {
    await browser.close();
  }
  rows.push(...(await benchBrowserNetwork({ extension, folder, onLine })));
  printRows('The extension in Chromium', rows);
  return rows;
}
