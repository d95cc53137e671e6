// A real Chromium with the built extension, its profile in a folder of its own. Everything that goes wrong in any of its contexts is kept.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { NunetError } from '@nunet/shared/errors.ts';
import { openTargets, type Targets } from './targets.ts';

/** Google's own build no longer loads an unpacked extension from the command line; Debian's and the bare Chromium do. */
export const CHROMIUM = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser'].find(
  (path): path is string => path !== undefined && path !== '' && existsSync(path),
);

export const FLAGS: readonly string[] = [
  // The tests run as root in containers; nothing but the own extension and loopback is opened.
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-features=WebRtcHideLocalIpsWithMdns',
];

export interface Chromium {
  context: BrowserContext;
  extensionId: string;
  /** Exceptions and errors of the console, of pages, workers and frames alike, as they come. */
  problems: string[];
  targets: Targets;
  /** A page of the extension: `dashboard.html#/jobs`. */
  open(path: string): Promise<Page>;
  /** The service worker is ended, as Chromium does with an idle one. */
  stopServiceWorker(): Promise<void>;
  /** Process ids of this browser, its own included. */
  processes(): Promise<number[]>;
  close(): Promise<void>;
}

export interface ChromiumOptions {
  /** Folder of the built extension. */
  extension: string;
  headless?: boolean;
  /** Folder of the profile, which the caller removes; left out: a new one that goes with the browser. */
  profile?: string;
  colorScheme?: 'light' | 'dark';
  /** null: as large as the window. */
  viewport?: { width: number; height: number } | null;
}

export async function openChromium(options: ChromiumOptions): Promise<Chromium> {
  if (CHROMIUM === undefined) throw new NunetError('chromium-missing', 'Cannot open Chromium: run "sudo apt-get install -y chromium"');
  const profile = options.profile ?? mkdtempSync(join(tmpdir(), 'nunet-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    headless: options.headless ?? true,
    ignoreDefaultArgs: ['--disable-extensions'],
    args: [...FLAGS, `--disable-extensions-except=${options.extension}`, `--load-extension=${options.extension}`],
    colorScheme: options.colorScheme ?? 'light',
    viewport: options.viewport === undefined ? { width: 1280, height: 900 } : options.viewport,
    acceptDownloads: true,
  });
  const problems: string[] = [];
  const watch = (page: Page): void => {
    page.on('pageerror', (error) => problems.push(`${page.url()}: ${String(error)}`));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(`${page.url()}: ${message.text()}`);
    });
    page.on('crash', () => problems.push(`${page.url()}: the page crashed`));
  };
  context.pages().forEach(watch);
  context.on('page', watch);
  const browser = context.browser();
  if (browser === null) throw new NunetError('chromium-failed', 'Cannot watch Chromium: it is not there any more');
  const session = await browser.newBrowserCDPSession();
  const targets = await openTargets(session, (problem) => problems.push(problem));
  const worker = context.serviceWorkers()[0] ?? (await context.waitForEvent('serviceworker', { timeout: 30_000 }));
  const extensionId = new URL(worker.url()).host;
  return {
    context,
    extensionId,
    problems,
    targets,
    async open(path) {
      const page = await context.newPage();
      await page.goto(`chrome-extension://${extensionId}/${path}`);
      return page;
    },
    async stopServiceWorker() {
      const page = await context.newPage();
      try {
        await page.goto(`chrome-extension://${extensionId}/manifest.json`);
        const session = await context.newCDPSession(page);
        const stopped = new Promise<void>((resolve) => {
          session.on('ServiceWorker.workerVersionUpdated', ({ versions }) => {
            if (versions.some(({ runningStatus }) => runningStatus === 'stopped')) resolve();
          });
        });
        await session.send('ServiceWorker.enable');
        await session.send('ServiceWorker.stopAllWorkers');
        await stopped;
      } finally {
        await page.close();
      }
    },
    processes: async () => (await session.send('SystemInfo.getProcessInfo')).processInfo.map(({ id }) => id),
    async close() {
      await context.close();
      if (options.profile === undefined) rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
