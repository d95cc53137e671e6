// The script of a lock comes from the output that the network record names, and only if its bytes hash to the record's hash.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addressOf } from './address.ts';
import { buildDeploy } from './deploy.ts';
import { readParkedScript, scriptOfLock } from './parked-script.ts';
import traced from './plutus.traced.json' with { type: 'json' };
import { startRehearsal, type Rehearsal } from './rehearsal.ts';
import { ESCROW, PARKING_ADDRESS, scriptFrom } from './script.ts';

/** The same rules under another hash: what an escrow of an earlier version looks like. */
const OLDER = scriptFrom(traced, 'escrow.escrow.else');

let on: Rehearsal;
let older: { txId: string; index: number };
beforeAll(async () => {
  on = await startRehearsal();
  const built = await buildDeploy({ payer: await on.payer(on.operator), parameters: on.parameters, script: OLDER });
  await on.send(built, [on.operator.secret]);
  older = built.reference;
}, 120_000);
afterAll(() => on.stop());

const lockAt = (hash: string) => ({
  address: addressOf({ payment: { kind: 'script', hash } }),
  reference: { txId: '00'.repeat(32), index: 0 },
});

test('is read for a current and for a past escrow, each from where it is parked', async () => {
  const { scriptAt } = await on.run(on.operator);
  const record = {
    escrows: [
      { scriptHash: ESCROW.hash, referenceScript: scriptAt.reference },
      { scriptHash: OLDER.hash, referenceScript: older },
    ],
  };
  expect((await scriptOfLock(on.chain, record, lockAt(ESCROW.hash))).script).toEqual(ESCROW);
  expect(await scriptOfLock(on.chain, record, lockAt(OLDER.hash))).toMatchObject({
    script: OLDER,
    scriptAt: { reference: older, address: PARKING_ADDRESS, referenceScriptHash: OLDER.hash },
  });
});

describe('cannot be', () => {
  test('another script than the one whose hash the record names', async () => {
    await expect(readParkedScript(on.chain, { scriptHash: ESCROW.hash, referenceScript: older })).rejects.toMatchObject({
      code: 'script-missing',
      message: expect.stringContaining(OLDER.hash),
    });
  });

  test.each([
    ['where the record names no output', null, 'names no output'],
    ['on no chain', { txId: '11'.repeat(32), index: 0 }, 'no script lies at'],
  ])('%s', async (_, referenceScript, why) => {
    await expect(readParkedScript(on.chain, { scriptHash: ESCROW.hash, referenceScript })).rejects.toMatchObject({
      code: 'script-missing',
      message: expect.stringContaining(why),
    });
  });

  test('in an output that carries none', async () => {
    const change = { txId: older.txId, index: 1 };
    await expect(readParkedScript(on.chain, { scriptHash: OLDER.hash, referenceScript: change })).rejects.toMatchObject({
      code: 'script-missing',
    });
  });

  test('of an escrow that the record does not name', async () => {
    const record = { escrows: [{ scriptHash: ESCROW.hash, referenceScript: null }] };
    await expect(scriptOfLock(on.chain, record, lockAt(OLDER.hash))).rejects.toMatchObject({ code: 'script-unknown' });
  });
});
