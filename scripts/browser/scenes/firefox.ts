// The training job once in Firefox, installed as an add-on and driven over WebDriver BiDi.
import { expect, inject, it } from 'vitest';
import { Dashboard } from '../dashboard.ts';
import { firefoxDriver } from '../driver.ts';
import { FIREFOX, openFirefox } from '../firefox.ts';
import { createWallet } from '../onboarding.ts';
import { AGENTS, expectBalanced, takeBalances } from '../world.ts';
import type { Stage } from './stage.ts';

export function inFirefox(stage: Stage): void {
  it.skipIf(FIREFOX === undefined)('the training job is run in Firefox, scored there, and paid', async () => {
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
      expect(firefox.problems).toEqual([]);
    } finally {
      await firefox.close();
    }
  });
}
