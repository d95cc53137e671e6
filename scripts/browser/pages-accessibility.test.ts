// axe-core over the wallet's pages outside of the dashboard, in both themes and at both widths: no violation of WCAG 2.2 A and AA.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { inEveryLook, overflowOf, violationsOf } from './axe.ts';
import { CHROMIUM, openChromium, type Chromium } from './chromium.ts';
import { PAGE_VIEWS } from './page-views.ts';
import { bundle } from './page-script.ts';
import { removeWallet } from './pages-steps.ts';

let browser: Chromium;

describe.skipIf(CHROMIUM === undefined)("accessibility of the wallet's pages", () => {
  beforeAll(async () => {
    browser = await openChromium({ extension: inject('extension').chromium });
    await browser.context.addInitScript(await bundle(join(import.meta.dirname, 'fake-pages.ts')));
  });
  afterAll(() => browser.close());

  test.each(PAGE_VIEWS.map((view) => [view.name, view] as const))('%s', async (_, view) => {
    const page = await browser.open('onboarding.html');
    await removeWallet(page);
    await view.prepare(page);
    await inEveryLook(page, async (theme, width) => {
      expect(await violationsOf(page), `${theme}, ${width} px`).toEqual([]);
      expect(await overflowOf(page), `${theme}, ${width} px`).toBeLessThanOrEqual(0);
    });
    await page.close();
  });
});
