// The signing sheet in a real browser, on the gallery: when its button can be used, and which clicks count.
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { CHROMIUM, openChromium, type Chromium } from './chromium.ts';

let browser: Chromium;

/** A state is waited for, never a time: the machine may be slow. */
const poll = <Value>(look: () => Promise<Value>): ReturnType<typeof expect.poll<Value>> => expect.poll(look, { timeout: 30_000 });

describe.skipIf(CHROMIUM === undefined)('the signing sheet', () => {
  beforeAll(async () => {
    browser = await openChromium({ extension: inject('extension').chromium, viewport: { width: 1280, height: 720 } });
  });
  afterAll(async () => {
    expect(browser.problems).toEqual([]);
    await browser.close();
  });

  async function open(
    name: string,
  ): Promise<{ page: Page; sheet: Locator; approve: Locator; hold: () => Promise<string | null>; approved: () => Promise<number> }> {
    const page = await browser.open('gallery.html');
    const sheet = page.locator('.gallery-side').first().getByTestId(`sheet-${name}`);
    await sheet.waitFor();
    const approve = sheet.getByTestId('approve');
    return {
      page,
      sheet,
      approve,
      hold: () => approve.getAttribute('data-hold'),
      approved: async () => Number(await sheet.getAttribute('data-approved')),
    };
  }

  test('is signed by a person’s click, and by a person’s key', async () => {
    const { page, sheet, approve, hold, approved } = await open('payment');
    await sheet.getByTestId('sheet-end').scrollIntoViewIfNeeded();
    await poll(hold).toBe('');
    await approve.click();
    await poll(approved).toBe(1);
    await approve.press('Enter');
    await poll(approved).toBe(2);
    await page.close();
  });

  test('cannot be signed by a script', async () => {
    const { page, sheet, approve, hold, approved } = await open('payment');
    await sheet.getByTestId('sheet-end').scrollIntoViewIfNeeded();
    await poll(hold).toBe('');
    await approve.evaluate((button: HTMLButtonElement) => {
      button.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true }));
      button.click();
      button.dispatchEvent(new MouseEvent('click', { bubbles: true, detail: 1, clientX: 1, clientY: 1 }));
    });
    await sheet
      .getByTestId('approve-hold')
      .getByText(/did not count/)
      .waitFor();
    expect(await approved()).toBe(0);
    await page.close();
  });

  test('cannot be signed by a press that began before the page came to the front', async () => {
    const { page, sheet, approve, hold, approved } = await open('payment');
    await sheet.getByTestId('sheet-end').scrollIntoViewIfNeeded();
    await poll(hold).toBe('');
    await approve.hover();
    await page.evaluate(() => window.dispatchEvent(new Event('focus')));
    await poll(hold).toBe('just-shown');
    await page.mouse.down();
    await poll(hold).toBe('');
    await page.mouse.up();
    expect(await approved()).toBe(0);
    // A whole one counts.
    await approve.click();
    await poll(approved).toBe(1);
    await page.close();
  });

  test('cannot be signed with a grave risk before the word is typed', async () => {
    const { page, sheet, approve, hold, approved } = await open('unknown');
    await sheet.getByTestId('sheet-end').scrollIntoViewIfNeeded();
    await poll(hold).toBe('word');
    expect(await approve.isDisabled()).toBe(true);
    await sheet.getByTestId('sheet-word').fill('sign');
    await poll(hold).toBe('');
    await approve.click();
    await poll(approved).toBe(1);
    await page.close();
  });

  test('cannot be signed at all where something stops it, and offers no word to type', async () => {
    const { page, sheet, approve, hold } = await open('forged');
    await sheet.getByTestId('sheet-end').scrollIntoViewIfNeeded();
    await poll(hold).toBe('stop');
    expect(await approve.isDisabled()).toBe(true);
    expect(await sheet.getByTestId('sheet-word').count()).toBe(0);
    expect(await sheet.getByTestId('intent').getAttribute('data-intent')).toBe('unrecognised');
    await page.close();
  });

  test('cannot be signed before its risks were in view: in a small window they lie beneath the edge', async () => {
    const { page } = await open('lock');
    await page.setViewportSize({ width: 360, height: 420 });
    await page.reload();
    const sheet = page.locator('.gallery-side').first().getByTestId('sheet-lock');
    const approve = sheet.getByTestId('approve');
    await poll(() => approve.getAttribute('data-hold')).toBe('unread');
    await sheet.getByTestId('sheet-end').scrollIntoViewIfNeeded();
    await poll(() => approve.getAttribute('data-hold')).toBe('');
    await page.close();
  });

  test('shows a message with what hides in it, and a locked wallet with its own field', async () => {
    const { page, sheet } = await open('message');
    expect(await sheet.getByTestId('message').textContent()).toContain('3289\ufffd17');
    expect(await sheet.getByTestId('risk').evaluateAll((risks) => risks.map((risk) => (risk as HTMLElement).dataset['code']))).toEqual([
      'other-site',
      'hidden-characters',
    ]);
    const locked = page.locator('.gallery-side').first().getByTestId('sheet-locked');
    expect(await locked.getByTestId('approve').count()).toBe(0);
    expect(await locked.getByTestId('sheet-password').getAttribute('type')).toBe('password');
    await page.close();
  });
});
