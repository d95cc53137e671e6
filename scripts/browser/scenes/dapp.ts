// A web page that speaks CIP-30 through a library of others, in Chromium: connect, sign, send, refuse; what floods, frames, locks and ended
// background scripts get.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testKeyAddress } from '@nunet/contracts/chain/address.ts';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, inject, it } from 'vitest';
import { stopAll } from '../../network/process.ts';
import { startNetwork, type RunningNetwork } from '../../network/start.ts';
import { openChromium, type Chromium } from '../chromium.ts';
import { Dashboard } from '../dashboard.ts';
import type { DappPage } from '../dapp-page.ts';
import { openDappSite, type DappSite } from '../dapp-site.ts';
import { chromiumDriver, firefoxDriver, marked, until } from '../driver.ts';
import { FIREFOX, openFirefox, type Firefox } from '../firefox.ts';
import { createWallet, PASSWORD } from '../onboarding.ts';
import { onboardingOf } from '../world.ts';

/** Somebody's address on a test network. */
const STRANGER = testKeyAddress(new Uint8Array(28).fill(7));
const ADA = 1_000_000n;

/** Calls a method of the page's program; what it waits for may be a person. */
const ask = <Name extends keyof DappPage>(
  page: Page,
  name: Name,
  ...args: Parameters<DappPage[Name]>
): Promise<Awaited<ReturnType<DappPage[Name]>>> =>
  page.evaluate(
    ([method, given]) => (globalThis as never as { dapp: Record<string, (...of: unknown[]) => unknown> }).dapp[method]?.(...given),
    [name, args] as const,
  ) as Promise<Awaited<ReturnType<DappPage[Name]>>>;

