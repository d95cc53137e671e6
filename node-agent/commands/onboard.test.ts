import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CP_ADDRESS } from '../agent-fixtures.ts';
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
  const asked: string[] = [];
  const io: CommandIo = {
    print: () => {},
    warn: (line) => warnings.push(line.trim()),
    signal: new AbortController().signal,
    ask: async (question) => {
      asked.push(question);
      const key = Object.keys(answers).find((start) => question.startsWith(start));
      return (key === undefined ? undefined : answers[key]?.shift()) ?? '';
    },
  };
  return { io, warnings, asked };
}

it('asks a person, offers sensible answers, and asks again after a wrong one', async () => {
  const record = join(folder, 'record');
  await writeFile(record, '');
  const { io, warnings, asked } = person({
    'Public keys': ['nonsense', 'ab'.repeat(32)],
    Network: ['mainnet', 'devnet'],
    'Cardano address': ['addr1q', '', CP_ADDRESS],
    'Percent of the CPUs': ['95', '60'],
    'File with': [join(folder, 'nowhere'), record],
    'URL of': ['http://127.0.0.1:1'],
  });
  expect(await command.run(['--data', join(folder, 'agent')], io)).toBe(0);
  const config: unknown = JSON.parse(await readFile(join(folder, 'agent', 'config.json'), 'utf8'));
  expect(config).toMatchObject({
    network: 'devnet',
    address: CP_ADDRESS,
    share: { cpus: 60, memory: 50, disk: 20 },
    prices: { cpuHour: '1' },
    listen: { tcp: '0.0.0.0:4201', ws: null, webrtc: '0.0.0.0:4202' },
  });
  expect(warnings).toHaveLength(5);
  expect(warnings.join('\n')).toMatch(/keys of 64 hex digits[^]*devnet[^]*addr_test1[^]*90[^]*no such file/);
  expect(asked.filter((question) => question.startsWith('Network'))).toHaveLength(2);
});

it('asks nothing with --yes, and names what it then lacks', async () => {
  const { io, asked } = person({});
  const running = command.run(['--yes', '--data', join(folder, 'agent'), '--pinned', 'ab'.repeat(32)], io);
  await expect(running).rejects.toMatchObject({ code: 'flag-missing', message: expect.stringContaining('--address') });
  expect(asked).toEqual([]);
});
