// `npm run demo -- --browser`: the demo's network with the extension in Chromium, for a person where there is a display, else as a walk-through in pictures.
import type { Page } from 'playwright-core';
import { mkdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { buildExtension } from '../browser/build-extension.ts';
import { openChromium } from '../browser/chromium.ts';
import type { RunningNetwork } from '../network/start.ts';
import { walkThrough } from './browser-walk.ts';
import { writeAlbum } from './browser-album.ts';
import { bold, dim, green, red, say } from './terminal.ts';

export interface BrowserDemo {
  network: RunningNetwork;
  folder: string;
  signal: AbortSignal;
}

export async function browserDemo({ network, folder, signal }: BrowserDemo): Promise<number> {
  mkdirSync(folder, { recursive: true });
  say(dim('  building the extension ...'));
  const { chromium: extension } = await buildExtension(join(folder, 'extension'));
  const hasDisplay = (process.env['DISPLAY'] ?? process.env['WAYLAND_DISPLAY'] ?? '') !== '';
  return hasDisplay ? openForPerson(extension, network, signal) : inPictures(extension, network, folder);
}

const firstPage = (network: RunningNetwork): string => `onboarding.html?devnet=${encodeURIComponent(network.devnet.url)}`;

const WELCOME_TAB_MS = 5_000;

async function openForPerson(extension: string, network: RunningNetwork, signal: AbortSignal): Promise<number> {
  const browser = await openChromium({ extension, headless: false, viewport: null });
  try {
    const page = await browser.open(firstPage(network));
    // An extension that has just been installed opens a tab by itself, which would lie before this one.
    const others = (): Page[] => browser.context.pages().filter((other) => other !== page);
    if (!others().some((other) => other.url().includes('onboarding.html')))
      await browser.context.waitForEvent('page', { timeout: WELCOME_TAB_MS }).catch(() => undefined);
    for (const other of others()) await other.close();
    await page.bringToFront();
    say(bold('\nChromium is open on the first page: make a wallet, get test money, pick a template, run it.'));
    say(`  devnet    ${network.devnet.url}/   blocks and transactions`);
    for (const { plan, peerId } of network.agents.values()) {
      say(`  ${plan.name.padEnd(9)} ${peerId}${plan.file === undefined ? '' : '   cheats: it trains nothing'}`);
    }
    say('Close the browser or press Ctrl-C to stop everything.');
    await new Promise<void>((resolve) => {
      browser.context.on('close', () => resolve());
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    return 0;
  } finally {
    await browser.close();
  }
}

async function inPictures(extension: string, network: RunningNetwork, folder: string): Promise<number> {
  say(dim('  no display (DISPLAY, WAYLAND_DISPLAY): a walk-through in pictures'));
  const browser = await openChromium({ extension });
  try {
    const page = await browser.open(firstPage(network));
    const moments = await walkThrough({ network, page, folder, tell: (line) => say(`  ${line}`) });
    const index = writeAlbum(folder, moments);
    for (const problem of browser.problems) say(red(`  ${problem}`));
    const isRight = browser.problems.length === 0;
    say(`\n${isRight ? green(bold('Done.')) : red(bold('Done, with the errors above.'))} Open ${relative(process.cwd(), index)}`);
    return isRight ? 0 : 1;
  } finally {
    await browser.close();
  }
}
