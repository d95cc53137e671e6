// axe-core over every page, in both themes and at both widths: no violation of WCAG 2.2 A and AA, and nothing that hangs out of the window.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { inEveryLook, overflowOf, violationsOf } from './axe.ts';
import { CHROMIUM, openChromium, type Chromium } from './chromium.ts';
import { DASHBOARD_VIEWS, openView } from './dashboard-views.ts';
import { bundle } from './page-script.ts';

let browser: Chromium;

describe.skipIf(CHROMIUM === undefined)('accessibility', () => {
  beforeAll(async () => {
    browser = await openChromium({ extension: inject('extension').chromium });
    await browser.context.addInitScript(await bundle(join(import.meta.dirname, 'fake-dashboard.ts')));
  });
  afterAll(() => browser.close());

  test.each(DASHBOARD_VIEWS.map((view) => [view.name, view] as const))('the dashboard at %s', async (_, view) => {
    const page = await openView(browser, view);
    await inEveryLook(page, async (theme, width) => {
      expect(await violationsOf(page), `${theme}, ${width} px`).toEqual([]);
      expect(await overflowOf(page), `${theme}, ${width} px`).toBeLessThanOrEqual(0);
    });
    await page.close();
  });

  test('no view hangs out of a narrow window in Spanish, whose words are longer', async () => {
    const first = await browser.open('dashboard.html');
    await first.evaluate(() => localStorage.setItem('nunet-language', 'es'));
    for (const view of DASHBOARD_VIEWS) {
      const page = await openView(browser, view);
      await page.setViewportSize({ width: 360, height: 640 });
      expect([view.name, await page.evaluate(() => document.documentElement.lang), await overflowOf(page)]).toEqual([view.name, 'es', 0]);
      await page.close();
    }
    await first.evaluate(() => localStorage.removeItem('nunet-language'));
    await first.close();
  });

  test('the gallery of all components', async () => {
    const page = await browser.open('gallery.html');
    await page.locator('.gallery-side').first().waitFor();
    await inEveryLook(page, async (theme, width) => {
      expect(await violationsOf(page), `${theme}, ${width} px`).toEqual([]);
    });
    await page.close();
  });
});
