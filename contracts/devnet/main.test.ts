// The devnet as a program: its one line, its signals, its arguments.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { openBlockfrost } from '../chain/blockfrost.ts';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function start(...args: string[]) {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./main.ts', import.meta.url)), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const exit = once(child, 'exit') as Promise<[number | null, string | null]>;
  return { child, exit };
}

async function ready(child: ChildProcess): Promise<{ url: string; blockTimeMs: number; slotConfig: unknown }> {
  if (child.stdout === null) throw new Error('no stdout');
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return JSON.parse(line) as { url: string; blockTimeMs: number; slotConfig: unknown };
}

test('prints one line with its address, makes blocks on its own, and stops on SIGTERM', async () => {
  const { child, exit } = start('--block-time', '50');
  const { url, blockTimeMs, slotConfig } = await ready(child);
  expect(blockTimeMs).toBe(50);
  const chain = await openBlockfrost({ url, network: 'devnet' });
  expect(chain.slotConfig).toEqual(slotConfig);
  const first = await chain.tip();
  let tip = first;
  while (tip.height < first.height + 3) tip = await chain.tip();
  expect(tip.timeMs).toBeGreaterThanOrEqual(first.timeMs);
  child.kill('SIGTERM');
  expect(await exit).toEqual([0, null]);
});

test('two of them share no genesis: other money, other magic, other time', async () => {
  const infos = await Promise.all(
    [start(), start()].map(async ({ child }) => {
      const { url } = await ready(child);
      return (await (await fetch(`${url}/devnet/info`)).json()) as {
        networkMagic: number;
        asset: { policyId: string };
        slotConfig: { zeroTimeMs: number };
      };
    }),
  );
  expect(new Set(infos.map(({ networkMagic }) => networkMagic)).size).toBe(2);
  expect(new Set(infos.map(({ asset }) => asset.policyId)).size).toBe(2);
  expect(new Set(infos.map(({ slotConfig }) => slotConfig.zeroTimeMs)).size).toBe(2);
});

test('says so when its port is taken', async () => {
  const { url } = await ready(start().child);
  const { child, exit } = start('--port', new URL(url).port);
  const errors = child.stderr?.toArray() as Promise<Buffer[]>;
  expect(await exit).toEqual([1, null]);
  expect(Buffer.concat(await errors).toString()).toContain('Cannot start the devnet');
});

test.each([
  ['--port', '70000'],
  ['--block-time', '0'],
  ['--block-time', 'soon'],
])('refuses %s %s and says what it wants', async (name, value) => {
  const { child, exit } = start(name, value);
  const errors = child.stderr?.toArray() as Promise<Buffer[]>;
  expect(await exit).toEqual([2, null]);
  expect(Buffer.concat(await errors).toString()).toContain(`${name} is "${value}", want`);
});
