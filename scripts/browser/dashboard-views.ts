// Every view of the dashboard in the states that differ to the eye, over the fake runner and the fake vault: for axe and for looking at.
import { SAMPLE_PEER, sampleMachine } from '@nunet/extension/lend/fake-machine.ts';
import { sampleWallet } from '@nunet/extension/ui/fake-runner.ts';
import { payoutText } from '@nunet/shared/payout-statement.ts';
import { sampleAddress } from '@nunet/shared/samples.ts';
import type { Page } from 'playwright-core';
import type { Chromium } from './chromium.ts';
import type { FakeDashboard } from './fake-dashboard.ts';

/** Calls the fakes of a page. */
export const fake = <Name extends keyof FakeDashboard>(
  page: Page,
  name: Name,
  ...args: Parameters<FakeDashboard[Name]>
): Promise<Awaited<ReturnType<FakeDashboard[Name]>>> =>
  page.evaluate(
    ([name, args]) =>
      (globalThis as unknown as { fakeDashboard: Record<string, (...args: unknown[]) => unknown> }).fakeDashboard[name]?.(...args),
    [name, args] as const,
  ) as never;

/** The year 2100: a statement that has not run out when this is looked at. */
const FAR = 4_102_444_800_000;

type Stage = Parameters<FakeDashboard['job']>[0];

interface DashboardView {
  name: string;
  hash: string;
  /** Jobs that the page finds, by stage; the last one is looked at where `hash` names a job. */
  jobs?: readonly Stage[];
  /** A selector that shows that the view is whole. */
  shows: string;
  prepare?: (page: Page) => Promise<void>;
}

/** The fake runner reaches none of this id. */
const OTHER_PEER = '12D3KooWHHSPXfUUKLpsoBYMWHy9h2LJQtfbi7wE4ahsBuTvGuY4';

const MANY: readonly Stage[] = ['draft', 'running', 'delivered', 'paid', 'disputed', 'dropped'];

