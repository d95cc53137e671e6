// Jobs that come to a result: good work is paid, bad work is not, whichever way the agent is reached.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodePlutusData } from '@nunet/contracts/plutus-data.ts';
import { AGREE } from '@nunet/contracts/redeemer.ts';
import { cutFile } from '@nunet/shared/file-dag.ts';
import { marked } from '../driver.ts';
import { AGENTS, expectBalanced, takeBalances } from '../world.ts';
import type { Stage } from './stage.ts';

export function answeredJobs(stage: Stage): void {
  describe('a job that comes to a result', () => {
    it('is trained, scored again in the browser, saved, and paid with the change back', async () => {
      const { world, dashboard } = stage;
      const agent = world.agent(AGENTS.cheap);
      const before = await takeBalances(world.network, dashboard);
      const jobId = await dashboard.start({ job: { template: 'digits' }, agent: agent.peerId });
      await dashboard.reaches({ job: 'finished', lock: 'withdrawn' });
      expect(Number(/accuracy (0\.\d+)/.exec((await world.page.textContent('main')) ?? '')?.[1])).toBeGreaterThanOrEqual(0.93);
      const { paid } = await expectBalanced(world.network, dashboard, before, { jobId, agent });
      expect(paid).toBeGreaterThan(0n);

      const [download] = await Promise.all([world.page.waitForEvent('download'), dashboard.driver.click(marked('output-save-model.onnx'))]);
      const shown = await world.page
        .locator(`${marked('output-model.onnx')} code`)
        .first()
        .getAttribute('title');
      expect(cutFile(readFileSync(await download.path())).cid).toBe(shown);

      for (const kind of ['lock', 'end']) {
        const { href, 'data-tx-id': txId = '' } = await dashboard.shown(`tx-${kind}`);
        expect(href).toBe(`${world.network.devnet.url}/tx/${txId}`);
        expect(await world.network.chain.transaction(txId)).toMatchObject({ state: 'confirmed' });
      }
    });

    it('is paid by vouchers while it runs, and its sealed result opened with the key that the payment reveals', async () => {
      const { world, dashboard } = stage;
      const agent = world.agent(AGENTS.cheap);
      const before = await takeBalances(world.network, dashboard);
      const jobId = await dashboard.start({ job: { file: stage.jobs.sealed }, agent: agent.peerId });
      await dashboard.reaches({ job: 'finished', lock: 'withdrawn' });
      await expect.poll(async () => (await world.page.textContent('main')) ?? '', { timeout: 20_000 }).toMatch(/accuracy 0\.9[3-9]/);
      const { paid } = await expectBalanced(world.network, dashboard, before, { jobId, agent });
      expect(paid).toBeGreaterThan(0n);
      const { 'data-tx-id': txId = '' } = await dashboard.shown('tx-end');
      const transaction = await world.network.chain.rawTransaction(txId);
      expect(decodePlutusData(transaction?.redeemers[0]?.data ?? '')).toMatchObject({ index: AGREE });

      const [download] = await Promise.all([world.page.waitForEvent('download'), dashboard.driver.click(marked('output-save-model.onnx'))]);
      // The very bytes of a readable model: ONNX begins with its format's version, ciphertext does not.
      expect(readFileSync(await download.path()).subarray(0, 1)).toEqual(Buffer.of(0x08));
    });

    it('is disputed and refunded when the model was trained on nothing', async () => {
      const { world, dashboard } = stage;
      const agent = world.agent(AGENTS.lazy);
      const before = await takeBalances(world.network, dashboard);
      const jobId = await dashboard.start({ job: { template: 'digits' }, agent: agent.peerId });
      await dashboard.reaches({ job: 'finished', lock: 'refunded' });
      expect(await expectBalanced(world.network, dashboard, before, { jobId, agent })).toEqual({ paid: 0n });
    });

    it.each([
      ['behind the hub, by WebRTC', AGENTS.hidden, '/p2p-circuit/webrtc'],
      ['by WebSocket', AGENTS.socket, '/ws'],
    ])('is paid to an agent that is reached %s', async (_how, name, address) => {
      const { world, dashboard } = stage;
      const agent = world.agent(name);
      const before = await takeBalances(world.network, dashboard);
      const jobId = await dashboard.start({ job: { template: 'speech' }, agent: agent.peerId });
      await dashboard.reaches({ job: 'finished', lock: 'withdrawn' });
      const [connection] = await dashboard.driver.all(`${marked('pill-panel')} li[data-peer-id="${agent.peerId}"]`);
      expect(connection?.['data-address']).toContain(address);
      const { paid } = await expectBalanced(world.network, dashboard, before, { jobId, agent });
      expect(paid).toBeGreaterThan(0n);
    });
  });
}
