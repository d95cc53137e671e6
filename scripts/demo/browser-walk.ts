// The walk-through: one job paid, one disputed and refunded, each moment as a picture in light and in dark.
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { formatAmount } from '@nunet/shared/amount.ts';
import { Dashboard } from '../browser/dashboard.ts';
import { chromiumDriver, marked } from '../browser/driver.ts';
import { createWallet } from '../browser/onboarding.ts';
import type { RunningNetwork } from '../network/start.ts';
import { AGENTS } from './scenarios.ts';

export interface Moment {
  name: string;
  /** What was done, and what is seen. */
  says: string;
  afterMs: number;
  /** File names in the folder. */
  light: string;
  dark: string;
}

interface Walk {
  network: RunningNetwork;
  page: Page;
  folder: string;
  tell: (line: string) => void;
}

const JOB_MS = 180_000;

export async function walkThrough({ network, page, folder, tell }: Walk): Promise<Moment[]> {
  const dashboard = new Dashboard(chromiumDriver(page));
  const moments: Moment[] = [];
  const started = performance.now();
  const keep = async (name: string, says: string): Promise<void> => {
    const afterMs = performance.now() - started;
    const number = String(moments.length + 1).padStart(2, '0');
    const files = { light: `${number}-${name}-light.png`, dark: `${number}-${name}-dark.png` };
    for (const colorScheme of ['light', 'dark'] as const) {
      // Without motion: a colour on its way from one theme to the other is of neither.
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.screenshot({ path: join(folder, files[colorScheme]), fullPage: true });
    }
    await page.emulateMedia({ colorScheme: 'light', reducedMotion: null });
    moments.push({ name, says, afterMs, ...files });
    tell(`${(afterMs / 1000).toFixed(1).padStart(5)} s  ${says}`);
  };
  const peer = (name: string): string => {
    const agent = network.agents.get(name);
    if (agent === undefined) throw new Error(`The demo has no agent ${name}`);
    return agent.peerId;
  };
  const ntx = async (name: string): Promise<string> => {
    const figure = await dashboard.shown(`money-${name}`, (element) => element['data-base-units'] !== '');
    return `${formatAmount(BigInt(figure['data-base-units'] ?? '0'))} NTX`;
  };

  await dashboard.shown('onboarding-create');
  await keep('welcome', 'The first page: a wallet is made, or brought from its words or a backup.');
  await createWallet(dashboard.driver, network.devnet.url);
  await dashboard.connected();
  const { baseUnits } = await dashboard.fund();
  await keep('funded', `A wallet of 24 words, connected over WebRTC; the faucet paid ${formatAmount(baseUnits)} test NTX to it.`);

  await dashboard.fillForm({ job: { template: 'digits' }, settings: { epochs: '60' } });
  await keep('form', 'The form: a template that trains a digit classifier, 60 epochs.');
  await dashboard.find(peer(AGENTS.cheap));
  await keep('pre-flight', 'Pre-flight: what each compute provider asks, and what happens next. Nothing is locked yet.');
  await dashboard.take();
  await keep('signing', 'The signing sheet: one sentence of what this does, its effect on the wallet, and what is risky about it.');
  await dashboard.approve();
  await dashboard.works();
  await keep('running', `It was approved: ${await ntx('locked')} are locked, the job runs, loss and accuracy are drawn as they come.`);
  await dashboard.reaches({ job: 'finished', lock: 'withdrawn' }, JOB_MS);
  await keep(
    'finished',
    `Finished: the model was scored again in this browser and acknowledged; ${await ntx('paid')} paid, ${await ntx('change')} came back.`,
  );

  await dashboard.preflight({ job: { template: 'digits' }, agent: peer(AGENTS.cheat), askBeforeAnswer: true });
  await dashboard.run();
  await dashboard.shown('decision', () => true, { timeoutMs: JOB_MS });
  await keep('decision', 'A second job, at an agent that cheats. It was asked to wait for the person: the check says what it found.');
  await dashboard.driver.click(marked('dispute'));
  await dashboard.driver.click(marked('dispute-confirm'));
  await dashboard.reaches({ job: 'finished', lock: 'refunded' }, JOB_MS);
  await keep('disputed', `Disputed: the oracles had it run again by others and refunded; ${await ntx('change')} came back.`);
  await dashboard.driver.go('#/jobs');
  await dashboard.shown('job-row');
  await keep('jobs', 'All jobs of this browser.');
  return moments;
}