export const DASHBOARD_VIEWS: readonly DashboardView[] = [
  { name: 'overview-empty', hash: '#/', shows: '.balance-card' },
  { name: 'overview', hash: '#/', jobs: MANY, shows: '.job-row' },
  { name: 'jobs-empty', hash: '#/jobs', shows: '[data-testid=jobs-empty]' },
  { name: 'jobs', hash: '#/jobs', jobs: MANY, shows: '.job-row' },
  { name: 'job-draft', hash: '#/jobs/', jobs: ['draft'], shows: '[data-testid=run]' },
  { name: 'job-running', hash: '#/jobs/', jobs: ['running'], shows: '[data-testid=curve] canvas' },
  { name: 'job-delivered', hash: '#/jobs/', jobs: ['delivered'], shows: '[data-testid=decision]' },
  { name: 'job-paid', hash: '#/jobs/', jobs: ['paid'], shows: '[data-testid="output-save-model.onnx"]' },
  { name: 'job-draft-code', hash: '#/jobs/', jobs: ['draft-code'], shows: '[data-testid=run]' },
  { name: 'job-running-code', hash: '#/jobs/', jobs: ['running-code'], shows: '[data-testid=checkpoint-save]' },
  { name: 'job-failed-code', hash: '#/jobs/', jobs: ['failed-code'], shows: '[data-testid=checkpoint-resume]' },
  { name: 'deploy', hash: '#/deploy', shows: '[data-testid=template-digits]' },
  { name: 'deploy-digits', hash: '#/deploy/digits', shows: '[data-testid=find]' },
  { name: 'deploy-file', hash: '#/deploy/file', shows: '.drop' },
  { name: 'nodes', hash: '#/nodes', shows: '[data-testid=node]' },
  { name: 'escrow-empty', hash: '#/escrow', shows: '[data-testid=escrow-empty]' },
  { name: 'escrow', hash: '#/escrow', jobs: MANY, shows: '[data-testid=escrow-line]' },
  { name: 'machines-empty', hash: '#/machines', shows: '[data-testid=machines-empty]' },
  {
    name: 'machines',
    hash: '#/machines',
    shows: '[data-testid=machine-state]',
    prepare: async (page) => {
      await fake(page, 'app', { machines: [sampleMachine(), sampleMachine({ peerId: OTHER_PEER, name: 'In the rack' })] });
      await page.locator('.badge.good').first().waitFor();
    },
  },
  {
    name: 'machines-pair',
    hash: '#/machines',
    shows: '[data-testid=pair-code]',
    prepare: (page) => page.getByTestId('pair').click(),
  },
  {
    name: 'machine',
    hash: `#/machines/${SAMPLE_PEER}`,
    shows: '[data-testid=machine-job]',
    prepare: (page) => fake(page, 'app', { machines: [sampleMachine()] }),
  },
  {
    name: 'machine-change',
    hash: `#/machines/${SAMPLE_PEER}`,
    shows: '[data-testid=change-lines] li',
    prepare: async (page) => {
      await fake(page, 'app', { machines: [sampleMachine()] });
      await page.getByTestId('machine-cpus').fill('80');
      await page.getByTestId('machine-save').click();
    },
  },
  {
    name: 'machine-log',
    hash: `#/machines/${SAMPLE_PEER}`,
    shows: '[data-testid=machine-log-lines]',
    prepare: async (page) => {
      await fake(page, 'app', { machines: [sampleMachine()] });
      await page.getByTestId('machine-log-open').first().click();
    },
  },
  {
    name: 'machine-offline',
    hash: `#/machines/${OTHER_PEER}`,
    shows: '[data-testid=machine-offline]',
    prepare: (page) => fake(page, 'app', { machines: [sampleMachine({ peerId: OTHER_PEER, name: 'In the rack' })] }),
  },
  { name: 'activity', hash: '#/activity', jobs: MANY, shows: '[data-testid=activity-job]' },
  { name: 'wallet', hash: '#/wallet', shows: 'h1' },
  { name: 'wallet-receive', hash: '#/wallet/receive', shows: 'svg.qr' },
  { name: 'wallet-send', hash: '#/wallet/send', shows: 'form' },
  {
    name: 'wallet-payout',
    hash: '#/wallet/more',
    shows: '[data-testid=payout-review]',
    prepare: async (page) => {
      const address = sampleAddress('home');
      await fake(page, 'app', { wallet: sampleWallet({ address }) });
      const statement = {
        network: 'devnet',
        agent: SAMPLE_PEER,
        address,
        sequence: 2,
        previous: sampleAddress('before'),
        expiresAt: FAR,
      } as const;
      await page.getByTestId('payout-text').fill(payoutText(statement));
      await page.getByTestId('payout-read').click();
    },
  },
  { name: 'settings', hash: '#/settings', shows: 'h1' },
  { name: 'settings-accounts', hash: '#/settings/accounts', shows: 'h1' },
  {
    name: 'connect',
    hash: '#/connect',
    shows: '[data-testid=connect]',
    prepare: (page) => fake(page, 'app', { network: { state: 'none' }, wallet: null }),
  },
  {
    name: 'locked',
    hash: '#/',
    shows: '[data-testid=show-unlock]',
    prepare: (page) => fake(page, 'vault', { state: 'locked' }),
  },
  {
    name: 'unlock',
    hash: '#/jobs',
    shows: '[data-testid=unlock-password]',
    prepare: async (page) => {
      await fake(page, 'vault', { state: 'locked' });
      await page.getByTestId('show-unlock').click();
    },
  },
];

/** Opens the dashboard there, with its jobs, and waits until it shows what it should. */
export async function openView(browser: Chromium, view: DashboardView): Promise<Page> {
  const page = await browser.open('dashboard.html');
  let last = '';
  for (const stage of view.jobs ?? []) last = await fake(page, 'job', stage, `Digits, ${stage}`);
  await page.evaluate((hash) => (location.hash = hash), view.hash === '#/jobs/' ? `#/jobs/${last}` : view.hash);
  await view.prepare?.(page);
  await page.locator(view.shows).first().waitFor();
  return page;
}
