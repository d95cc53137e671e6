// What the end-to-end tests stand on: one network with honest and dishonest agents, one Chromium with the extension, and the ledger.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { callDevnet } from '../network/devnet-client.ts';
import { stopAll } from '../network/process.ts';
import { startNetwork, type AgentPlan, type RunningAgent, type RunningNetwork } from '../network/start.ts';
import { root } from '../run-tool.ts';
import { readAccounts, type Accounts } from './accounts.ts';
import { openChromium, type Chromium } from './chromium.ts';
import { Dashboard, type ShownWallet } from './dashboard.ts';
import { chromiumDriver, until } from './driver.ts';
import { createWallet } from './onboarding.ts';

const CHEAT = join(root, 'scripts/dishonest/agent.ts');

/** Cheap and dear; trains nothing; listens on nothing; listens for WebSocket only. */
export const AGENTS = { cheap: 'alder', dear: 'birch', lazy: 'cedar', hidden: 'elder', socket: 'fir' } as const;

const PLANS: readonly AgentPlan[] = [
  { name: AGENTS.cheap, priceCpuHour: '12' },
  { name: AGENTS.dear, priceCpuHour: '15' },
  { name: AGENTS.lazy, priceCpuHour: '20', file: CHEAT },
  { name: AGENTS.hidden, priceCpuHour: '16', listen: 'hub' },
  { name: AGENTS.socket, priceCpuHour: '17', listen: 'ws' },
];

export interface World {
  network: RunningNetwork;
  browser: Chromium;
  page: Page;
  dashboard: Dashboard;
  /** Of the test's files: job folders, downloads. */
  folder: string;
  agent(name: string): RunningAgent;
  /** An agent that cheats in this way, for one test. */
  cheat(name: string): Promise<RunningAgent>;
  /** One more page of the same browser. */
  openPage(hash: string): Promise<{ page: Page; dashboard: Dashboard }>;
  close(): Promise<void>;
}

export async function openWorld(extension: string): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'nunet-e2e-'));
  try {
    const [network, browser] = await Promise.all([
      startNetwork(
        {
          folder: join(folder, 'network'),
          blockTimeMs: 500,
          oracles: 3,
          k: 2,
          agents: PLANS,
          disputeWindowMs: 60_000,
          claimWindowMs: 40_000,
          say: () => {},
        },
        AbortSignal.timeout(120_000),
      ),
      openChromium({ extension }),
    ]);
    const openPage = async (hash: string): Promise<{ page: Page; dashboard: Dashboard }> => {
      const page = await browser.open(`dashboard.html${hash}`);
      return { page, dashboard: new Dashboard(chromiumDriver(page)) };
    };
    // The tab that the extension opens at its installation: a wallet is made in it, and it goes on as the dashboard.
    const page = await until('the page of the installation', async () => onboardingOf(browser) ?? null);
    const driver = chromiumDriver(page);
    await createWallet(driver, network.devnet.url);
    await driver.go('#/connect');
    const agent = (name: string): RunningAgent => {
      const found = network.agents.get(name);
      if (found === undefined) throw new Error(`No agent ${name}`);
      return found;
    };
    return {
      network,
      browser,
      folder,
      page,
      dashboard: new Dashboard(driver),
      agent,
      cheat: (name) => network.startAgent({ name, priceCpuHour: '30', file: CHEAT, env: { NUNET_CHEAT: name } }),
      openPage,
      async close() {
        await browser.close();
        await stopAll();
        rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
      },
    };
  } catch (error) {
    // The folder stays: its logs say why.
    await stopAll();
    throw error;
  }
}

/** The tab that is opened at the installation. */
export const onboardingOf = (browser: Chromium): Page | undefined =>
  browser.context.pages().find((page) => page.url().includes('/onboarding.html'));

/** Moves the devnet's time on in steps until something is so: deadlines pass, nobody waits for them. */
export async function passTime<Value>(
  network: RunningNetwork,
  what: string,
  ask: () => Promise<Value | null | false>,
  state: () => Promise<string>,
): Promise<Value> {
  return until(
    what,
    async () => {
      const value = await ask();
      if (value === null || value === false) await callDevnet(network.devnet.url, '/devnet/advance', { slots: 5, blocks: 1 });
      return value;
    },
    { everyMs: 700, timeoutMs: 90_000, state },
  );
}

export interface Before {
  accounts: Accounts;
  wallet: ShownWallet;
}

export async function takeBalances(network: RunningNetwork, dashboard: Dashboard): Promise<Before> {
  return { wallet: await dashboard.wallet(), accounts: await readAccounts(network) };
}

/**
 * The ledger, read from its raw transactions, against what the page says: what was paid left the service provider and came to
 * the agent, to the base unit; the rest of the lovelace is fees and nothing else; the wallet on the page is the wallet on chain.
 */
export async function expectBalanced(
  network: RunningNetwork,
  dashboard: Dashboard,
  before: Before,
  job: { jobId: string; agent: RunningAgent },
): Promise<{ paid: bigint }> {
  const { address } = before.wallet;
  const figure = async (name: string): Promise<bigint> =>
    BigInt((await dashboard.shown(`money-${name}`, (element) => element['data-base-units'] !== ''))['data-base-units'] ?? '');
  await dashboard.show(job.jobId);
  const [locked, paid, change] = [await figure('locked'), await figure('paid'), await figure('change')];
  expect(paid + change).toBe(locked);
  const after = await readAccounts(network);
  const moved = (of: string) => {
    const [then, now] = [before.accounts.of(of), after.of(of)];
    return { ntx: now.ntx - then.ntx, lovelace: now.lovelace - then.lovelace };
  };
  const own = moved(address);
  const theirs = moved(job.agent.address);
  expect({ own: own.ntx, theirs: theirs.ntx }).toEqual({ own: -paid, theirs: paid });
  expect(own.lovelace + theirs.lovelace).toBe(-(after.fees - before.accounts.fees));
  for (const oracle of network.oracles) expect(moved(oracle.feeAddress)).toEqual({ ntx: 0n, lovelace: 0n });
  const onChain = after.of(address);
  await until('the page shows what the chain holds', async () => {
    const shown = await dashboard.wallet();
    return shown.baseUnits === onChain.ntx && shown.lovelace === onChain.lovelace;
  });
  await dashboard.show(job.jobId);
  return { paid };
}
