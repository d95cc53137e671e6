// Agents that lie with bytes, hashes and words: the page stays a page, the disk stays free, and the money is right.
import { describe, expect, it } from 'vitest';
import { MAX_LOG_LINES } from '@nunet/shared/wire.ts';
import { marked } from '../driver.ts';
import { expectBalanced, takeBalances } from '../world.ts';
import type { Stage } from './stage.ts';

export function hostileAgents(stage: Stage): void {
  describe('an agent', () => {
    it.each(['wrong-bytes', 'wrong-hash'])('cannot be paid for %s', async (cheat) => {
      const { world, dashboard } = stage;
      const agent = await world.cheat(cheat);
      try {
        const before = await takeBalances(world.network, dashboard);
        // The training job: of the speech job this browser has the expected bytes itself, and would fetch none.
        const jobId = await dashboard.start({ job: { template: 'digits' }, agent: agent.peerId });
        await dashboard.reaches({ job: 'finished' });
        await stage.passUntil('refunded');
        expect(await dashboard.one('output-model.onnx')).toMatchObject({ 'data-stored': 'false' });
        expect(await expectBalanced(world.network, dashboard, before, { jobId, agent })).toEqual({ paid: 0n });
      } finally {
        await agent.process.stop();
      }
    });

    it('cannot make the page slow or fill the disk with a million log lines at once', async () => {
      const { world, dashboard } = stage;
      const agent = await world.cheat('log-flood');
      try {
        const before = await takeBalances(world.network, dashboard);
        const jobId = await dashboard.start({ job: { template: 'speech' }, agent: agent.peerId });
        let slowestMs = 0;
        for (let states = await dashboard.states(); states.lock !== 'withdrawn'; states = await dashboard.states()) {
          const from = performance.now();
          await world.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
          slowestMs = Math.max(slowestMs, performance.now() - from);
        }
        // Measured: 1.3 s for the slowest frame, on two cores that carried the whole network as well.
        expect(slowestMs).toBeLessThan(4_000);
        expect(Number((await dashboard.shown('log'))['data-lines'])).toBeLessThanOrEqual(MAX_LOG_LINES);
        await expectBalanced(world.network, dashboard, before, { jobId, agent });
      } finally {
        await agent.process.stop();
      }
    }, 300_000);

    it('cannot hold a job for ever, or hide its result, by a log without an end: an oracle gives it', async () => {
      const { world, dashboard } = stage;
      const agent = await world.cheat('endless-log');
      try {
        const before = await takeBalances(world.network, dashboard);
        const jobId = await dashboard.start({ job: { template: 'speech' }, agent: agent.peerId });
        await dashboard.reaches({ job: 'running' });
        await dashboard.shown('log', (log) => Number(log['data-lines']) > 1_000);
        // Its bytes are honest, and this browser holds the expected ones: heard of at last, they are acknowledged, not paid by silence.
        await dashboard.reaches({ job: 'finished', lock: 'withdrawn' });
        expect(await world.page.getByText('the result was acknowledged').count()).toBe(1);
        expect(Number((await dashboard.shown('log'))['data-lines'])).toBeLessThanOrEqual(MAX_LOG_LINES);
        await expectBalanced(world.network, dashboard, before, { jobId, agent });
      } finally {
        await agent.process.stop();
      }
    });

    it('cannot act on the page by markup, terminal escapes or turned letters in its words', async () => {
      const { world, dashboard } = stage;
      const agent = await world.cheat('markup');
      try {
        const before = await takeBalances(world.network, dashboard);
        const jobId = await dashboard.start({ job: { template: 'digits' }, agent: agent.peerId });
        await dashboard.reaches({ job: 'finished', lock: 'withdrawn' });
        await dashboard.shown('log', (log) => Number(log['data-lines']) >= 7);
        expect(await world.page.title()).not.toContain('owned');
        expect(await world.page.locator('main img, main script, main a[href^="javascript"]').count()).toBe(0);
        const lines = (await dashboard.driver.all(marked('log-line'))).map(({ text }) => text ?? '');
        expect(lines.some((line) => line.includes('<img src=x onerror='))).toBe(true);
        // oxlint-disable-next-line no-control-regex -- exactly these must not be there
        expect(lines.join('')).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202a-\u202e\u2066-\u2069]/);
        await expectBalanced(world.network, dashboard, before, { jobId, agent });
      } finally {
        await agent.process.stop();
      }
    });
  });
}
