import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { payoutProofText } from '@nunet/shared/payout-statement.ts';
import { CP_ADDRESS } from '../agent-fixtures.ts';
import { testWallet } from '../payout-fixtures.ts';
import type { CommandIo } from './flags.ts';
import { command } from './onboard.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onboard-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A person who answers by what is asked; unknown questions get the offered answer. */
function person(answers: Record<string, string[]>) {
  const warnings: string[] = [];
  const lines: string[] = [];
  const asked: string[] = [];
  const io: CommandIo = {
    print: (line) => lines.push(line),
    warn: (line) => warnings.push(line.trim()),
    signal: new AbortController().signal,
    ask: async (question) => {
      asked.push(question);
      const key = Object.keys(answers).find((start) => question.startsWith(start));
      return (key === undefined ? undefined : answers[key]?.shift()) ?? '';
    },
  };
  return { io, warnings, asked, lines };
}

it('asks a person, offers sensible answers, and asks again after a wrong one', async () => {
  const record = join(folder, 'record');
  await writeFile(record, '');
  const { io, warnings, asked } = person({
    'Type "yes"': ['yes'],
    'Public keys': ['nonsense', 'ab'.repeat(32)],
    Network: ['mainnet', 'devnet'],
    'Cardano address': ['addr1q', '', CP_ADDRESS],
    'Percent of the CPUs': ['95', '60'],
    'File with': [join(folder, 'nowhere'), record],
    'URL of': ['http://127.0.0.1:1'],
    'When to': ['22:00', '22:00-06:00'],
  });
  expect(await command.run(['--data', join(folder, 'agent'), '--engine', 'off'], io)).toBe(0);
  const config: unknown = JSON.parse(await readFile(join(folder, 'agent', 'config.json'), 'utf8'));
  expect(config).toMatchObject({
    network: 'devnet',
    address: CP_ADDRESS,
    share: { cpus: 60, memory: 50, disk: 20 },
    prices: { cpuHour: '1' },
    listen: { tcp: '0.0.0.0:4201', ws: null, webrtc: '0.0.0.0:4202' },
    hours: { from: '22:00', to: '06:00' },
    containers: { engine: 'off', packageIndex: null },
    telemetry: { toOperators: false },
  });
  expect(warnings).toHaveLength(6);
  expect(warnings.join('\n')).toMatch(/keys of 64 hex digits[^]*devnet[^]*addr_test1[^]*90[^]*22:00-06:00[^]*no such file/);
  expect(asked.filter((question) => question.startsWith('Network'))).toHaveLength(2);
});

it('asks nothing with --yes, and names what it then lacks', async () => {
  const { io, asked } = person({});
  const running = command.run(['--yes', '--accept-terms', '--data', join(folder, 'agent'), '--pinned', 'ab'.repeat(32)], io);
  await expect(running).rejects.toMatchObject({ code: 'flag-missing', message: expect.stringContaining('--address') });
  expect(asked).toEqual([]);
});

const flagsFor = async (network: string, address: string): Promise<string[]> => {
  const record = join(folder, 'record');
  await writeFile(record, '');
  const trust = ['--network', network, '--network-record', record, '--pinned', 'ab'.repeat(32), '--chain', 'http://127.0.0.1:1'];
  return ['--data', join(folder, 'agent'), '--accept-terms', '--engine', 'off', '--gpus', 'none', '--address', address, ...trust];
};

describe('the terms', () => {
  test('cannot be passed over: not with --yes, not with another word than yes; nothing is written', async () => {
    const flags = (await flagsFor('devnet', CP_ADDRESS)).filter((flag) => flag !== '--accept-terms');
    await expect(command.run([...flags, '--yes'], person({}).io)).rejects.toMatchObject({ code: 'flag-missing' });
    const { io, lines } = person({ 'Type "yes"': ['y'] });
    await expect(command.run(flags, io)).rejects.toMatchObject({ code: 'terms-refused' });
    expect(lines.join(' ')).toMatch(/strangers[^]*can read the inputs, outputs and logs[^]*no value/);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(existsSync(join(folder, 'agent'))).toBe(false);
  });
});

describe('the payout address', () => {
  const home = testWallet(1);
  const next = testWallet(2);
  const statementIn = (lines: readonly string[]): string => lines.find((line) => line.startsWith('nunet/payout/1')) ?? '';

  it('is proven at the end, and a later onboarding keeps it', async () => {
    const flags = [...(await flagsFor('preprod', home.address)), '--force'];
    const { io, lines } = person({});
    const answer = {
      ...io,
      ask: async (question: string) => (question.startsWith('Proof of') ? payoutProofText(home.sign(statementIn(lines))) : ''),
    };
    expect(await command.run(flags, answer)).toBe(0);
    expect(lines.join('\n')).not.toContain('payout prove');
    const again = person({});
    expect(await command.run([...flags, '--yes', '--json'], again.io)).toBe(0);
    expect(JSON.parse(again.lines.join(''))).toMatchObject({ isProven: true, statement: null, network: 'preprod', gpus: [] });
  });

  test('cannot be changed by onboarding anew', async () => {
    const flags = [...(await flagsFor('preprod', home.address)), '--yes', '--json', '--force'];
    const first = person({});
    await command.run(flags, first.io);
    const { statement } = JSON.parse(first.lines.join('')) as { statement: string };
    await command.run([...flags, '--proof', payoutProofText(home.sign(statement))], person({}).io);
    const theirs = flags.map((flag) => (flag === home.address ? next.address : flag));
    await expect(command.run(theirs, person({}).io)).rejects.toMatchObject({ code: 'payout-address-differs' });
    expect(JSON.parse(await readFile(join(folder, 'agent', 'config.json'), 'utf8'))).toMatchObject({ address: home.address });
  });
});

test.each([
  [['--hours', '25:00-06:00'], /--hours/],
  [['--engine', 'lxc'], /--engine/],
  [['--gpus', 'GPU-of-nobody'], /--gpus "GPU-of-nobody" is not here/],
  [['--package-index', 'ftp://x', '--engine', 'docker'], /--package-index/],
])('names a wrong flag: %j', async (wrong, message) => {
  const flags = (await flagsFor('devnet', CP_ADDRESS)).flatMap((flag, at, all) =>
    wrong.includes(flag) || wrong.includes(all[at - 1] ?? '') ? [] : [flag],
  );
  await expect(command.run([...flags, '--yes', ...wrong], person({}).io)).rejects.toThrow(message);
});
