// The wallet's own pages in a real browser, over a runner that is played and a vault that is not: onboarding, unlocking, sending, removing.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Page } from 'playwright-core';
import { CHROMIUM, openChromium, type Chromium } from './chromium.ts';
import { bundle } from './page-script.ts';
import { answerCheck, createWallet, fakePages, PASSWORD, removeWallet } from './pages-steps.ts';

let browser: Chromium;

/** The tests share their machine with a whole network; a state is waited for, never a time. */
const poll = <Value>(look: () => Promise<Value>): ReturnType<typeof expect.poll<Value>> => expect.poll(look, { timeout: 30_000 });

const PHRASE = 'legal winner thank year wave sausage worth useful legal winner thank yellow';
const STRANGER = 'addr_test1qz2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzer3n0d3vllmyqwsx5wktcd8cc3sq835lu7drv2xwl2wywfgs68faae';

/** A page of a browser in which there is no wallet. */
async function fresh(path: string): Promise<Page> {
  const page = await browser.open('onboarding.html');
  await removeWallet(page);
  await page.goto(new URL(path, page.url()).href);
  return page;
}

/** The dashboard over the same played runner and real vault. */
async function openSettings(page: Page, place: string): Promise<void> {
  await page.goto(new URL(`dashboard.html?fake-vault#/settings/${place}`, page.url()).href);
  await page.getByTestId('settings-page').waitFor();
}

async function unlock(page: Page): Promise<void> {
  await page.getByTestId('unlock-password').fill(PASSWORD);
  await page.getByTestId('unlock').click();
  await page.getByTestId('unlock-password').waitFor({ state: 'detached' });
}

const stage = (page: Page): Promise<string | null> => page.getByTestId('onboarding').getAttribute('data-stage');

