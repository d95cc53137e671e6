import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CP_ADDRESS } from './agent-fixtures.ts';
import { chainAccessOf, DEFAULTS_OF_2, parseConfig, parseListen, pricesOf, readConfig, writeConfig, type AgentConfig } from './config.ts';

const config: AgentConfig = {
  version: 2,
  ...DEFAULTS_OF_2,
  network: 'devnet',
  address: CP_ADDRESS,
  share: { cpus: 50, memory: 50, disk: 20 },
  stream: { holdBack: 10, maxUnpaid: 20 },
  prices: { cpuHour: '1', memoryGibHour: '0.1', gpuHour: '10', minimum: '0.000001' },
  networkRecord: '/somewhere',
  pinned: { keys: ['ab'.repeat(32)], threshold: 1 },
  chainUrl: 'http://127.0.0.1:1',
  listen: { tcp: '127.0.0.1:0', ws: null, webrtc: '[::1]:4202', relay: false },
  hubs: [],
  limits: { maxTimeLimitMs: 3_600_000, maxQuotesAPeer: 8 },
};

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'config-'));
  path = join(folder, 'config.json');
});
afterEach(() => rm(folder, { recursive: true }));

it('reads what it wrote, for its owner alone', async () => {
  await writeConfig(path, config);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readConfig(path)).toEqual(config);
  expect(pricesOf(config)).toEqual({ cpuHour: 1_000_000n, memoryGibHour: 100_000n, gpuHour: 10_000_000n, minimum: 1n });
});

it('reads a file that was written before there was anything to say about hubs', () => {
  const { relay: _, ...listen } = config.listen;
  expect(parseConfig({ ...config, listen }, path)).toEqual(config);
});

it('takes over a file of version 1 after keeping a copy, and lends no more than it did', async () => {
  const { gpus, hours, containers, policy, keep, telemetry, ...older } = config;
  const text = JSON.stringify({ ...older, version: 1 });
  await writeFile(path, text, { mode: 0o600 });
  const taken = { ...config, gpus, hours, policy, keep, telemetry, containers: { ...containers, engine: 'off' } };
  expect(await readConfig(path)).toEqual(taken);
  expect(await readFile(`${path}.v1`, 'utf8')).toBe(text);
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(taken);
});

it('takes a second chain source and the amount above which both must agree', () => {
  const two = { ...config, chainUrl: 'koios:https://preprod.koios.rest/api/v1', chain2Url: 'https://x.example', compareAbove: '2.5' };
  const env = { NUNET_CHAIN_PROJECT_ID: 'a', NUNET_CHAIN2_PROJECT_ID: 'b' };
  const asset = { policyId: 'ab'.repeat(28), assetName: '' };
  expect(chainAccessOf(parseConfig(two, path), asset, env)).toEqual({
    network: 'devnet',
    first: { source: two.chainUrl, projectId: 'a' },
    second: { source: two.chain2Url, projectId: 'b' },
    asset,
    compareAbove: 2_500_000n,
  });
  expect(chainAccessOf(config, asset, {})).toMatchObject({ second: undefined, compareAbove: undefined });
  expect(() => parseConfig({ ...config, chain2Url: 'here', compareAbove: '-1' }, path)).toThrow(
    /chain2Url: must be a URL[^]*compareAbove: must be/,
  );
});

it('names every wrong field with what is allowed, and refuses a newer version', async () => {
  const wrong = {
    ...config,
    share: { ...config.share, cpus: 95 },
    address: 'addr1mainnet',
    listen: { ...config.listen, tcp: 'localhost:1' },
  };
  expect(() => parseConfig(wrong, path)).toThrow(/share\.cpus: .*90[^]*|address/);
  expect(() => parseConfig(wrong, path)).toThrow(/address: must be a test-network/);
  expect(() => parseConfig(wrong, path)).toThrow(/listen\.tcp: must be HOST:PORT/);
  expect(() => parseConfig({ ...config, version: 3 }, path)).toThrow(/version 3, this program knows 2/);
  await expect(readConfig(path)).rejects.toMatchObject({ code: 'config-missing' });
  await writeFile(path, 'not json', { mode: 0o600 });
  await expect(readConfig(path)).rejects.toMatchObject({ code: 'config-invalid' });
});

it('cannot be used while others may change where pay goes', async () => {
  await writeConfig(path, config);
  await chmod(path, 0o660);
  await expect(readConfig(path)).rejects.toMatchObject({ code: 'config-open' });
});

it('reads listen addresses as IP and port only', () => {
  expect(parseListen('0.0.0.0:80')).toEqual({ host: '0.0.0.0', port: 80 });
  expect(parseListen('[::1]:80')).toEqual({ host: '::1', port: 80 });
  for (const text of ['80', 'localhost:80', '1.2.3.4:70000', '::1:80', '1.2.3.4:']) expect(parseListen(text)).toBe(null);
});
