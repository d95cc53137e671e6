// The check over a real ledger, through both kinds of source, and what it says when something is wrong.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sampleRecord } from '@nunet/shared/samples.ts';
import { openBlockfrost } from '../chain/blockfrost.ts';
import type { Source, Utxo } from '../chain/chain.ts';
import { openKoios } from '../chain/koios.ts';
import { unavailable } from '../chain/source-request.ts';
import { startRehearsal, type Rehearsal } from '../rehearsal.ts';
import { ESCROW } from '../script.ts';
import { newPerson } from '../thefts/cast.ts';
import { checkTable, type CheckLine } from './check-line.ts';
import { checkChain, type CheckRequest } from './checks.ts';

let stage: Rehearsal;
let parked: Utxo;
beforeAll(async () => {
  stage = await startRehearsal();
  parked = (await stage.run(stage.operator)).scriptAt;
});
afterAll(() => stage.stop());

const check = (change: Partial<CheckRequest> & { source?: Partial<Source> } = {}): Promise<CheckLine[]> =>
  checkChain(
    {
      network: 'devnet',
      open: async () => ({ ...stage.chain, ...change.source }),
      record: null,
      asset: stage.devnet.asset,
      address: stage.cast.serviceProvider.address,
      now: Date.now,
      limitMs: 20_000,
      ...change,
    },
    new AbortController().signal,
  );
const states = (lines: CheckLine[]) => Object.fromEntries(lines.map(({ what, state }) => [what, state]));
const lineOf = (lines: CheckLine[], what: string): CheckLine => {
  const line = lines.find((entry) => entry.what === what);
  if (line === undefined) throw new Error(`no line ${what}`);
  return line;
};

describe('a source that works', () => {
  test.each([
    ['Blockfrost', (url: string) => openBlockfrost({ url, network: 'devnet' })],
    ['Koios', (url: string) => openKoios({ url: `${url}/koios/api/v1`, network: 'devnet' })],
  ] as const)('is said to work in every line: %s', async (_name, open) => {
    const pending = stage.devnet.ledger.pending.length;
    const lines = await check({ open: () => open(stage.devnet.url) });
    expect(checkTable(lines).join('\n')).not.toContain('failed');
    expect(lines.map(({ what, state }) => `${what} ${state}`)).toEqual(
      ['source', 'parameters', 'tip', 'script reference', 'balance', 'dry run'].map((what) => `${what} ok`),
    );
    expect(lineOf(lines, 'parameters').said).toContain('V1 166, V2 175, V3 297');
    expect(lineOf(lines, 'script reference').said).toContain(ESCROW.hash);
    expect(lineOf(lines, 'dry run').said).toMatch(/a lock of 1 NTX builds: \d+ bytes, fee 0\.1[78]\d* ADA; evaluated/);
    expect(stage.devnet.ledger.pending).toHaveLength(pending);
  });

  test('finds the script where the network record says that it is', async () => {
    const record = { ...sampleRecord, escrows: [{ scriptHash: ESCROW.hash, referenceScript: parked.reference }] };
    expect(states(await check({ record }))['script reference']).toBe('ok');
  });

  test('leaves balance and dry run away without an address', async () => {
    expect(states(await check({ address: null }))).toMatchObject({ balance: 'skipped', 'dry run': 'skipped', tip: 'ok' });
  });
});

describe('what is wrong is named, with what to do', () => {
  test('a source that does not answer: everything behind it is skipped', async () => {
    const lines = await check({
      open: async () => {
        throw unavailable('no connection');
      },
    });
    expect(lines.map(({ state }) => state)).toEqual(['failed', 'skipped', 'skipped', 'skipped', 'skipped', 'skipped']);
    expect(lines[0]).toMatchObject({ said: expect.stringContaining('no connection'), next: expect.stringContaining('online') });
  });

  test('a source that is silent is left after the limit', async () => {
    const lines = await check({
      limitMs: 50,
      source: {
        tip: (signal) => new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error))),
      },
    });
    expect(lineOf(lines, 'tip')).toMatchObject({ state: 'failed', said: 'no answer within 0.05 s' });
  });

  test.each([
    [11 * 60_000, 'lags behind'],
    [-2 * 60_000, 'clock is behind'],
  ])('a tip that is %i ms old', async (ageMs, next) => {
    const tip = await stage.chain.tip();
    const lines = await check({ now: () => tip.timeMs + ageMs });
    expect(lineOf(lines, 'tip')).toMatchObject({ state: 'failed', next: expect.stringContaining(next) });
  });

  test('cost models that are too short', async () => {
    const costModels = { ...stage.parameters.costModels, plutusV3: stage.parameters.costModels.plutusV3.slice(0, 251) };
    const lines = await check({ source: { parameters: async () => ({ ...stage.parameters, costModels }) } });
    expect(lineOf(lines, 'parameters')).toMatchObject({ state: 'failed', said: expect.stringContaining('V3 251') });
    expect(states(lines)['dry run']).toBe('skipped');
  });

  test('cannot take another script for the escrow, whatever hash the source gives it', async () => {
    const utxos: Source['utxos'] = async (address, options) =>
      address === parked.address
        ? [{ ...parked, reference: { txId: stage.deployed.txId, index: 1 }, referenceScriptHash: ESCROW.hash }]
        : stage.chain.utxos(address, options);
    expect(lineOf(await check({ source: { utxos } }), 'script reference')).toMatchObject({
      state: 'failed',
      said: expect.stringContaining('no script lies at'),
    });
    const other = { ...sampleRecord, escrows: [{ scriptHash: 'ab'.repeat(28), referenceScript: parked.reference }] };
    expect(lineOf(await check({ record: other }), 'script reference')).toMatchObject({
      state: 'failed',
      next: expect.stringContaining('update'),
    });
  });

  test('a script that nobody parked', async () => {
    const utxos: Source['utxos'] = async (address, options) => (address === parked.address ? [] : stage.chain.utxos(address, options));
    expect(lineOf(await check({ source: { utxos } }), 'script reference')).toMatchObject({
      state: 'failed',
      next: expect.stringContaining('park'),
    });
  });

  test('a wallet without ADA, without NTX, or with too little of it', async () => {
    const poor = newPerson();
    expect(states(await check({ address: poor.address }))).toMatchObject({ balance: 'failed', 'dry run': 'skipped' });
    await stage.fund(poor, 1_000_000n);
    expect(lineOf(await check({ address: poor.address }), 'dry run')).toMatchObject({
      state: 'failed',
      next: expect.stringContaining('test NTX'),
    });
    await stage.fund(poor, 1_200_000n, 5n);
    expect(lineOf(await check({ address: poor.address }), 'dry run')).toMatchObject({
      state: 'failed',
      next: expect.stringContaining('more test ADA'),
    });
  });

  test('cannot pass an evaluation that the source does not make', async () => {
    const evaluate = async (): Promise<never> => {
      throw unavailable('ogmios is down');
    };
    expect(lineOf(await check({ source: { evaluate } }), 'dry run')).toMatchObject({
      state: 'failed',
      said: expect.stringContaining('ogmios is down'),
    });
  });
});

test('the table has one line a check, what to do below it', () => {
  const lines: CheckLine[] = [
    { what: 'tip', state: 'ok', said: 'block 5', next: null },
    { what: 'balance', state: 'failed', said: '0 ADA', next: 'send some' },
  ];
  expect(checkTable(lines)).toEqual(['tip      ok       block 5', 'balance  failed   0 ADA', '         ->       send some']);
});
