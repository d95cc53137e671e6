// What a person does on the wallet's pages, as steps of tests.
import type { Page } from 'playwright-core';
import type { FakePages } from './fake-pages.ts';

export const PASSWORD = 'gravel-otter-mosaic-tuba-fern-lid';

/** Calls the fakes of a page. */
export const fakePages = <Name extends keyof FakePages>(
  page: Page,
  name: Name,
  ...args: Parameters<FakePages[Name]>
): Promise<Awaited<ReturnType<FakePages[Name]>>> =>
  page.evaluate(
    ([name, args]) => (globalThis as unknown as { fakePages: Record<string, (...args: unknown[]) => unknown> }).fakePages[name]?.(...args),
    [name, args] as const,
  ) as never;

/** Whatever is there goes, and the page begins anew. */
export async function removeWallet(page: Page): Promise<void> {
  await page.getByTestId('onboarding').waitFor();
  await fakePages(page, 'remove');
  await page.evaluate(() => localStorage.clear());
  await page.reload();
  await page.getByTestId('onboarding-create').waitFor();
}

/** Answers what is asked about the words. */
export async function answerCheck(page: Page, words: readonly string[]): Promise<void> {
  for (const question of await page.locator('fieldset.word-question').all()) {
    const number = Number((await question.getAttribute('data-testid'))?.split('-').at(-1));
    await question.getByText(words[number - 1] ?? '', { exact: true }).click();
  }
}

/** From the first step on to the network, or less far. Gives the words. */
export async function createWallet(page: Page, { upTo = 'network' }: { upTo?: 'words' | 'check' | 'network' } = {}): Promise<string[]> {
  await page.getByTestId('onboarding-accept').check();
  await page.getByTestId('onboarding-create').click();
  await page.getByTestId('password').fill(PASSWORD);
  await page.getByTestId('password-again').fill(PASSWORD);
  await page.getByTestId('onboarding-next').click();
  await page.getByTestId('words-reveal').click();
  const words = await page.locator('[data-word]').allTextContents();
  if (upTo === 'words') return words;
  await page.getByTestId('onboarding-next').click();
  await page.locator('fieldset.word-question').first().waitFor();
  if (upTo === 'check') return words;
  await answerCheck(page, words);
  await page.getByTestId('onboarding-next').click();
  await page.getByTestId('network-form').waitFor();
  return words;
}
