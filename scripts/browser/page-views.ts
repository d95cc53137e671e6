// The wallet's pages outside of the dashboard in the states that differ to the eye: for axe and for looking at.
import type { Page } from 'playwright-core';
import { createWallet, fakePages, PASSWORD } from './pages-steps.ts';

interface PageView {
  name: string;
  /** From an onboarding page without a wallet. */
  prepare: (page: Page) => Promise<void>;
}

const at =
  (path: string, shows: string) =>
  async (page: Page): Promise<void> => {
    await createWallet(page);
    await page.goto(new URL(path, page.url()).href);
    await page.getByTestId(shows).first().waitFor();
  };

export const PAGE_VIEWS: readonly PageView[] = [
  { name: 'onboarding', prepare: () => Promise.resolve() },
  {
    name: 'onboarding-password',
    prepare: async (page) => {
      await page.getByTestId('onboarding-accept').check();
      await page.getByTestId('onboarding-create').click();
      await page.getByTestId('suggest-phrase').click();
      await page.getByTestId('suggested-phrase').waitFor();
    },
  },
  { name: 'onboarding-words', prepare: async (page) => void (await createWallet(page, { upTo: 'words' })) },
  { name: 'onboarding-check', prepare: async (page) => void (await createWallet(page, { upTo: 'check' })) },
  {
    name: 'onboarding-restore',
    prepare: async (page) => {
      await page.getByTestId('onboarding-accept').check();
      await page.getByTestId('onboarding-restore').click();
      await page.getByTestId('restore-words').fill('abandon thnak zoo');
      await page.locator('.word-dots .unknown').waitFor();
    },
  },
  {
    name: 'onboarding-file',
    prepare: async (page) => {
      await page.getByTestId('onboarding-accept').check();
      await page.getByTestId('onboarding-file').click();
      await page.getByTestId('backup-open').click();
    },
  },
  {
    name: 'onboarding-network',
    prepare: async (page) => {
      await createWallet(page);
      await page.getByTestId('source-blockfrost').check();
      await page.getByTestId('onboarding-connect').click();
    },
  },
  { name: 'onboarding-ready', prepare: at('onboarding.html', 'onboarding') },
  { name: 'onboarding-forgot', prepare: at('onboarding.html?again#forgot', 'remove-form') },
  { name: 'popup', prepare: at('popup.html', 'balance') },
  {
    name: 'popup-unlock',
    prepare: async (page) => {
      await at('popup.html', 'popup-unlock')(page);
      await page.getByTestId('popup-unlock').click();
      await page.getByTestId('unlock-password').fill(`${PASSWORD} no`);
      await page.getByTestId('unlock').click();
    },
  },
  {
    name: 'popup-send',
    prepare: async (page) => {
      await at('popup.html', 'balance')(page);
      await page.getByTestId('popup-send').click();
      await page.getByTestId('send-review').click();
    },
  },
  {
    name: 'popup-receive',
    prepare: async (page) => {
      await at('popup.html', 'balance')(page);
      await page.getByTestId('popup-receive').click();
      await page.locator('svg.qr').waitFor();
    },
  },
  {
    name: 'side panel',
    prepare: async (page) => {
      await at('sidepanel.html', 'running-jobs')(page);
      await fakePages(page, 'asks', 'https://dex.example');
    },
  },
  {
    name: 'approve: connect',
    prepare: async (page) => {
      await createWallet(page);
      await page.goto(new URL(`approve.html?id=${'ab'.repeat(16)}`, page.url()).href);
      await page.getByTestId('approve-page').waitFor();
      await fakePages(page, 'asks', 'https://dex.example');
      await page.getByTestId('approve-page').and(page.locator('[data-screen=nothing], [data-screen=question]')).waitFor();
    },
  },
];
