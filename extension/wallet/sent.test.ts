// Sent transactions through everything that a chain may do: late blocks, rollbacks, silence, refusals.
import type { Source, TransactionStatus } from '@nunet/contracts/chain/chain.ts';
import { PARAMETERS } from '@nunet/contracts/devnet/parameters.ts';
import { buildPayment } from '@nunet/contracts/payment.ts';
import { transactionId } from '@nunet/contracts/sign.ts';
import { newPerson } from '@nunet/contracts/thefts/cast.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { beforeEach, expect, test } from 'vitest';
import { emptyDatabase } from '../runner/sample-database.ts';
import type { RunnerDatabase } from '../runner/database.ts';
import { samplePromises } from './sample-money.ts';
import { openSent, type Sent } from './sent.ts';

const own = newPerson().address;
const effect = { lovelace: -5n, baseUnits: 0n };
let cbor: string;
let txId: string;
let nowMs: number;
let tipMs: number;
let status: TransactionStatus;
let submitted: number;
let refusal: NunetError | null;
let inputs: ReturnType<typeof samplePromises>;
let database: RunnerDatabase;
let sent: Sent;

const chain = {
  slotConfig: { zeroTimeMs: 0, zeroSlot: 0, slotLengthMs: 1_000 },
  transaction: async () => status,
  tip: async () => ({ slot: 0, height: 1, hash: '', timeMs: tipMs }),
  submit: async () => {
    submitted += 1;
    if (refusal !== null) throw refusal;
    return txId;
  },
} as unknown as Source;
const open = () =>
  openSent({ chain, database, key: 'k', inputs, now: () => nowMs, onChange: () => undefined, signal: new AbortController().signal });
const inBlock = (confirmations: number): TransactionStatus => ({ state: 'confirmed', blockHeight: 1, slot: 1, timeMs: 1, confirmations });

beforeEach(async () => {
  [nowMs, tipMs, submitted, status, refusal] = [1_000, 1_000, 0, { state: 'unknown' }, null];
  inputs = samplePromises();
  ({ database } = await emptyDatabase());
  const utxo = { reference: { txId: '11'.repeat(32), index: 0 }, address: own, lovelace: 20_000_000n, assets: [] };
  ({ cbor } = await buildPayment({
    to: newPerson().address,
    what: { kind: 'amount', lovelace: 5_000_000n, assets: [] },
    memo: '',
    payer: { utxos: [utxo], changeAddress: own },
    parameters: PARAMETERS,
    validUntilSlot: 1_000,
  }));
  txId = transactionId(cbor);
  sent = await open();
});

test('is written down before it leaves', async () => {
  let kept: unknown;
  const watching = { ...chain, submit: async () => ((kept = await database.get('settings', 'sent/k')), txId) } as unknown as Source;
  const other = await openSent({
    chain: watching,
    database,
    key: 'k',
    inputs,
    now: () => nowMs,
    onChange: () => undefined,
    signal: new AbortController().signal,
  });
  await other.send(cbor, effect);
  expect(kept).toMatchObject([{ txId, cbor }]);
});

test('goes once, however often it is asked for', async () => {
  await Promise.all([sent.send(cbor, effect), sent.send(cbor, effect)]);
  await sent.send(cbor, effect);
  expect(submitted).toBe(1);
  expect(sent.view()).toMatchObject([{ txId, validUntilMs: 1_000_000, problem: null }]);
});

test('goes again after a while of silence, and not before', async () => {
  await sent.send(cbor, effect);
  await sent.follow();
  expect(submitted).toBe(1);
  nowMs += 31_000;
  await sent.follow();
  await sent.follow();
  expect(submitted).toBe(2);
});

test('a block takes it off the list; a rollback brings it back, its inputs promised', async () => {
  await sent.send(cbor, effect);
  status = inBlock(0);
  await sent.follow();
  expect(sent.view()).toEqual([]);
  expect(inputs.promised.size).toBe(0);
  status = { state: 'unknown' };
  nowMs += 31_000;
  await sent.follow();
  expect(sent.view()).toMatchObject([{ txId }]);
  expect(inputs.promised.get(`payment:${txId}`)).toHaveLength(1);
  expect(submitted).toBe(2);
  status = inBlock(5);
  await sent.follow();
  expect(sent.has(txId)).toBe(false);
  expect(await database.get('settings', 'sent/k')).toEqual([]);
});

test('one that is refused later says why and frees its inputs; at the end of its validity it is dropped', async () => {
  refusal = new NunetError('chain-unavailable', 'no answer');
  await sent.send(cbor, effect);
  expect(sent.view()).toMatchObject([{ problem: { code: 'chain-unavailable' } }]);
  refusal = new NunetError('chain-rejected', 'inputs are spent');
  nowMs += 31_000;
  await sent.follow();
  expect(sent.view()).toMatchObject([{ problem: { code: 'chain-rejected', message: 'inputs are spent' } }]);
  expect(inputs.promised.size).toBe(0);
  // A restart keeps the reason.
  sent = await open();
  expect(sent.view()).toMatchObject([{ problem: { code: 'chain-rejected' } }]);
  expect(inputs.promised.size).toBe(0);
  tipMs = 1_000_000 + 60_000;
  await sent.follow();
  expect(sent.view()).toHaveLength(1);
  tipMs = 1_000_000 + 121_000;
  await sent.follow();
  expect(sent.view()).toEqual([]);
});

test('one that the ledger refuses because it has it already is not refused', async () => {
  refusal = new NunetError('chain-rejected', 'all inputs are spent');
  status = inBlock(0);
  await expect(sent.send(cbor, effect)).resolves.toEqual({ txId });
});

test('cannot be dropped by a source that fails', async () => {
  await sent.send(cbor, effect);
  const failing = { ...chain, transaction: () => Promise.reject(new NunetError('chain-unavailable', 'no answer')) } as unknown as Source;
  const other = await openSent({
    chain: failing,
    database,
    key: 'k',
    inputs,
    now: () => nowMs,
    onChange: () => undefined,
    signal: new AbortController().signal,
  });
  tipMs = 10_000_000;
  await other.follow();
  expect(other.view()).toMatchObject([{ txId, problem: { code: 'chain-unavailable' } }]);
});
