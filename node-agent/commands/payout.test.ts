import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { payoutProofText } from '@nunet/shared/payout-statement.ts';
import { samplePeerId } from '@nunet/shared/samples.ts';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { CONFIG_VERSION, DEFAULTS_OF_2, parseConfig, pathsOf, readConfig, writeConfig } from '../config.ts';
import { loadPeerKey } from '../network/identity.ts';
import { testWallet } from '../payout-fixtures.ts';
import { STREAM_SHARES } from '../pricing.ts';
import type { CommandIo } from './flags.ts';
import { command } from './payout.ts';

const home = testWallet(1);
const next = testWallet(2);
let folder: string;
let agent: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'payout-command-'));
  const config = parseConfig(
    {
      version: CONFIG_VERSION,
      network: 'preprod',
      address: home.address,
      share: { cpus: 50, memory: 50, disk: 10 },
      prices: { cpuHour: '1', memoryGibHour: '0.1', gpuHour: '10', minimum: '0.01' },
      stream: STREAM_SHARES,
      networkRecord: join(folder, 'record'),
      pinned: { keys: ['00'.repeat(32)], threshold: 1 },
      chainUrl: 'http://127.0.0.1:1',
      listen: { tcp: null, ws: null, webrtc: null },
      hubs: [],
      ...DEFAULTS_OF_2,
      limits: { maxTimeLimitMs: 60_000, maxQuotesAPeer: 8 },
    },
    'here',
  );
  await writeConfig(pathsOf(folder).config, config);
  agent = (await loadPeerKey(pathsOf(folder).peerKey)).peerId;
});
afterEach(() => rm(folder, { recursive: true }));

/** `answers`: what a person gives for the text on the screen; null: nobody sits there. */
async function typed(args: string[], answers: ((statement: string) => string[]) | null = null) {
  const lines: string[] = [];
  const warnings: string[] = [];
  let left: string[] | undefined;
  const io: CommandIo = {
    print: (line) => lines.push(line),
    warn: (line) => warnings.push(line.trim()),
    signal: new AbortController().signal,
    ask:
      answers === null
        ? undefined
        : async () => {
            left ??= answers(statementIn(lines));
            return left.shift() ?? '';
          },
  };
  const code = await command.run([args[0] ?? '', '--data', folder, ...args.slice(1)], io);
  return { code, out: lines.join('\n'), lines, warnings };
}
const statementIn = (lines: readonly string[]): string => lines.find((line) => line.startsWith('nunet/payout/1')) ?? '';
const proof = (wallet: typeof home) => (text: string) => payoutProofText(wallet.sign(text));

describe('payout', () => {
  it('asks a person for the wallet’s word, and again after a wrong one', async () => {
    expect(await typed(['show'])).toMatchObject({ code: 3, out: expect.stringContaining('No wallet has signed') });
    const { code, out, warnings } = await typed(['prove'], (text) => ['nonsense', proof(next)(text), proof(home)(text)]);
    expect(code).toBe(0);
    expect(out).toContain('Signed by its wallet: statement 1');
    expect(warnings.join('\n')).toMatch(/Cannot read the proof[^]*signed by another key/);
    expect(await typed(['show'])).toMatchObject({ code: 0 });
  });

  it('works without a terminal: prints what to sign, then takes the proof from a flag or a file', async () => {
    const asked = await typed(['prove', '--json']);
    expect(asked.code).toBe(3);
    const { statement, signers } = JSON.parse(asked.out) as { statement: string; signers: string[] };
    expect(statement).toContain(agent);
    expect(signers).toEqual([home.address]);
    await writeFile(join(folder, 'proof'), `${proof(home)(statement)}\n`);
    const taken = await typed(['prove', '--json', '--proof', `@${join(folder, 'proof')}`]);
    expect(JSON.parse(taken.out)).toMatchObject({ address: home.address, provenAddress: home.address, sequence: 1, isProven: true });
  });

  it('changes the address with both wallets, in the configuration too', async () => {
    await typed(['prove'], (text) => [proof(home)(text)]);
    const changed = await typed(['change', '--address', next.address], (text) => [proof(next)(text), proof(home)(text)]);
    expect(changed).toMatchObject({ code: 0, out: expect.stringContaining(`Pay goes to ${next.address}`) });
    expect((await readConfig(pathsOf(folder).config)).address).toBe(next.address);
    expect(await typed(['renew'], (text) => [proof(next)(text)])).toMatchObject({ code: 0, out: expect.stringContaining('statement 3') });
  });

  test('cannot change the address with the new wallet alone; nothing is changed then', async () => {
    await typed(['prove'], (text) => [proof(home)(text)]);
    const before = await readFile(join(folder, 'payout.json'), 'utf8');
    const refused = await typed(['change', '--address', next.address], (text) => [proof(next)(text), proof(next)(text)]);
    expect(refused).toMatchObject({ code: 3, warnings: [expect.stringContaining('signed by another key')] });
    expect(await readFile(join(folder, 'payout.json'), 'utf8')).toBe(before);
    expect((await readConfig(pathsOf(folder).config)).address).toBe(home.address);
  });

  test('cannot take a proof for another agent, nor a first one for a stranger’s address', async () => {
    const { statement } = JSON.parse((await typed(['prove', '--json'])).out) as { statement: string };
    const elsewhere = statement.replace(agent, samplePeerId('other'));
    await expect(typed(['prove', '--proof', proof(home)(elsewhere)])).rejects.toMatchObject({ code: 'payout-other-agent' });
    const theirs = statement.replace(home.address, next.address);
    await expect(typed(['prove', '--proof', proof(next)(theirs)])).rejects.toMatchObject({ code: 'payout-other-address' });
  });

  it('leaves it for later when nothing is pasted, and says what is wrong with a command', async () => {
    expect(await typed(['prove'], () => [])).toMatchObject({ code: 3 });
    await expect(typed(['change', '--address', next.address])).rejects.toMatchObject({ code: 'payout-unproven' });
    await expect(typed(['prove', '--address', next.address])).rejects.toMatchObject({ code: 'flag-invalid' });
    await expect(typed(['change', '--address', 'addr1q'])).rejects.toMatchObject({ code: 'flag-invalid' });
  });
});
