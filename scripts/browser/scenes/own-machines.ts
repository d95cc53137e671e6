// The owner's hand on an agent: paired by the code of its terminal, watched and paused from the page, what widens allowed at the terminal, revoked there.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { root } from '../../run-tool.ts';
import { AGENTS } from '../world.ts';
import type { Stage } from './stage.ts';

/** A command at the terminal of the agent's machine. */
async function terminal(dataPath: string, ...args: string[]): Promise<string> {
  const main = join(root, 'node-agent/main.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--disable-warning=ExperimentalWarning',
    main,
    ...args,
    '--data',
    dataPath,
  ]);
  return stdout;
}

const pricesOf = async (dataPath: string): Promise<Record<string, string>> =>
  (JSON.parse(await readFile(join(dataPath, 'config.json'), 'utf8')) as { prices: Record<string, string> }).prices;

export function ownMachines(stage: Stage): void {
  describe('an own machine', () => {
    it('is paired by its terminal’s code, paused and resumed, changed with a yes at the terminal, and lost when it is revoked there', async () => {
      const { page } = stage.world;
      const { dataPath, peerId } = stage.world.agent(AGENTS.cheap);
      const state = (text: string): Promise<void> => page.getByTestId('machine-state').filter({ hasText: text }).waitFor();
      const { cpuHour } = await pricesOf(dataPath);
      if (cpuHour === undefined) throw new Error('the agent has no price');

      // A code that was not shown pairs nothing.
      const { code } = JSON.parse(await terminal(dataPath, 'pair', '--json')) as { code: string };
      await page.evaluate(() => (location.hash = '#/machines'));
      await page.getByTestId('pair').click();
      const last = code.at(-1) === '0' ? '1' : '0';
      await page.getByTestId('pair-code').fill(code.slice(0, -1) + last);
      await page.getByTestId('pair-submit').click();
      await page.locator('[data-testid=pair-problem][data-code=pairing-code-invalid]').waitFor();
      // It is found through the hub; small letters and spaces are taken.
      await page.getByTestId('pair-code').fill(code.toLowerCase().replaceAll('-', ' '));
      await page.getByTestId('pair-submit').click();
      await state('Online');
      expect(page.url()).toContain(peerId);
      await page.getByTestId('machine-figure-cpus').waitFor();

      await page.getByTestId('machine-pause').click();
      await state('Paused');
      expect(JSON.parse(await terminal(dataPath, 'status', '--json'))).toMatchObject({ pausedBy: 'owner' });
      await page.getByTestId('machine-resume').click();
      await state('Online');

      await page.getByTestId('machine-cpuHour').fill('1');
      await page.getByTestId('machine-save').click();
      expect(await page.getByTestId('change-lines').textContent()).toContain(`from ${cpuHour} to 1 NTX`);
      await page.getByTestId('approve').click();
      const waiting = page.getByTestId('machine-waiting');
      await waiting.waitFor();
      expect((await pricesOf(dataPath))['cpuHour']).toBe(cpuHour);
      const id = /nunet-agent confirm ([0-9A-Z]{4})/.exec((await waiting.textContent()) ?? '')?.[1] ?? '';
      expect(await terminal(dataPath, 'confirm', id, '--yes')).toContain('Done: the price of a CPU hour');
      await waiting.waitFor({ state: 'detached' });
      expect((await pricesOf(dataPath))['cpuHour']).toBe('1');
      await expect.poll(() => page.getByTestId('machine-cpuHour').inputValue(), { timeout: 20_000 }).toBe('1');

      // A higher price needs no yes.
      await page.getByTestId('machine-cpuHour').fill(cpuHour);
      await page.getByTestId('machine-save').click();
      await page.getByTestId('approve').click();
      await expect.poll(async () => (await pricesOf(dataPath))['cpuHour'], { timeout: 20_000 }).toBe(cpuHour);

      expect(await terminal(dataPath, 'owners', 'revoke', '--all')).toContain('Revoked: My browser');
      await page.getByTestId('machine-revoked').waitFor();
      await page.getByTestId('machine-forget').click();
      await page.getByTestId('confirm').click();
      await page.getByTestId('machines-empty').waitFor();
    });
  });
}
