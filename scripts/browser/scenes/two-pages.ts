// Two pages of one browser that act on one job: one decision a job, and both pages show it.
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { RUNNER, type PageRequest } from '@nunet/extension/messages.ts';
import { marked, until } from '../driver.ts';
import { AGENTS, expectBalanced, takeBalances } from '../world.ts';
import type { Stage } from './stage.ts';

/** Sends a request as any page of the extension could, past what the dashboard offers; gives the code of the "no", or null. */
const askRunner = (page: Page, request: PageRequest): Promise<string | null> =>
  page.evaluate(
    ([script, name, wanted]) =>
      new Promise<string | null>((resolve) => {
        const { port } = new SharedWorker(script, { name });
        port.addEventListener('message', ({ data }: MessageEvent<{ type: string; id?: number; code?: string }>) => {
          if (data.id === 1) resolve(data.type === 'failed' ? (data.code ?? '') : null);
        });
        port.start();
        port.postMessage({ id: 1, request: wanted });
      }),
    [RUNNER.script, RUNNER.name, request] as const,
  );

export function twoPages(stage: Stage): void {
  it('two pages take and answer one job: one lock, one answer, and a plain "no" for the second', async () => {
    const { world, dashboard } = stage;
    const agent = world.agent(AGENTS.cheap);
    const before = await takeBalances(world.network, dashboard);
    const jobId = await dashboard.preflight({ job: { template: 'speech' }, agent: agent.peerId, askBeforeAnswer: true });
    const second = await world.openPage(`#/jobs/${jobId}`);
    await second.dashboard.shown('preflight-summary', () => true, { timeoutMs: 60_000 });
    // The later pre-flight's offers count; the first page asks again, and both click.
    await dashboard.driver.click(marked('run'));
    await second.dashboard.driver.click(marked('run')).catch(() => undefined);
    // The sheet stands on both; one of them signs, and it is gone from the other.
    for (const page of [dashboard, second.dashboard]) await page.shown('signing-sheet');
    await second.dashboard.approve();
    await until('no sheet is left', async () => (await dashboard.one('signing-sheet')) === null);
    for (const page of [dashboard, second.dashboard]) await page.reaches({ job: 'finished' });
    expect(await askRunner(second.page, { type: 'take', jobId, quoteCid: jobId })).toBe('job-taken');

    for (const page of [dashboard, second.dashboard]) await page.shown('decision');
    await dashboard.driver.click(marked('acknowledge'));
    expect(await askRunner(second.page, { type: 'decide', jobId, accept: false, reason: 'changed my mind' })).toMatch(/^decision-/);
    for (const page of [dashboard, second.dashboard]) await page.reaches({ job: 'finished', lock: 'withdrawn' });
    expect(await askRunner(second.page, { type: 'cancel', jobId })).not.toBeNull();
    await second.page.close();
    await expectBalanced(world.network, dashboard, before, { jobId, agent });
  });
}
