// What a person signs and does not sign: a refusal, a wallet that is locked before the sheet is answered, and one that is locked while a job runs.
import { describe, expect, it } from 'vitest';
import { AGENTS, expectBalanced, takeBalances } from '../world.ts';
import type { Stage } from './stage.ts';

export function signedJobs(stage: Stage): void {
  describe('a lock', () => {
    it('that the person refuses locks nothing: the job ends and says why, and the wallet is as it was', async () => {
      const { world, dashboard } = stage;
      const before = await takeBalances(world.network, dashboard);
      await dashboard.preflight({ job: { template: 'speech' }, agent: world.agent(AGENTS.cheap).peerId });
      await dashboard.take();
      await dashboard.refuse();
      await dashboard.reaches({ job: 'cancelled', lock: 'dropped' });
      expect(await dashboard.wallet()).toEqual(before.wallet);
    });

    it('is signed after the wallet was locked with the sheet open, and the job is paid', async () => {
      const { world, dashboard } = stage;
      const agent = world.agent(AGENTS.cheap);
      const before = await takeBalances(world.network, dashboard);
      const jobId = await dashboard.preflight({ job: { template: 'speech' }, agent: agent.peerId });
      await dashboard.take();
      // Another page of the wallet locks it; the sheet's approval dies with that.
      const other = await world.openPage('#/');
      await other.dashboard.lock();
      await other.page.close();
      await dashboard.shown('signing-sheet', (sheet) => sheet['data-step'] === 'locked');
      await dashboard.approve();
      await dashboard.reaches({ job: 'finished', lock: 'withdrawn' });
      await expectBalanced(world.network, dashboard, before, { jobId, agent });
    });
  });

  it('a job that is paid by vouchers goes on and is paid while the wallet is locked', async () => {
    const { world, dashboard } = stage;
    const agent = world.agent(AGENTS.cheap);
    const before = await takeBalances(world.network, dashboard);
    const jobId = await dashboard.start({ job: { file: stage.jobs.sealed }, agent: agent.peerId });
    await dashboard.works();
    await dashboard.lock();
    await dashboard.reaches({ job: 'finished', lock: 'withdrawn' });
    await expectBalanced(world.network, dashboard, before, { jobId, agent });
    await dashboard.unlock();
  });
}
