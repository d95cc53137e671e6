// The judges of the folder, the clock, ports and everybody whom the agent depends on.
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SAMPLE_TIME_MS, sampleAddress, samplePeerId } from '@nunet/shared/samples.ts';
import { describe, expect, it, test } from 'vitest';
import { fixtureRecord } from '../agent-fixtures.ts';
import type { AgentConfig } from '../config.ts';
import { judgeClock } from './clock.ts';
import type { Finding } from './finding.ts';
import { judgeConfig, judgeFolder, judgeKey, judgePayout, judgeRecord } from './folder.ts';
import { judgeBaseImages, judgeChain, judgeHubs, judgeOracles, judgePackageIndex, type Answer } from './others.ts';
import { judgePorts, judgeReach, type ReachFacts } from './ports.ts';
import { tryBind } from './read-machine.ts';
import { askAll } from './read-others.ts';

const told = (...findings: Finding[]): string[] => {
  for (const { state, fix } of findings) expect(fix === null).toBe(state === 'pass' || state === 'skip');
  return findings.map(({ check, state }) => `${check} ${state}`);
};
const now = SAMPLE_TIME_MS;
const DAY = 86_400_000;

describe('the data folder', () => {
  const good = { path: '/data', found: { mode: 0o700, uid: 998, isWritable: true }, uid: 998, files: [{ name: 'peer.key', mode: 0o600 }] };
  test.each([
    [{}, 'folder pass'],
    [{ found: null }, 'folder skip'],
    [{ uid: 0 }, 'folder fail'],
    [{ found: { ...good.found, isWritable: false } }, 'folder fail'],
    [{ files: [{ name: 'peer.key', mode: 0o644 }] }, 'folder fail'],
    [{ found: { ...good.found, mode: 0o777 } }, 'folder fail'],
    [{ found: { ...good.found, mode: 0o755 } }, 'folder warn'],
  ])('%j', (change, wanted) => {
    expect(told(judgeFolder({ ...good, ...change }))).toEqual([wanted]);
  });

  it('holds a configuration, a key and a record, or says what is wrong with them', () => {
    expect(
      told(judgeConfig(null), judgeConfig({ error: 'x' }), judgeKey(null), judgeKey({ error: 'x' }), judgeKey({ value: 'x' })),
    ).toEqual(['config fail', 'config fail', 'key skip', 'key fail', 'key pass']);
    const record = { ...fixtureRecord(), expiresAt: now + 90 * DAY };
    expect(
      told(judgeRecord({ value: record }, now), judgeRecord({ value: record }, now + 80 * DAY), judgeRecord({ error: 'old' }, now)),
    ).toEqual(['record pass', 'record warn', 'record fail']);
  });
});

describe('the payout statement', () => {
  const address = sampleAddress('pay');
  const config = { network: 'preprod', address } as AgentConfig;
  const statement = {
    network: 'preprod',
    agent: samplePeerId('a'),
    address,
    sequence: 1,
    previous: null,
    expiresAt: now + 90 * DAY,
  } as const;
  test.each([
    [{ value: statement }, 'payout pass'],
    [{ value: { ...statement, expiresAt: now + DAY } }, 'payout warn'],
    [{ value: { ...statement, expiresAt: now } }, 'payout fail'],
    [{ value: { ...statement, address: sampleAddress('other') } }, 'payout fail'],
    [{ value: null }, 'payout fail'],
    [{ error: 'not JSON' }, 'payout fail'],
    [null, 'payout skip'],
  ])('%j', (payout, wanted) => {
    expect(told(judgePayout(payout, config, now))).toEqual([wanted]);
  });
  it('is wished for, no more, on a devnet', () => {
    expect(told(judgePayout({ value: null }, { ...config, network: 'devnet' }, now))).toEqual(['payout warn']);
  });
});

describe('the clock', () => {
  const http = { source: 'an oracle', offsetMs: 800, slackMs: 1_500 };
  const tip = { source: 'the chain', offsetMs: -40_000, slackMs: 300_000 };
  test.each([
    [[http, tip], 'clock pass'],
    [[], 'clock skip'],
    [[http, { ...http, offsetMs: 10_000 }], 'clock warn'],
    [[{ ...http, offsetMs: -3_600_000 }], 'clock fail'],
    // Ahead of us by an hour: no gap between blocks explains that.
    [[{ ...tip, offsetMs: 3_600_000 }], 'clock fail'],
  ])('%j', (readings, wanted) => {
    expect(told(judgeClock(readings))).toEqual([wanted]);
  });
  it('is said to be ahead or behind', () => {
    expect(judgeClock([{ ...http, offsetMs: -3_600_000 }]).says).toContain('3600.0 s ahead of an oracle');
    expect(judgeClock([{ ...http, offsetMs: 3_600_000 }]).says).toContain('behind an oracle');
  });
});

