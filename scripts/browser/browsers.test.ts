// The browsers themselves: the built extension loads in both without an error, and its parts can be reached and ended.
import { expect, inject, it } from 'vitest';
import { CHROMIUM, openChromium } from './chromium.ts';
import { FIREFOX, openFirefox } from './firefox.ts';

it.skipIf(CHROMIUM === undefined)('Chromium loads the built extension, and its service worker comes back after its end', async () => {
  const browser = await openChromium({ extension: inject('extension').chromium });
  try {
    const page = await browser.open('dashboard.html');
    await page.waitForSelector('#app > *');
    await browser.stopServiceWorker();
    expect(await page.title()).toContain('NuNet');
    expect(browser.problems).toEqual([]);
  } finally {
    await browser.close();
  }
});

it.skipIf(FIREFOX === undefined)('Firefox loads the built extension, which opens its page by itself', async () => {
  const browser = await openFirefox();
  try {
    const page = await browser.install(inject('extension').firefox);
    expect(await page.evaluate('document.title')).toContain('NuNet');
    expect(browser.problems).toEqual([]);
  } finally {
    await browser.close();
  }
});
