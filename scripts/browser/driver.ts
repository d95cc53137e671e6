// The few things that a person does to a page, by the marks (data-testid) of its elements; one face for Chromium and Firefox.
import type { Page } from 'playwright-core';
import { NunetError } from '@nunet/shared/errors.ts';
import type { FirefoxPage } from './firefox.ts';

/** Attributes of an element, `text` among them. */
export type Attributes = Readonly<Record<string, string>>;

export interface Driver {
  /** Goes to another hash of the same page. */
  go(hash: string): Promise<void>;
  hash(): Promise<string>;
  /** Waits until the element is there and can be clicked. */
  click(selector: string): Promise<void>;
  /** As `click`, with a pointer that the browser itself moves: what must come from a person counts no other. */
  press(selector: string): Promise<void>;
  /** Scrolls until it can be seen. */
  see(selector: string): Promise<void>;
  fill(selector: string, text: string): Promise<void>;
  /** All that fit, in the order of the page. */
  all(selector: string): Promise<Attributes[]>;
  /** Into an `input type=file`. */
  files(selector: string, paths: readonly string[]): Promise<void>;
}

/** `[data-testid="offer"][data-peer-id="12D3..."]` */
export const marked = (id: string, data: Readonly<Record<string, string>> = {}): string =>
  [['testid', id], ...Object.entries(data)].map(([name, value]) => `[data-${name}=${JSON.stringify(value)}]`).join('');

const ACT_MS = 30_000;

/** Runs in the page. */
const readAll = `(selector) => [...document.querySelectorAll(selector)].map((element) => ({
  ...Object.fromEntries([...element.attributes].map(({ name, value }) => [name, value])),
  text: element.textContent ?? '',
  ...(element.disabled === true ? { disabled: '' } : {}),
  ...(element.checked === true ? { checked: '' } : {}),
}))`;

export const chromiumDriver = (page: Page): Driver => ({
  async go(hash) {
    await page.evaluate((to) => {
      location.hash = to;
    }, hash);
  },
  hash: () => page.evaluate(() => location.hash),
  click: (selector) => page.locator(selector).first().click({ timeout: ACT_MS }),
  press: (selector) => page.locator(selector).first().click({ timeout: ACT_MS }),
  see: (selector) => page.locator(selector).first().scrollIntoViewIfNeeded({ timeout: ACT_MS }),
  fill: (selector, text) => page.locator(selector).first().fill(text, { timeout: ACT_MS }),
  all: (selector) => page.evaluate(`(${readAll})(${JSON.stringify(selector)})`),
  files: (selector, paths) =>
    page
      .locator(selector)
      .first()
      .setInputFiles([...paths], { timeout: ACT_MS }),
});

export function firefoxDriver(page: FirefoxPage): Driver {
  const at = (selector: string): string => `document.querySelector(${JSON.stringify(selector)})`;
  /** As Playwright does: not before the element is there and enabled. */
  const act = (selector: string, action: string): Promise<unknown> =>
    until(`${selector} can be used`, () =>
      page.evaluate<boolean>(`(() => {
        const element = ${at(selector)};
        if (element === null || element.disabled) return false;
        ${action};
        return true;
      })()`),
    );
  return {
    async go(hash) {
      await page.evaluate(`void (location.hash = ${JSON.stringify(hash)})`);
    },
    hash: () => page.evaluate<string>('location.hash'),
    click: async (selector) => void (await act(selector, 'element.click()')),
    async press(selector) {
      await act(selector, "element.scrollIntoView({ block: 'nearest' })");
      const { x, y } = await page.evaluate<{ x: number; y: number }>(`(() => {
        const { left, top, width, height } = ${at(selector)}.getBoundingClientRect();
        return { x: Math.round(left + width / 2), y: Math.round(top + height / 2) };
      })()`);
      await page.press(x, y);
    },
    see: async (selector) => void (await act(selector, "element.scrollIntoView({ block: 'nearest' })")),
    fill: async (selector, text) =>
      void (await act(selector, `element.value = ${JSON.stringify(text)}; element.dispatchEvent(new Event('input', { bubbles: true }))`)),
    all: (selector) => page.evaluate<Attributes[]>(`(${readAll})(${JSON.stringify(selector)})`),
    files: () => Promise.reject(new NunetError('not-here', 'Files are chosen in Chromium only')),
  };
}

/** Asks again until the answer is neither null nor false; what it waited for stands in the failure. */
export async function until<Value>(
  what: string,
  ask: () => Promise<Value | null | false>,
  {
    timeoutMs = ACT_MS,
    everyMs = 50,
    state = () => Promise.resolve(''),
  }: { timeoutMs?: number; everyMs?: number; state?: () => Promise<string> } = {},
): Promise<Value> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const value = await ask();
    if (value !== null && value !== false) return value;
    if (performance.now() > end) throw new NunetError('wait-over', `Waited ${timeoutMs / 1000} s, and not yet: ${what}. ${await state()}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