describe.skipIf(CHROMIUM === undefined)("the wallet's pages", () => {
  beforeAll(async () => {
    browser = await openChromium({ extension: inject('extension').chromium });
    await browser.context.addInitScript(await bundle(join(import.meta.dirname, 'fake-pages.ts')));
  });
  afterAll(async () => {
    expect(browser.problems).toEqual([]);
    await browser.close();
  });

  test('a wallet is made in four steps and asks for its network last', async () => {
    const page = await fresh('onboarding.html?devnet=http://127.0.0.1:4000');
    await createWallet(page);
    expect(await page.getByTestId('devnet-url').inputValue()).toBe('http://127.0.0.1:4000');
    await page.getByTestId('onboarding-connect').click();
    await page.getByTestId('onboarding-done').waitFor();
    const asked = await fakePages(page, 'asked');
    expect(asked.filter(({ type }) => type === 'connect')).toEqual([
      { type: 'connect', to: { network: 'devnet', url: 'http://127.0.0.1:4000' } },
    ]);
    await page.close();
  });

  test('nothing is chosen before the testnet is understood', async () => {
    const page = await fresh('onboarding.html');
    await page.evaluate(() => localStorage.clear());
    await page.reload();
    await page.getByTestId('onboarding-create').click();
    await page.getByTestId('accept-first').waitFor();
    expect(await stage(page)).toBe('welcome');
    await page.close();
  });

  test('cannot find words or password in page, storage, address or title once a wallet is made (NWL R2 L-201, L-202)', async () => {
    const page = await fresh('onboarding.html');
    const words = await createWallet(page);
    const kept = await fakePages(page, 'kept');
    // What was looked through holds the sealed wallet.
    expect(kept).toContain('NTXV');
    expect(kept).not.toContain(PASSWORD);
    // One word may stand in a sentence of the page; three in a row do not.
    for (let at = 0; at + 3 <= words.length; at += 1) expect(kept).not.toContain(words.slice(at, at + 3).join(' '));
    expect(words.filter((word) => new RegExp(`>${word}<|"${word}"`).test(kept))).toEqual([]);
    await page.close();
  });

  test('cannot see the words without a tap, nor while the tab is in the background (NWL I-101)', async () => {
    const page = await fresh('onboarding.html');
    await page.getByTestId('onboarding-accept').check();
    await page.getByTestId('onboarding-create').click();
    await page.getByTestId('password').fill(PASSWORD);
    await page.getByTestId('password-again').fill(PASSWORD);
    await page.getByTestId('onboarding-next').click();
    await page.getByTestId('words-reveal').waitFor();
    expect(await page.locator('[data-word]').count()).toBe(0);
    await page.getByTestId('words-reveal').click();
    expect(await page.locator('[data-word]').count()).toBe(24);
    await fakePages(page, 'background', true);
    await poll(() => page.locator('[data-word]').count()).toBe(0);
    await fakePages(page, 'background', false);
    expect(await page.locator('[data-word]').count()).toBe(0);
    await page.close();
  });

  test('a wrong word asks other questions, and the words can be looked at again', async () => {
    const page = await fresh('onboarding.html');
    await createWallet(page, { upTo: 'check' });
    const question = page.locator('fieldset.word-question').first();
    const wanted = Number((await question.getAttribute('data-testid'))?.split('-').at(-1));
    const wrong = await page.evaluate(
      (number) => [...document.querySelectorAll(`[data-testid=word-check-${number}] button`)].map((button) => button.textContent ?? ''),
      wanted,
    );
    expect(wrong).toHaveLength(6);
    await page.getByTestId('words-again').click();
    await page.getByTestId('words-reveal').click();
    const words = await page.locator('[data-word]').allTextContents();
    await page.getByTestId('onboarding-next').click();
    const next = page.locator('fieldset.word-question').first();
    const number = Number((await next.getAttribute('data-testid'))?.split('-').at(-1));
    const choice = (await next.getByRole('button').allTextContents()).find((text) => text !== words[number - 1]) ?? '';
    await next.getByText(choice, { exact: true }).click();
    await page.getByTestId('word-wrong').waitFor();
    await answerCheck(page, words);
    await page.getByTestId('onboarding-next').click();
    await poll(() => stage(page)).toBe('network');
    await page.close();
  });

  test('a reload in the middle goes on with the words, after the password', async () => {
    const page = await fresh('onboarding.html');
    await createWallet(page, { upTo: 'words' });
    await page.reload();
    await page.getByTestId('reveal-password').fill('not the password');
    await page.getByTestId('reveal').click();
    await poll(() => page.getByTestId('reveal').isDisabled()).toBe(true);
    await page.getByTestId('unlock-wait').waitFor();
    await page.getByTestId('unlock-wait').waitFor({ state: 'detached' });
    await page.getByTestId('reveal-password').fill(PASSWORD);
    await page.getByTestId('reveal').click();
    await page.getByTestId('words-reveal').waitFor();
    expect(await page.locator('[data-word]').count()).toBe(0);
    await page.close();
  });

  test('words are restored however they were written down, and what is wrong is said by number', async () => {
    const page = await fresh('onboarding.html');
    await page.getByTestId('onboarding-accept').check();
    await page.getByTestId('onboarding-restore').click();
    const words = page.getByTestId('restore-words');
    const says = page.getByTestId('restore-says');
    const state = (): Promise<string | null> => says.getAttribute('data-state');
    await words.fill(PHRASE.replace('thank', 'thnak'));
    await poll(state).toBe('unknown');
    expect(await says.textContent()).toContain('3');
    expect(await says.textContent()).toContain('thank');
    await words.fill(PHRASE.split(' ').slice(0, 11).join(' '));
    await page.getByTestId('onboarding-next').click();
    await poll(state).toBe('count');
    await words.fill(PHRASE.replace('yellow', 'zoo'));
    await poll(state).toBe('checksum');
    await words.fill(
      PHRASE.toUpperCase()
        .split(' ')
        .map((word, index) => `${index + 1}. ${word}`)
        .join('\n'),
    );
    await poll(state).toBe('none');
    await page.getByTestId('onboarding-next').click();
    await page.getByTestId('password').fill(PASSWORD);
    await page.getByTestId('password-again').fill(PASSWORD);
    await page.getByTestId('onboarding-next').click();
    await poll(() => stage(page)).toBe('network');
    expect(await fakePages(page, 'kept')).not.toContain('legal winner');
    await page.close();
  });

  test('cannot choose a weak password or two that differ', async () => {
    const page = await fresh('onboarding.html');
    await page.getByTestId('onboarding-accept').check();
    await page.getByTestId('onboarding-create').click();
    await page.getByTestId('password').fill('nunet2026!');
    await poll(() => page.getByTestId('strength').getAttribute('data-score')).not.toBe('-1');
    expect(await page.getByTestId('onboarding-next').isDisabled()).toBe(true);
    await page.getByTestId('password').fill(PASSWORD);
    await page.getByTestId('password-again').fill(`${PASSWORD}x`);
    await page.getByTestId('onboarding-next').click();
    await poll(() => page.getByTestId('password-again').getAttribute('aria-invalid')).toBe('true');
    expect(await stage(page)).toBe('password');
    await page.getByTestId('suggest-phrase').click();
    const phrase = (await page.getByTestId('suggested-phrase').textContent()) ?? '';
    expect(await page.getByTestId('password').inputValue()).toBe(phrase);
    expect(await page.getByTestId('password-again').inputValue()).toBe(phrase);
    await page.close();
  });

  test('wrong passwords make the next try wait (NWL L-201)', async () => {
    const page = await fresh('onboarding.html');
    await createWallet(page);
    await page.goto(new URL('popup.html', page.url()).href);
    await page.getByTestId('popup-unlock').click();
    const wait = page.getByTestId('unlock-wait');
    await poll(async () => {
      if ((await wait.count()) === 0) {
        await page.getByTestId('unlock-password').fill('wrong horse');
        await page.getByTestId('unlock').click();
      }
      return wait.count();
    }).toBe(1);
    expect(await page.getByTestId('unlock').isDisabled()).toBe(true);
    await poll(() => page.getByTestId('unlock-password').inputValue()).toBe('');
    await page.getByTestId('unlock-wait').waitFor({ state: 'detached' });
    await page.getByTestId('unlock-password').fill(PASSWORD);
    await page.getByTestId('unlock').click();
    await page.getByTestId('lock').waitFor();
    await page.close();
  });

  test('the popup shows the balance, the address and what waits while it is locked, and covers figures if asked to', async () => {
    const page = await fresh('onboarding.html');
    await createWallet(page);
    await page.evaluate(() => localStorage.setItem('nunet-hide-while-locked', 'yes'));
    await page.goto(new URL('popup.html', page.url()).href);
    await page.getByTestId('popup-unlock').waitFor();
    expect(await page.getByTestId('balance').getAttribute('data-covered')).not.toBeNull();
    expect(await page.locator('#app').innerText()).not.toContain('100');
    await page.evaluate(() => localStorage.setItem('nunet-hide-while-locked', 'no'));
    await page.reload();
    await poll(() => page.getByTestId('wallet-ntx').getAttribute('data-base-units')).toBe('100000000');
    await page.getByTestId('popup-receive').click();
    expect(await page.getByTestId('receive-address').getAttribute('data-address')).toMatch(/^addr_test1/);
    await page.getByTestId('popup-back').click();
    await fakePages(page, 'asks', 'https://dex.example');
    await page.getByTestId('waiting-dapp').waitFor();
    await page.close();
  });

  test('cannot order a payment to a wrong address, of a wrong amount, or of more than there is', async () => {
    const page = await fresh('popup.html');
    await page.goto(new URL('onboarding.html', page.url()).href);
    await createWallet(page);
    await page.goto(new URL('popup.html', page.url()).href);
    await page.getByTestId('popup-send').click();
    const field = (id: string) => page.getByTestId(id);
    const isWrong = (id: string): Promise<string | null> => field(id).getAttribute('aria-invalid');
    await field('send-review').click();
    await poll(() => isWrong('send-to')).toBe('true');
    expect(await isWrong('send-ada')).toBe('true');
    for (const amount of ['1e3', '-1', '1,000,000', '0.0000001', '999999999']) {
      await field('send-ada').fill(amount);
      await field('send-review').click();
      await poll(() => isWrong('send-ada')).toBe('true');
    }
    await field('send-to').fill(STRANGER.slice(0, 70));
    await field('send-ada').fill('2');
    await field('send-review').click();
    await poll(() => isWrong('send-to')).toBe('true');
    expect((await fakePages(page, 'asked')).some(({ type }) => type === 'build-payment')).toBe(false);
    await field('send-to').fill(STRANGER);
    await fakePages(page, 'refuse', 'build-payment', 'funds-insufficient');
    await field('send-review').click();
    await poll(() => field('send-error').getAttribute('data-code')).toBe('funds-insufficient');
    expect((await fakePages(page, 'asked')).find(({ type }) => type === 'build-payment')).toMatchObject({
      to: STRANGER,
      lovelace: 2_000_000n,
    });
    await page.close();
  });

  test('a wallet is removed only after the sentence was typed, also where the password is forgotten', async () => {
    const page = await fresh('onboarding.html');
    await createWallet(page);
    await page.goto(new URL('onboarding.html#forgot', page.url()).href);
    await page.reload();
    await page.getByTestId('remove-typed').fill('remove this');
    expect(await page.getByTestId('remove').isDisabled()).toBe(true);
    await page.getByTestId('remove-typed').fill('remove this wallet');
    await page.getByTestId('remove').click();
    await page.getByTestId('onboarding-create').waitFor();
    expect((await fakePages(page, 'asked')).some(({ type }) => type === 'forget-wallet')).toBe(true);
    await page.close();
  });

  test('an exported file brings all accounts back after the wallet was removed', async () => {
    const page = await fresh('onboarding.html');
    await createWallet(page);
    await openSettings(page, 'accounts');
    await page.getByTestId('account-add').click();
    await unlock(page);
    await page.getByTestId('account-name').fill('Savings');
    await page.getByTestId('account-save').click();
    await poll(() => page.getByTestId('account').allTextContents()).toHaveLength(2);
    await page.getByTestId('settings-backup').click();
    await page.getByTestId('export-open').click();
    await page.getByTestId('export-password').fill(PASSWORD);
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('export').click()]);
    const file = await download.path();
    expect(readFileSync(file, 'latin1')).not.toContain('Savings');
    await page.goto(new URL('onboarding.html', page.url()).href);
    await removeWallet(page);
    await page.getByTestId('onboarding-accept').check();
    await page.getByTestId('onboarding-file').click();
    await page.getByTestId('backup-file').setInputFiles(file);
    await page.getByTestId('backup-password').fill('another password');
    await page.getByTestId('backup-open').click();
    await page.getByTestId('form-error').waitFor();
    await page.getByTestId('backup-password').fill(PASSWORD);
    await page.getByTestId('backup-open').click();
    await poll(() => stage(page)).toBe('network');
    await openSettings(page, 'accounts');
    await poll(async () => (await page.getByTestId('account').allTextContents()).join()).toContain('Savings');
    await page.close();
  });

  test('cannot see the words or take a backup without the password, even while the wallet is open', async () => {
    const page = await fresh('onboarding.html');
    const words = await createWallet(page);
    await openSettings(page, 'security');
    await unlock(page);
    await page.getByTestId('settings-backup').click();
    await page.getByTestId('words-open').click();
    expect(await page.locator('[data-word]').count()).toBe(0);
    await page.getByTestId('reveal-password').fill(PASSWORD);
    await page.getByTestId('reveal').click();
    await page.getByTestId('words-reveal').click();
    expect(await page.locator('[data-word]').allTextContents()).toEqual(words);
    await page.getByTestId('words-close').click();
    expect(await page.locator('[data-word]').count()).toBe(0);
    await page.getByTestId('export-open').click();
    await page.getByTestId('export').click();
    await poll(() => page.getByTestId('form-error').or(page.getByTestId('unlock-wait')).count()).toBeGreaterThan(0);
    await page.close();
  });

  test('another password opens the wallet and the old one does not; minutes until it locks are kept', async () => {
    const page = await fresh('onboarding.html');
    await createWallet(page);
    await openSettings(page, 'security');
    await unlock(page);
    await page.getByTestId('auto-lock').selectOption('5');
    await page.getByTestId('change-password').click();
    await page.getByTestId('current-password').fill(PASSWORD);
    await page.getByTestId('password').fill(`${PASSWORD}-two`);
    await page.getByTestId('password-again').fill(`${PASSWORD}-two`);
    await page.getByTestId('onboarding-next').click();
    await page.getByTestId('change-password').waitFor();
    await page.getByTestId('lock-now').click();
    await page.getByTestId('unlock-password').fill(PASSWORD);
    await page.getByTestId('unlock').click();
    await poll(() => page.getByTestId('unlock-error').or(page.getByTestId('unlock-wait')).count()).toBeGreaterThan(0);
    await page.getByTestId('unlock-wait').waitFor({ state: 'detached' });
    await page.getByTestId('unlock-password').fill(`${PASSWORD}-two`);
    await page.getByTestId('unlock').click();
    await poll(() => page.getByTestId('auto-lock').inputValue()).toBe('5');
    await page.close();
  });

  test('every sentence of onboarding changes with the language', async () => {
    const page = await fresh('onboarding.html');
    await page.getByTestId('language').selectOption('es');
    expect(await page.locator('h1').textContent()).toContain('ordenadores');
    expect(await page.evaluate(() => document.documentElement.lang)).toBe('es');
    await page.getByTestId('language').selectOption('en');
    await page.close();
  });
});
