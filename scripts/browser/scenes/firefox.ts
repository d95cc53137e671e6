// A wallet, the training job and a payment in Firefox, installed as an add-on and driven over WebDriver BiDi.
import { newPerson } from '@nunet/contracts/thefts/cast.ts';
import { quantityOf } from '@nunet/contracts/value.ts';
import { expect, inject, it } from 'vitest';
import { Dashboard } from '../dashboard.ts';
import { firefoxDriver, until } from '../driver.ts';
import { FIREFOX, openFirefox } from '../firefox.ts';
import { createWallet } from '../onboarding.ts';
import { AGENTS, expectBalanced, takeBalances } from '../world.ts';
import type { Stage } from './stage.ts';

export function inFirefox(stage: Stage): void {
  it.skipIf(FIREFOX === undefined)(
    'in Firefox a wallet is made, the training job is run, scored and paid, and a payment is sent',
    async () => {
      const { network } = stage.world;
      // By WebSocket: on a machine without a network Firefox gathers no address for WebRTC, whatever its preferences say.
      const agent = stage.world.agent(AGENTS.socket);
      const firefox = await openFirefox();
      try {
        const page = await firefox.install(inject('extension').firefox);
        const driver = firefoxDriver(page);
        await createWallet(driver, network.devnet.url);
        const dashboard = new Dashboard(driver);
        await dashboard.connected();
        await dashboard.fund();
        const before = await takeBalances(network, dashboard);
        const jobId = await dashboard.start({ job: { template: 'digits' }, agent: agent.peerId });
        await dashboard.reaches({ job: 'finished', lock: 'withdrawn' });
        const text = await page.evaluate<string>('document.querySelector("main").textContent');
        expect(Number(/accuracy (0\.\d+)/.exec(text)?.[1])).toBeGreaterThanOrEqual(0.93);
        await expectBalanced(network, dashboard, before, { jobId, agent });

        // A payment, signed on the sheet of a wallet that was locked meanwhile.
        const friend = newPerson().address;
        await dashboard.lock();
        await dashboard.order(friend, '1.5');
        await dashboard.shown('sheet-unlock');
        await dashboard.approve();
        await until('the payment on the ledger', async () => {
          const outputs = await network.chain.utxos(friend);
          return outputs.reduce((sum, output) => sum + quantityOf(output, network.devnet.asset), 0n) === 1_500_000n;
        });
        expect(firefox.problems).toEqual([]);
      } finally {
        await firefox.close();
      }
    },
  );
}