export function dapps(): void {
  let network: RunningNetwork;
  let site: DappSite;
  let browser: Chromium;
  let dashboard: Dashboard;
  let page: Page;
  const folder = mkdtempSync(join(tmpdir(), 'nunet-dapps-'));

  const visit = async (path: string, origin = site.origin): Promise<Page> => {
    const opened = await browser.context.newPage();
    await opened.goto(origin + path);
    return opened;
  };
  /** The same site under another name of this machine: another origin. */
  const at = (host: string): string => site.origin.replace('127.0.0.1', host);
  const windowOf = (): Page | undefined => browser.context.pages().find((one) => one.url().includes('/approve.html'));
  const asked = (): Promise<Page> => until('the approve window', async () => windowOf() ?? null);
  /** Presses what says yes, once it can be pressed; the window goes by itself. */
  const yes = async (window: Page): Promise<void> => {
    const driver = chromiumDriver(window);
    const closed = window.waitForEvent('close');
    await until('the button can be pressed', async () => {
      if ((await driver.all(marked('sheet-end'))).length > 0) await window.getByTestId('sheet-end').scrollIntoViewIfNeeded();
      return (await driver.all(marked('approve', { hold: '' }))).length > 0;
    });
    await window.getByTestId('approve').click();
    await closed;
  };
  const no = async (window: Page): Promise<void> => {
    const closed = window.waitForEvent('close');
    await window.getByTestId('refuse').click();
    await closed;
  };
  const step = (window: Page, wanted: string): Promise<boolean> =>
    until(`the sheet is ${wanted}`, async () => (await chromiumDriver(window).all(marked('signing-sheet', { step: wanted }))).length > 0);

  beforeAll(async () => {
    const none = { oracles: 1, k: 1, agents: [], blockTimeMs: 500, disputeWindowMs: 60_000, claimWindowMs: 40_000, say: () => undefined };
    [network, site, browser] = await Promise.all([
      startNetwork({ folder: join(folder, 'network'), ...none }, AbortSignal.timeout(120_000)),
      openDappSite(),
      openChromium({ extension: inject('extension').chromium }),
    ]);
    const first = await until('the page of the installation', async () => onboardingOf(browser) ?? null);
    const driver = chromiumDriver(first);
    await createWallet(driver, network.devnet.url);
    dashboard = new Dashboard(driver);
    await dashboard.fund();
    page = await visit('/dapp');
  });
  afterEach(() => expect(browser.problems.splice(0)).toEqual([]));
  afterAll(async () => {
    await browser?.close();
    site?.close();
    await stopAll();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  it('a page finds the wallet, and is told nothing before the person connects it', async () => {
    expect(await ask(page, 'wallets')).toEqual([{ id: 'nunet', name: 'NuNet', version: '1', icon: 'data:image/png;base64,' }]);
    const connecting = ask(page, 'connect', [95, 142]);
    const window = await asked();
    const [shown] = await until('the question', async () => {
      const found = await chromiumDriver(window).all(marked('connect-origin'));
      return found.length > 0 ? found : null;
    });
    expect(shown?.['text']).toBe(site.origin);
    await yes(window);
    expect(await connecting).toBe('connected');
    const { address, lovelace } = await dashboard.wallet();
    expect(await ask(page, 'look')).toMatchObject({ address, lovelace: String(lovelace), network: 0, extensions: [95, 142] });
  });

  it('a page that is connected is not asked about again, after a reload neither', async () => {
    await page.reload();
    expect(await ask(page, 'connect')).toBe('connected');
    expect(windowOf()).toBeUndefined();
  });

  it('a payment that the page builds is shown, signed and sent, and arrives', async () => {
    const before = await dashboard.wallet();
    const signing = ask(page, 'sign', STRANGER, String(2n * ADA));
    const window = await asked();
    await step(window, 'ready');
    expect((await chromiumDriver(window).all(marked('intent')))[0]?.['data-intent']).toBe('payment');
    await yes(window);
    const signed = await signing;
    expect(await ask(page, 'submit', signed)).toMatch(/^[0-9a-f]{64}$/);
    await until('the payment is in the balance', async () => (await dashboard.wallet()).lovelace <= before.lovelace - 2n * ADA);
  });

  it('a message is shown as text and signed so that the library accepts it', async () => {
    const signing = ask(page, 'signText', 'Sign in to the dApp');
    await yes(await asked());
    expect(await signing).toEqual({ signature: expect.any(String) as string, key: expect.any(String) as string });
  });

  it('a refusal, and a window that is closed, are both a no that the page can understand', async () => {
    const other = await visit('/dapp', at('other.localhost'));
    const connecting = ask(other, 'connect');
    await yes(await asked());
    expect(await connecting).toBe('connected');
    const first = ask(other, 'sign', STRANGER, String(ADA));
    await no(await asked());
    expect(JSON.parse(await first)).toMatchObject({ code: 2 });
    // After a no a site has to wait before it may ask again.
    expect(JSON.parse(await ask(other, 'sign', STRANGER, String(ADA)))).toMatchObject({ code: -3 });
    await other.waitForTimeout(2_500);
    const second = ask(other, 'sign', STRANGER, String(ADA));
    const window = await asked();
    await step(window, 'ready');
    await window.close();
    expect(JSON.parse(await second)).toMatchObject({ code: 2 });
    await other.close();
  });

  it('a lock in mid-approval ends the consent: it is unlocked and approved again, or refused', async () => {
    const signing = ask(page, 'sign', STRANGER, String(ADA));
    const window = await asked();
    await step(window, 'ready');
    await dashboard.lock();
    await step(window, 'locked');
    expect(await chromiumDriver(window).all(marked('approve', { hold: '' }))).toEqual([]);
    await window.getByTestId('sheet-password').fill(PASSWORD);
    await window.getByTestId('sheet-unlock').click();
    await step(window, 'ready');
    await yes(window);
    expect(await signing).toMatch(/^84/);
  });

  it('a background script that is ended in mid-request loses nothing: one window, one answer', async () => {
    const signing = ask(page, 'sign', STRANGER, String(ADA));
    const window = await asked();
    await step(window, 'ready');
    await browser.stopServiceWorker();
    await browser.stopServiceWorker();
    await yes(window);
    expect(await signing).toMatch(/^84/);
    expect(windowOf()).toBeUndefined();
  });

  it('a page that floods enable() gets one window, and no more of them after a no', async () => {
    const flooding = await visit('/dapp', at('flood.localhost'));
    const answers = ask(flooding, 'flood', 300);
    const window = await asked();
    expect(browser.context.pages().filter((one) => one.url().includes('/approve.html'))).toHaveLength(1);
    await no(window);
    expect(await answers).toEqual({ '-3': 300 });
    expect(await ask(flooding, 'flood', 50)).toEqual({ '-3': 50 });
    expect(windowOf()).toBeUndefined();
    await flooding.close();
  });

  it('frames of a page find no wallet, neither of the same origin nor sandboxed', async () => {
    const framed = await visit('/frames');
    expect(await ask(framed, 'frames')).toEqual([
      ['same', 'no wallet'],
      ['sandboxed', 'no wallet'],
    ]);
    await framed.close();
  });

  it.skipIf(FIREFOX === undefined)('in Firefox a page connects and signs', async () => {
    const firefox = await openFirefox();
    try {
      const installed = await firefox.install(inject('extension').firefox);
      const own = firefoxDriver(installed);
      await createWallet(own, network.devnet.url);
      const theirs = new Dashboard(own);
      await theirs.fund();
      const visited = await firefox.open(`${site.origin}/dapp`);
      const connecting = visited.evaluate<string>('dapp.connect([95])');
      await firefoxYes(firefox);
      expect(await connecting).toBe('connected');
      const signing = visited.evaluate<string>(`dapp.sign(${JSON.stringify(STRANGER)}, '${2n * ADA}')`);
      await firefoxYes(firefox);
      const signed = await signing;
      expect(signed).toMatch(/^84/);
      expect(await visited.evaluate<string>(`dapp.submit(${JSON.stringify(signed)})`)).toMatch(/^[0-9a-f]{64}$/);
      expect(firefox.problems).toEqual([]);
    } finally {
      await firefox.close();
    }
  });
}

async function firefoxYes(firefox: Firefox): Promise<void> {
  const driver = firefoxDriver(await firefox.found('/approve.html'));
  await until('the button can be pressed', async () => {
    if ((await driver.all(marked('sheet-end'))).length > 0) await driver.see(marked('sheet-end'));
    return (await driver.all(marked('approve', { hold: '' }))).length > 0;
  });
  await driver.press(marked('approve'));
  await firefox.gone('/approve.html');
}
