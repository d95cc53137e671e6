// Runs axe-core over a page as it stands, in both themes and at both widths, and says what it found as lines to read.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
export const WIDTHS = [360, 1440] as const;
export const THEMES = ['light', 'dark'] as const;
const HEIGHT = 900;

interface Violation {
  id: string;
  nodes: { target: string[]; failureSummary?: string }[];
}

/** Every look of a page: `look` is called with the page drawn so. */
export async function inEveryLook(page: Page, look: (theme: (typeof THEMES)[number], width: number) => Promise<void>): Promise<void> {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: HEIGHT });
    for (const theme of THEMES) {
      // What moves between two colours has neither: axe would measure what nobody reads.
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      await look(theme, width);
    }
  }
}

/** Empty where nothing is wrong. */
export async function violationsOf(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const violations = await page.evaluate(
    async (rules) =>
      (
        await (globalThis as unknown as { axe: { run(where: Document, options: object): Promise<{ violations: Violation[] }> } }).axe.run(
          document,
          {
            runOnly: { type: 'tag', values: rules },
            resultTypes: ['violations'],
          },
        )
      ).violations,
    RULES,
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary ?? ''}`),
  );
}

/** Wider than the window: something hangs out of it. */
export const overflowOf = (page: Page): Promise<number> => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
