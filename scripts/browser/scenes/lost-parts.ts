// Parts that die in mid-job: a page, the service worker, the network frame, the agent, the hub. The job and its money go on.
import { describe, expect, it } from 'vitest';
import { marked } from '../driver.ts';
import { AGENTS, expectBalanced, takeBalances } from '../world.ts';
import type { Stage } from './stage.ts';

export function lostParts(stage: Stage): void {
  describe('in mid-job', () => {
    it('a page is closed and opened again: nothing of the job is missing', async () => {
      const { world, dashboard } = stage;
      const agent = world.agent(AGENTS.cheap);
      const before = await takeBalances(world.network, dashboard);
      const { page, dashboard: second } = await world.openPage('#/');
      const jobId = await second.start({ job: { file: stage.jobs.some }, agent: agent.peerId });
      await second.works();
      await page.close();
      const again = await world.openPage(`#/jobs/${jobId}`);
      await again.dashboard.reaches({ job: 'finished', lock: 'withdrawn' });
      // Progress is only the latest that was said, so a point may be missing; the last one, and no line of the log.
      await again.dashboard.shown('curve', (curve) => Number(curve['data-points']) >= 10 && (curve['text'] ?? '').includes('epoch 60'));
      const { 'data-lines': lines } = await again.dashboard.shown('log');
      expect(Number(lines)).toBeGreaterThan(60);
      const offsets = (await again.dashboard.driver.all(marked('log-line'))).map((line) => Number(line['data-offset']));
      expect(offsets).toEqual(offsets.map((_, at) => (offsets[0] ?? 0) + at));
      await again.page.close();
      await expectBalanced(world.network, dashboard, before, { jobId, agent });
    });

    it('the service worker and then the network frame die: the frame is mounted again and the job is paid', async () => {
      const { world, dashboard } = stage;
      const agent = world.agent(AGENTS.cheap);
      const before = await takeBalances(world.network, dashboard);
      const remounts = Number((await dashboard.shown('pill'))['data-remounts']);
      const jobId = await dashboard.start({ job: { file: stage.jobs.some }, agent: agent.peerId });
      await dashboard.works();
      await world.browser.stopServiceWorker();
      await world.browser.targets.crash('/net.html');
      await dashboard.shown('pill', (pill) => Number(pill['data-remounts']) === remounts + 1 && pill['data-frame'] === 'ready');
      await dashboard.reaches({ job: 'finished', lock: 'withdrawn' });
      await expectBalanced(world.network, dashboard, before, { jobId, agent });
    });

    it('the agent is killed: refunded once the deadline has passed', async () => {
      const { world, dashboard } = stage;
      const agent = world.agent(AGENTS.dear);
      const before = await takeBalances(world.network, dashboard);
      const jobId = await dashboard.start({ job: { file: stage.jobs.many }, agent: agent.peerId });
      await dashboard.works();
      await agent.process.kill();
      await stage.passUntil('refunded');
      expect(await expectBalanced(world.network, dashboard, before, { jobId, agent })).toEqual({ paid: 0n });
      await world.network.startAgent(agent.plan);
    });
  });
}

/** Last of all: this network has no hub afterwards. */
export function lostHub(stage: Stage): void {
  it('the hub is killed after the connection: the job goes on and is paid', async () => {
    const { world, dashboard } = stage;
    const agent = world.agent(AGENTS.cheap);
    const before = await takeBalances(world.network, dashboard);
    const jobId = await dashboard.start({ job: { file: stage.jobs.some }, agent: agent.peerId });
    await dashboard.works();
    // The frame goes on asking for the hub that it was told to keep.
    stage.expectProblems(/ERR_CONNECTION_REFUSED/);
    await world.network.hub.process.kill();
    await dashboard.reaches({ job: 'finished', lock: 'withdrawn' });
    await expectBalanced(world.network, dashboard, before, { jobId, agent });
  });
}