describe('ports', () => {
  it('are really bound', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect(await tryBind('tcp', { host: '127.0.0.1', port })).toBe('in-use');
    expect(await tryBind('udp', { host: '127.0.0.1', port: 0 })).toBe('free');
    expect(await tryBind('tcp', { host: '203.0.113.7', port: 0 })).toBe('no-address');
    server.close();
    await once(server, 'close');
    expect(await tryBind('tcp', { host: '127.0.0.1', port })).toBe('free');
  });

  it('that our own agent holds are well', () => {
    const port = { name: 'tcp', at: '0.0.0.0:4201' } as const;
    const states = (['free', 'in-use', 'not-permitted', 'no-address', 'failed'] as const).map((bound) => ({ ...port, bound }));
    expect(told(...judgePorts({ ports: states, agentRuns: false }))).toEqual(['ports pass', ...Array<string>(4).fill('ports fail')]);
    expect(told(...judgePorts({ ports: [{ ...port, bound: 'in-use' }], agentRuns: true }))).toEqual(['ports pass']);
  });

  const isPrivate = (address: string): boolean => address.startsWith('10.');
  const reach: ReachFacts = { network: 'preprod', listens: true, relay: false, hubs: 1, own: ['10.0.0.2'], seen: [], isPrivate };
  test.each<[Partial<ReachFacts>, string]>([
    [{}, 'reach warn'],
    [{ network: 'devnet' }, 'reach skip'],
    [{ seen: ['198.51.100.7'] }, 'reach warn'],
    [{ own: ['10.0.0.2', '198.51.100.7'], seen: ['198.51.100.7'] }, 'reach skip'],
    [{ relay: true }, 'reach pass'],
    [{ relay: true, hubs: 0 }, 'reach fail'],
    [{ listens: false }, 'reach fail'],
  ])('reach from outside: %j', (change, wanted) => {
    expect(told(judgeReach({ ...reach, ...change }))).toEqual([wanted]);
  });
});

describe('those whom the agent depends on', () => {
  const up: Answer = { name: 'a', ms: 5, error: null };
  const down: Answer = { name: 'b', ms: null, error: 'refused' };
  it('are needed more or less', () => {
    expect(told(judgeHubs([up]), judgeHubs([up, down]), judgeHubs([down]), judgeHubs([]))).toEqual([
      'hubs pass',
      'hubs warn',
      'hubs fail',
      'hubs warn',
    ]);
    expect(told(judgeOracles([up, up], 2), judgeOracles([up, up, down], 2), judgeOracles([up, down], 2))).toEqual([
      'oracles pass',
      'oracles warn',
      'oracles fail',
    ]);
    expect(told(judgeChain([up]), judgeChain([up, down]))).toEqual(['chain pass', 'chain fail']);
    expect(told(judgePackageIndex(null), judgePackageIndex(up), judgePackageIndex(down))).toEqual([
      'package-index skip',
      'package-index pass',
      'package-index warn',
    ]);
    expect(told(...judgeBaseImages(['onnx', 'pytorch'], ['onnx']), ...judgeBaseImages(['onnx'], null))).toEqual([
      'images pass',
      'images warn',
      'images skip',
    ]);
  });

  it('are asked, and their dates are clocks; what is in a URL besides its host is not told', async () => {
    const server = createServer((_, response) => response.writeHead(404, { date: new Date(Date.now() + 60_000).toUTCString() }).end());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { answers, readings } = await askAll([`http://${host}/secret-path`], new AbortController().signal);
    server.close();
    expect(answers).toEqual([{ name: host, ms: expect.any(Number) as number, error: null }]);
    expect(told(judgeClock(readings))).toEqual(['clock fail']);
    const gone = await askAll([`http://${host}/secret-path`], new AbortController().signal);
    expect(JSON.stringify(gone)).not.toContain('secret');
    expect(gone.answers[0]?.error).toContain('ECONNREFUSED');
  });
});
