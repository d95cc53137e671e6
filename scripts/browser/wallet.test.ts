// The wallet as a person uses it, with the built extension in a real Chromium on a devnet: made, paid into, paid from, locked, and brought
// back by its words in another browser. The ledger says what came of it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newPerson } from '@nunet/contracts/thefts/cast.ts';
import { quantityOf } from '@nunet/contracts/value.ts';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { stopAll } from '../network/process.ts';
import { EVERYDAY, startNetwork, type RunningNetwork } from '../network/start.ts';
import { CHROMIUM, openChromium, type Chromium } from './chromium.ts';
import { Dashboard } from './dashboard.ts';
import { chromiumDriver, marked, until } from './driver.ts';
import { createWallet, PASSWORD, restoreWallet } from './onboarding.ts';
import { onboardingOf } from './world.ts';

const MAINNET = 'addr1qx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzer3n0d3vllmyqwsx5wktcd8cc3sq835lu7drv2xwl2wywfgse35a3x';

describe.skipIf(CHROMIUM === undefined)('the wallet', () => {
  let folder: string;
  let network: RunningNetwork;
  let browser: Chromium;
  let dashboard: Dashboard;
  let words: string[];
  const problems: string[] = [];

  /** A browser with the extension just installed, at its first page. */
  const install = async (): Promise<{ browser: Chromium; dashboard: Dashboard }> => {
    const opened = await openChromium({ extension: inject('extension').chromium });
    const page = await until('the page of the installation', async () => onboardingOf(opened) ?? null);
    return { browser: opened, dashboard: new Dashboard(chromiumDriver(page)) };
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'nunet-wallet-'));
    const options = { ...EVERYDAY, folder: join(folder, 'network'), blockTimeMs: 500, oracles: 1, k: 1, agents: [], say: () => {} };
    [network, { browser, dashboard }] = await Promise.all([startNetwork(options, AbortSignal.timeout(120_000)), install()]);
    words = await createWallet(dashboard.driver, network.devnet.url);
  });
  afterAll(async () => {
    await browser?.close();
    await stopAll();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  afterEach(() => {
    expect([...problems, ...browser.problems.splice(0)]).toEqual([]);
  });

  /** Ids of the transactions in the history, newest first. */
  const historyOf = async ({ driver }: Dashboard): Promise<(string | undefined)[]> => {
    await driver.go('#/wallet/history');
    const entries = await until('the history', async () => {
      const shown = await driver.all(marked('history-entry'));
      return shown.length > 0 && shown;
    });
    return entries.map((entry) => entry['data-tx']);
  };
  const ntxAt = async (address: string): Promise<bigint> => {
    const outputs = await network.chain.utxos(address);
    return outputs.reduce((sum, output) => sum + quantityOf(output, network.devnet.asset), 0n);
  };

  test('is made of 24 words and receives', async () => {
    expect(words).toHaveLength(24);
    const wallet = await dashboard.fund();
    expect(wallet.baseUnits).toBeGreaterThan(0n);
    expect(wallet.baseUnits).toBe(await ntxAt(wallet.address));
    await dashboard.driver.go('#/wallet/receive');
    await dashboard.shown('receive-address', (address) => address['data-address'] === wallet.address);
  });

  test('pays, with a message, and shows it in its history', async () => {
    const friend = newPerson().address;
    const before = await dashboard.wallet();
    await dashboard.order(friend, '2.5', 'gracias');
    await dashboard.shown('intent', (intent) => intent['data-intent'] === 'payment');
    await dashboard.approve();
    await dashboard.shown('sent');
    await until('the payment on the ledger', async () => (await ntxAt(friend)) === 2_500_000n);
    await until('the balance after it', async () => (await dashboard.wallet()).baseUnits === before.baseUnits - 2_500_000n);
    await dashboard.driver.go('#/wallet/history');
    const entry = await dashboard.shown('history-entry', (element) => element['data-kind'] === 'sent');
    expect(entry['text']).toContain('gracias');
  });

  test('pays nothing that was refused, and nobody whose address is of another network', async () => {
    const friend = newPerson().address;
    await dashboard.order(friend, '1');
    await dashboard.shown('signing-sheet', (sheet) => sheet['data-step'] === 'ready');
    await dashboard.refuse();
    await dashboard.shown('send-refused');
    await dashboard.order(MAINNET, '1');
    await until('the refusal', async () => (await dashboard.driver.all(`${marked('send-to')}[aria-invalid="true"]`)).length > 0);
    expect(await dashboard.one('signing-sheet')).toBeNull();
    expect(await ntxAt(friend)).toBe(0n);
  });

  test('shows while it is locked what needs no key, and pays after it is unlocked on the sheet', async () => {
    const friend = newPerson().address;
    await dashboard.lock();
    await dashboard.driver.go('#/wallet/history');
    await dashboard.shown('history-entry', (element) => element['data-kind'] === 'sent');
    await dashboard.order(friend, '1');
    await dashboard.shown('sheet-unlock');
    expect(await ntxAt(friend)).toBe(0n);
    await dashboard.approve();
    await until('the payment on the ledger', async () => (await ntxAt(friend)) === 1_000_000n);
  });

  test('comes back in another browser by its words alone: address, money and history', async () => {
    await until(
      'everything in blocks',
      async () => (await dashboard.wallet()).baseUnits === (await ntxAt((await dashboard.wallet()).address)),
    );
    const before = await dashboard.wallet();
    const other = await install();
    try {
      await restoreWallet(other.dashboard.driver, network.devnet.url, words, 'another lantern orbit velvet crumble');
      await until('the same money', async () => (await other.dashboard.wallet()).baseUnits === before.baseUnits);
      expect(await other.dashboard.wallet()).toEqual(before);
      expect(await historyOf(other.dashboard)).toEqual(await historyOf(dashboard));
      problems.push(...other.browser.problems);
    } finally {
      await other.browser.close();
    }
  });

  test('cannot be guessed faster by a restart of the browser: wrong passwords are counted on disk (NWL L-201)', async () => {
    const profile = join(folder, 'profile');
    const start = async (path: string): Promise<{ browser: Chromium; dashboard: Dashboard }> => {
      const opened = await openChromium({ extension: inject('extension').chromium, profile });
      return { browser: opened, dashboard: new Dashboard(chromiumDriver(await opened.open(path))) };
    };
    const wrong = async ({ driver }: Dashboard): Promise<void> => {
      await until('a try is allowed', async () => (await driver.all(marked('unlock-wait'))).length === 0);
      await driver.fill(marked('unlock-password'), 'this is not the password');
      await driver.click(marked('unlock'));
      await until('the wait after it', async () => (await driver.all(marked('unlock-wait'))).length > 0);
    };
    let now = await start('onboarding.html');
    try {
      await createWallet(now.dashboard.driver, network.devnet.url);
      await now.dashboard.connected();
      const { address } = await now.dashboard.wallet();
      await now.dashboard.lock();
      await now.dashboard.driver.click(marked('show-unlock'));
      for (let i = 0; i < 3; i++) await wrong(now.dashboard);
      await now.browser.close();

      now = await start('dashboard.html#/');
      // The wallet is known and locked, the network is the one that was chosen.
      await now.dashboard.shown('show-unlock');
      await now.dashboard.driver.click(marked('show-unlock'));
      await wrong(now.dashboard);
      // A counter that began again would say one second.
      const wait = await now.dashboard.shown('unlock-wait');
      expect(Number(/0:(\d\d)/.exec(wait['text'] ?? '')?.[1])).toBeGreaterThan(3);
      await until('a try is allowed', async () => (await now.dashboard.driver.all(marked('unlock-wait'))).length === 0);
      await now.dashboard.driver.fill(marked('unlock-password'), PASSWORD);
      await now.dashboard.driver.click(marked('unlock'));
      await now.dashboard.shown('lock', () => true, { timeoutMs: 60_000 });
      expect((await now.dashboard.wallet()).address).toBe(address);
      problems.push(...now.browser.problems);
    } finally {
      await now.browser.close();
    }
  });
});
