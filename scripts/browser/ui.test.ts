// The dashboard in a real browser, over the fake runner: what a person sees and can do, and what a stranger's words cannot.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Page } from 'playwright-core';
import { CHROMIUM, openChromium, type Chromium } from './chromium.ts';
import { fake } from './dashboard-views.ts';
import type { FakeDashboard } from './fake-dashboard.ts';
import { bundle } from './page-script.ts';

let browser: Chromium;

/** The tests share their machine with a whole network; a state is waited for, never a time. */
const poll = <Value>(look: () => Promise<Value>): ReturnType<typeof expect.poll<Value>> => expect.poll(look, { timeout: 30_000 });

async function openJob(stage: Parameters<FakeDashboard['job']>[0], title = 'Digits'): Promise<{ page: Page; jobId: string }> {
  const page = await browser.open('dashboard.html');
  const jobId = await fake(page, 'job', stage, title);
  await page.evaluate((hash) => (location.hash = hash), `#/jobs/${jobId}`);
  return { page, jobId };
}

const state = (page: Page, id: string): Promise<string | null> => page.getByTestId(id).getAttribute('data-state');

describe.skipIf(CHROMIUM === undefined)('the dashboard', () => {
  beforeAll(async () => {
    browser = await openChromium({ extension: inject('extension').chromium });
    await browser.context.addInitScript(await bundle(join(import.meta.dirname, 'fake-dashboard.ts')));
  });
  afterAll(async () => {
    expect(browser.problems).toEqual([]);
    await browser.close();
  });

  test('goes from a template to a taken offer, with the amount on the button', async () => {
    const page = await browser.open('dashboard.html#/new');
    await page.getByTestId('template-digits').click();
    await page.getByTestId('setting-epochs').fill('3');
    await page.getByTestId('find').click();
    await page.getByTestId('preflight-summary').waitFor();
    expect(await page.getByTestId('offer-0').getAttribute('data-selected')).toBe('true');
    expect(await page.getByTestId('refusal-0').textContent()).toContain('128 MiB are free');
    await page.getByTestId('offer-pick-1').check();
    expect(await page.getByTestId('run').textContent()).toContain('Run and lock 6 NTX');
    await page.getByTestId('offer-pick-0').check();
    await page.getByTestId('run').click();
    await page.getByTestId('job-state').waitFor();
    expect(await state(page, 'lock-state')).toBe('submitted');
    await page.close();
  });

  test('names a wrong setting beside it and asks nobody', async () => {
    const page = await browser.open('dashboard.html#/new/digits');
    await page.getByTestId('setting-budget').fill('1,5');
    expect(await page.getByTestId('setting-budget').getAttribute('aria-invalid')).toBe('true');
    expect(await page.getByTestId('find').isDisabled()).toBe(true);
    await page.close();
  });

  test('shows only states that the runner told, and the next one when it tells it', async () => {
    const { page } = await openJob('running');
    await page.getByTestId('job-state').waitFor();
    expect([await state(page, 'job-state'), await state(page, 'lock-state')]).toEqual(['running', 'locked']);
    const reached = await page.getByTestId('step').evaluateAll((steps) => steps.map((step) => step.getAttribute('data-state')));
    expect(reached).not.toContain('finished');
    await fake(page, 'job', 'paid', 'Digits');
    await poll(() => state(page, 'lock-state')).toBe('withdrawn');
    expect(await page.getByTestId('money-paid').getAttribute('data-base-units')).toBe('272000');
    await page.close();
  });

  test('saves a verified output under its name', async () => {
    const { page } = await openJob('paid');
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('output-save-model.onnx').click()]);
    expect(download.suggestedFilename()).toBe('model.onnx');
    await page.close();
  });

  test('asks for the decision with its consequences, and sends one', async () => {
    const { page } = await openJob('delivered');
    await page.getByTestId('dispute').click();
    expect(await page.getByTestId('dispute-confirm').isDisabled()).toBe(true);
    await page.getByTestId('dispute-reason').fill('the model knows no digit');
    await page.getByTestId('dispute-confirm').click();
    await poll(() => fake(page, 'asked')).toContain('decide');
    await page.close();
  });

  test('a "no" because of another page is a plain message beside the newest truth', async () => {
    const { page } = await openJob('draft');
    await page.getByTestId('run').waitFor();
    await fake(page, 'refuse', 'take', 'job-taken');
    await page.getByTestId('run').click();
    await page.getByTestId('problem').waitFor();
    expect(await page.getByTestId('problem').textContent()).toContain('Another page of yours was quicker');
    await fake(page, 'job', 'running', 'Digits');
    await poll(() => state(page, 'job-state')).toBe('running');
    await page.close();
  });

  test('keeps 100,000 log lines without drawing them, follows the end, and stays where somebody scrolled', async () => {
    const { page, jobId } = await openJob('running');
    const log = page.getByTestId('log');
    await log.waitFor();
    await fake(page, 'addLines', jobId, 100_000);
    await poll(() => log.getAttribute('data-lines')).toBe('100039');
    await poll(() => page.getByTestId('log-line').last().textContent()).toContain('line 100038');
    expect(await page.getByTestId('log-line').count()).toBeLessThan(60);
    await log.evaluate((element) => (element.scrollTop = 50_000 * 20));
    await poll(() => page.locator('[data-testid=log-line][data-offset="50005"]').textContent()).toContain('line 50005');
    await fake(page, 'addLines', jobId, 500);
    await poll(() => log.getAttribute('data-lines')).toBe('100539');
    expect(await log.evaluate((element) => element.scrollTop)).toBe(50_000 * 20);
    await page.getByTestId('log-follow').click();
    await poll(() => page.getByTestId('log-line').last().textContent()).toContain('line 100538');
    await page.close();
  });

  test('says since when the chain source fails and that nothing is lost', async () => {
    const { page } = await openJob('running');
    await fake(page, 'chainFails');
    await page.getByTestId('chain-error').waitFor();
    await page.getByTestId('pill').click();
    const panel = await page.getByTestId('pill-panel').textContent();
    expect(panel).toMatch(/does not answer for \d+ s/);
    expect(panel).toContain('Nothing is lost');
    await page.close();
  });

  test('cannot be scripted, restyled or flooded by what a stranger wrote', async () => {
    const { page, jobId } = await openJob('delivered');
    await page.getByTestId('decision').waitFor();
    const evil = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>\u001b[2J\u202Egnp.exe${'<b>A</b>'.repeat(125_000)}`;
    expect(evil.length).toBeGreaterThan(1_000_000);
    await fake(page, 'hostile', jobId, evil);
    await poll(() => page.getByTestId('job-title').textContent()).toContain('<img src=x onerror');
    await fake(page, 'addLines', jobId, 10);
    await poll(() => page.getByTestId('log-line').last().textContent()).toContain('<img src=x');
    await page.getByTestId('pill').click();
    expect(await page.locator('main img, main script, main b, header b, header img').count()).toBe(0);
    const text = await page.evaluate(() => document.querySelector('#app')?.textContent ?? '');
    expect(text).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
    expect(text.length).toBeLessThan(60_000);
    expect(await page.title()).not.toBe('owned');
    const [scrolls, fits] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth] as const);
    expect(scrolls).toBeLessThanOrEqual(fits);
    await page.close();
  });

  test('can be worked by keyboard: the offer, the dialog and back', async () => {
    const { page } = await openJob('preparing');
    await page.getByTestId('cancel').focus();
    await page.keyboard.press('Enter');
    await page.getByTestId('confirm').waitFor();
    await page.keyboard.press('Escape');
    await page.getByTestId('confirm').waitFor({ state: 'detached' });
    expect(await fake(page, 'asked')).not.toContain('cancel');
    await page.close();
  });

  test('leads to every view, on a narrow screen through "More" too', async () => {
    const page = await browser.open('dashboard.html');
    for (const place of ['jobs', 'deploy', 'nodes', 'escrow', 'wallet', 'activity', 'settings', 'overview']) {
      await page.getByTestId(`nav-${place}`).click();
      await poll(() => page.getByTestId(`nav-${place}`).getAttribute('aria-current')).toBe('page');
    }
    await page.setViewportSize({ width: 360, height: 640 });
    await page.getByTestId('nav-more').click();
    await page.getByTestId('more-escrow').click();
    await page.getByTestId('escrow-empty').waitFor();
    expect(await page.getByTestId('more-escrow').isVisible()).toBe(false);
    await page.close();
  });

  test('locks at once, and unlocks on top of where somebody is', async () => {
    const page = await browser.open('dashboard.html#/deploy/digits');
    await page.getByTestId('find').waitFor();
    await page.getByTestId('lock').click();
    await poll(() => page.getByTestId('find').isDisabled()).toBe(true);
    await page.getByTestId('show-unlock').click();
    await page.getByTestId('unlock-password').fill('wrong');
    await page.getByTestId('unlock').click();
    await page.getByTestId('unlock-error').waitFor();
    await page.getByTestId('unlock-password').fill('right');
    await page.getByTestId('unlock').click();
    await page.getByTestId('unlock-dialog').waitFor({ state: 'detached' });
    await poll(() => page.getByTestId('find').isDisabled()).toBe(false);
    await page.close();
  });

  test('a lock that waits for its signature is found from every view', async () => {
    const page = await browser.open('dashboard.html#/nodes');
    const jobId = await fake(page, 'job', 'submitted', 'Digits');
    const grant = { jobId, keyId: '0'.repeat(32), budgetBaseUnits: 1n, computeProvider: 'addr_test1' };
    await fake(page, 'app', {
      signings: [{ signingId: '0'.repeat(32), jobId, account: 0, title: 'Digits', cbor: '84', grant, expiresAtMs: Date.now() + 60_000 }],
    });
    await page.getByTestId('banner-signing').getByRole('link').click();
    await page.getByTestId('signing-dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByTestId('signing-review').waitFor();
    expect(await fake(page, 'asked')).not.toContain('signing-answer');
    await page.close();
  });
});
