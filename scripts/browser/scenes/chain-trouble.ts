// A chain that is late, takes back, or does not answer: the page says so, and the money is right.
import { describe, expect, it } from 'vitest';
import { until } from '../driver.ts';
import { AGENTS, expectBalanced, takeBalances } from '../world.ts';
import type { Stage } from './stage.ts';

export function chainTrouble(stage: Stage): void {
  describe('a chain', () => {
    it('that confirms the lock too late for its quote drops it: nothing was paid, and the page says so', async () => {
      const { world, dashboard } = stage;
      const before = await takeBalances(world.network, dashboard);
      await dashboard.preflight({ job: { template: 'speech' }, agent: world.agent(AGENTS.cheap).peerId });
      await stage.control('delay', { next: 1, blocks: 10_000 });
      await dashboard.run();
      await dashboard.reaches({ lock: 'submitted' });
      await stage.passUntil('dropped');
      // `failed` when the chain was asked once more and refused it by name.
      expect(['expired', 'failed']).toContain((await dashboard.states()).job);
      expect(await dashboard.wallet()).toEqual(before.wallet);
    });

    it('that rolls back in mid-job and confirms the lock again pays the job once', async () => {
      const { world, dashboard } = stage;
      const agent = world.agent(AGENTS.cheap);
      const before = await takeBalances(world.network, dashboard);
      const jobId = await dashboard.start({ job: { file: stage.jobs.some }, agent: agent.peerId });
      await dashboard.works();
      const { 'data-tx-id': txId = '' } = await dashboard.shown('tx-lock');
      const state = await world.network.chain.transaction(txId);
      expect(state.state).toBe('confirmed');
      await stage.control('rollback', { blocks: (state.state === 'confirmed' ? state.confirmations : 0) + 1, transactions: 'return' });
      await dashboard.reaches({ job: 'finished', lock: 'withdrawn' });
      await expectBalanced(world.network, dashboard, before, { jobId, agent });
      await dashboard.shown('step', () => true, { data: { lane: 'money', state: 'submitted' } });
    });

    it('that does not answer for a while is told, and nothing is lost', async () => {
      const { world, dashboard } = stage;
      const agent = world.agent(AGENTS.cheap);
      const before = await takeBalances(world.network, dashboard);
      const jobId = await dashboard.start({ job: { file: stage.jobs.some }, agent: agent.peerId });
      await dashboard.works();
      stage.expectProblems(/503|Failed to load resource|ERR_/);
      await stage.control('outage', { requests: 100_000, kind: 'unavailable' });
      await dashboard.shown('chain-error');
      expect((await dashboard.states()).lock).not.toBe('none');
      await stage.control('outage', { requests: 1, kind: 'html' });
      await until('the chain answers again', async () => (await dashboard.one('chain-error')) === null);
      await dashboard.reaches({ job: 'finished', lock: 'withdrawn' });
      await expectBalanced(world.network, dashboard, before, { jobId, agent });
    });
  });
}
