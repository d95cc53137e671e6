// A wallet's locks are found again from the chain alone: current and past scripts, malformed datums, staked addresses, and how each ended.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NunetError } from '@nunet/shared/errors.ts';
import { referenceText } from '@nunet/shared/fields.ts';
import type { EscrowDatum } from '@nunet/shared/lock.ts';
import { addressOf } from './address.ts';
import { balance, type ScriptRun } from './balance.ts';
import { openBlockfrost } from './chain/blockfrost.ts';
import { openKoios } from './chain/koios.ts';
import type { Source, Utxo } from './chain/chain.ts';
import { datumData, encodeDatum } from './datum.ts';
import { buildDeploy } from './deploy.ts';
import { readLedgerView } from './ledger-view.ts';
import { lockLovelace, lockOutput } from './lock-output.ts';
import { readParkedScript, scriptOfLock } from './parked-script.ts';
import traced from './plutus.traced.json' with { type: 'json' };
import { constructor, encodePlutusData, type PlutusConstructor } from './plutus-data.ts';
import { buildReclaim } from './reclaim.ts';
import { reclaimAll } from './reclaim-all.ts';
import { AMOUNT, startRehearsal, type Rehearsal } from './rehearsal.ts';
import { ESCROW, scriptFrom } from './script.ts';
import { buildSettle } from './settle.ts';
import { newPerson, type Person } from './thefts/cast.ts';

/** The same rules under another hash: an escrow of an earlier version. */
const OLDER = scriptFrom(traced, 'escrow.escrow.else');
const HOUR_MS = 3_600_000;

let on: Rehearsal;
let chain: Source;
let escrows: { scriptHash: string; referenceScript: { txId: string; index: number } }[];
beforeAll(async () => {
  on = await startRehearsal();
  chain = await openBlockfrost({ url: on.devnet.url, network: 'devnet' });
  const older = await buildDeploy({ payer: await on.payer(on.operator), parameters: on.parameters, script: OLDER });
  await on.send(older, [on.operator.secret]);
  escrows = [
    { scriptHash: ESCROW.hash, referenceScript: (await on.run(on.operator)).scriptAt.reference },
    { scriptHash: OLDER.hash, referenceScript: older.reference },
  ];
}, 120_000);
afterAll(() => on.stop());

const tipMs = (): number => on.devnet.ledger.blockTimeMs(on.devnet.ledger.tip);
const viewOf = (person: Person, source = chain) => readLedgerView(source, { escrows }, person.address);

/** Makes a lock whose address and datum are whatever is wanted. */
async function lockAt(address: string, inlineDatum: string): Promise<Utxo> {
  const { serviceProvider } = on.cast;
  const datum = on.datum();
  const output = { ...lockOutput(datum, AMOUNT, lockLovelace(datum, AMOUNT, on.parameters)), address, inlineDatum };
  const payer = await on.payer(serviceProvider);
  const built = await balance({ action: 'lock', inputs: [], outputs: () => [output], payer, parameters: on.parameters });
  const { txId } = await on.send(built, [serviceProvider.secret]);
  const state = await chain.output({ txId, index: 0 });
  if (state === null) throw new Error('the lock is not on chain');
  return state.utxo;
}

const atScript = (hash: string, stakeHash?: string): string =>
  addressOf({
    payment: { kind: 'script', hash },
    ...(stakeHash === undefined ? {} : { stake: { kind: 'key' as const, hash: stakeHash } }),
  });

const runFor = async (person: Person, lock: Utxo): Promise<ScriptRun> => ({
  ...(await on.run(person)),
  ...(await scriptOfLock(chain, { escrows }, lock)),
});

const reclaim = async (locks: Utxo[]): Promise<string> => {
  const { serviceProvider } = on.cast;
  const [first] = locks;
  if (first === undefined) throw new Error('no lock');
  const order = {
    locks,
    payer: await on.payer(serviceProvider),
    parameters: on.parameters,
    slotConfig: chain.slotConfig,
    run: await runFor(serviceProvider, first),
  };
  return (await on.send(await buildReclaim(order, tipMs()), [serviceProvider.secret])).txId;
};

/** By oracles, or by both parties. */
const end = async (utxo: Utxo, paid: bigint, how: 'oracles' | { secret?: string }): Promise<string> => {
  const built = await buildSettle({
    locks: [
      how === 'oracles'
        ? { by: 'oracles', utxo, paid, signatures: on.attest(utxo, paid) }
        : { by: 'agreement', utxo, agreement: on.agree(utxo, paid, how.secret) },
    ],
    payer: await on.payer(on.operator),
    parameters: on.parameters,
    run: await runFor(on.operator, utxo),
  });
  return (await on.send(built, [on.operator.secret])).txId;
};

describe('a wallet’s view', () => {
  test('shows a lock to both of its parties, and once its time has come, whose it may be', async () => {
    const datum = on.datum({ reclaimAfter: tipMs() + HOUR_MS });
    const { utxo } = await on.lock(datum);
    const { serviceProvider, computeProvider } = on.cast;
    const lock = { utxo, scriptHash: ESCROW.hash, staked: false, datum, amountBaseUnits: AMOUNT, reclaimAfter: datum.reclaimAfter };
    expect(await viewOf(serviceProvider)).toMatchObject({ locked: [lock], refundable: [], claimable: [], unread: [] });
    const { oracleKeys: keys, k: count, voucherKey, closeKey } = datum;
    expect((await viewOf(computeProvider)).claimable).toEqual([
      { ...lock, needs: { oracles: { count, keys }, agreement: { voucherKey, closeKey } }, contested: false },
    ]);
    on.devnet.ledger.advance({ slots: HOUR_MS / 1000, blocks: 1 });
    expect(await viewOf(serviceProvider)).toMatchObject({ locked: [], refundable: [lock] });
    expect((await viewOf(computeProvider)).claimable).toMatchObject([{ contested: true }]);
    await reclaim([utxo]);
    expect(await viewOf(serviceProvider)).toMatchObject({ locked: [], refundable: [] });
    expect(await viewOf(computeProvider)).toMatchObject({ claimable: [] });
  });

  test('tells how each lock ended: by oracles, by agreement with what it revealed, by reclaim', async () => {
    const [settled, agreed, reclaimed] = [
      (await on.lock(on.datum())).utxo,
      (await on.lock(on.datum())).utxo,
      (await on.lock(on.datum({ reclaimAfter: tipMs() + 1_000 }))).utxo,
    ];
    const secret = randomBytes(32).toString('hex');
    const settleTx = await end(settled, 2_000_000n, 'oracles');
    const agreeTx = await end(agreed, 3_000_000n, { secret });
    on.devnet.ledger.advance({ slots: 2, blocks: 1 });
    const reclaimTx = await reclaim([reclaimed]);

    const role = 'serviceProvider' as const;
    const base = { scriptHash: ESCROW.hash, asset: on.devnet.asset, timeMs: expect.any(Number) as number };
    const rows = [
      {
        ...base,
        role,
        reference: reclaimed.reference,
        how: 'reclaim',
        paidBaseUnits: 0n,
        changeBaseUnits: AMOUNT,
        secret: null,
        txId: reclaimTx,
      },
      {
        ...base,
        role,
        reference: agreed.reference,
        how: 'agree',
        paidBaseUnits: 3_000_000n,
        changeBaseUnits: 2_000_000n,
        secret,
        txId: agreeTx,
      },
      {
        ...base,
        role,
        reference: settled.reference,
        how: 'settle',
        paidBaseUnits: 2_000_000n,
        changeBaseUnits: 3_000_000n,
        secret: null,
        txId: settleTx,
      },
    ];
    expect((await viewOf(on.cast.serviceProvider)).settled.slice(0, 3)).toEqual(rows);
    const paid = rows.slice(1).map((row) => ({ ...row, role: 'computeProvider' }));
    expect((await viewOf(on.cast.computeProvider)).settled.slice(0, 2)).toEqual(paid);
  });

  test('shows locks of a past escrow, which settle, agree and reclaim under that escrow’s own script', async () => {
    const datum = (change: Partial<EscrowDatum> = {}) => encodeDatum(on.datum(change));
    const locks = [];
    for (let made = 0; made < 3; made++)
      locks.push(await lockAt(atScript(OLDER.hash), datum(made === 2 ? { reclaimAfter: tipMs() - 1 } : {})));
    const [settled, agreed, reclaimed] = locks as [Utxo, Utxo, Utxo];
    const held = await viewOf(on.cast.serviceProvider);
    expect([...held.locked, ...held.refundable].map(({ scriptHash }) => scriptHash)).toEqual([OLDER.hash, OLDER.hash, OLDER.hash]);
    expect((await viewOf(on.cast.computeProvider)).claimable).toHaveLength(3);

    const txIds = [await end(settled, 1n, 'oracles'), await end(agreed, AMOUNT, {}), await reclaim([reclaimed])];
    const { settled: ended, locked, refundable } = await viewOf(on.cast.serviceProvider);
    expect({ locked, refundable }).toEqual({ locked: [], refundable: [] });
    expect(ended.slice(0, 3).map(({ how, scriptHash, txId }) => ({ how, scriptHash, txId }))).toEqual(
      (['reclaim', 'agree', 'settle'] as const).map((how, place) => ({ how, scriptHash: OLDER.hash, txId: txIds[2 - place] })),
    );
  });

  test('shows what only Reclaim can open: a malformed datum, and a lock under a stranger’s stake', async () => {
    const terms = datumData(on.datum({ reclaimAfter: tipMs() - 1 })) as PlutusConstructor;
    const malformed = await lockAt(
      atScript(ESCROW.hash),
      encodePlutusData(constructor(0, ...terms.fields.map((field, place) => (place === 0 || place === 7 ? field : 0n)))),
    );
    const staked = await lockAt(atScript(ESCROW.hash, '66'.repeat(28)), encodeDatum(on.datum({ reclaimAfter: tipMs() - 1 })));
    const { refundable, unread } = await viewOf(on.cast.serviceProvider);
    expect(unread).toEqual([]);
    expect(refundable.map(({ utxo, staked: under, datum }) => [utxo.reference, under, datum === null])).toEqual([
      [malformed.reference, false, true],
      [staked.reference, true, false],
    ]);
    const txId = await reclaim(refundable.map(({ utxo }) => utxo));
    const after = await viewOf(on.cast.serviceProvider);
    expect(after.refundable).toEqual([]);
    expect(after.settled.filter((row) => row.txId === txId).map(({ how, asset }) => [how, asset === null])).toEqual(
      expect.arrayContaining([
        ['reclaim', true],
        ['reclaim', false],
      ]),
    );
  });

  test('reclaims everything in one transaction a script', async () => {
    const past = { reclaimAfter: tipMs() - 1 };
    for (let made = 0; made < 3; made++) await lockAt(atScript(ESCROW.hash), encodeDatum(on.datum(past)));
    await lockAt(atScript(OLDER.hash), encodeDatum(on.datum(past)));
    const { refundable } = await viewOf(on.cast.serviceProvider);
    const { done, failed } = await reclaimAll(refundable, (batch) => reclaim(batch.map(({ utxo }) => utxo)));
    expect(failed).toEqual([]);
    expect(done.map(({ locks }) => locks.length)).toEqual([3, 1]);
    expect((await viewOf(on.cast.serviceProvider)).refundable).toEqual([]);
  });
});

test('Koios gives the same view as Blockfrost, staked addresses included', async () => {
  const staked = await lockAt(atScript(ESCROW.hash, '66'.repeat(28)), encodeDatum(on.datum({ reclaimAfter: tipMs() - 1 })));
  await on.lock(on.datum());
  const koios = await openKoios({ url: `${on.devnet.url}/koios/api/v1`, network: 'devnet' });
  for (const person of [on.cast.serviceProvider, on.cast.computeProvider])
    expect(await viewOf(person, koios)).toEqual(await viewOf(person));
  expect((await viewOf(on.cast.serviceProvider, koios)).refundable).toMatchObject([{ utxo: staked, staked: true }]);
  await reclaim([staked]);
});

describe('a view cannot', () => {
  test('hold anybody else’s locks', async () => {
    await on.lock(on.datum());
    expect(await viewOf(newPerson())).toMatchObject({ locked: [], refundable: [], claimable: [], settled: [], unread: [] });
  });

  test('be empty because the source failed, at any of its questions', async () => {
    const failing = () => Promise.reject(new Error('down'));
    for (const question of ['utxos', 'tip', 'rawTransaction', 'history', 'scriptUtxos', 'transaction'] as const)
      await expect(viewOf(on.cast.serviceProvider, { ...chain, [question]: failing })).rejects.toThrow('down');
  });

  test('hide that staked addresses or an older history were not read', async () => {
    const heaped = () => Promise.reject(new NunetError('chain-unavailable', 'it holds more than 20000 outputs'));
    for (const scriptUtxos of [async () => null, heaped]) {
      const { unread } = await viewOf(on.cast.serviceProvider, { ...chain, scriptUtxos });
      expect(unread).toEqual([ESCROW, OLDER].map(({ hash }) => expect.stringContaining(`under staked addresses of escrow ${hash}`)));
    }
    const silent = { ...chain, scriptUtxos: async () => [] };
    expect((await viewOf(on.cast.serviceProvider, silent)).unread).toEqual([expect.stringContaining(ESCROW.hash)]);
    const short = await readLedgerView(chain, { escrows }, on.cast.serviceProvider.address, { history: 2 });
    expect(short.unread).toEqual([expect.stringContaining('Only the newest 2 transactions of')]);
  });

  test('be blinded by whoever heaps outputs onto the escrow: one’s own locks are found in one’s own transactions', async () => {
    const { utxo } = await on.lock(on.datum());
    const { utxo: past } = await on.lock(on.datum({ reclaimAfter: tipMs() + 1_000 }));
    on.devnet.ledger.advance({ slots: 2, blocks: 1 });
    const seen = await viewOf(on.cast.serviceProvider);
    const heaped = () => Promise.reject(new NunetError('chain-unavailable', 'it holds more than 20000 outputs'));
    const { locked, refundable, settled, unread } = await viewOf(on.cast.serviceProvider, { ...chain, utxos: heaped, scriptUtxos: heaped });
    const byName = (locks: { utxo: Utxo }[]): string[] => locks.map((lock) => referenceText(lock.utxo.reference)).sort();
    expect([byName(locked), byName(refundable)]).toEqual([byName(seen.locked), byName(seen.refundable)]);
    expect(byName(locked)).toContain(referenceText(utxo.reference));
    expect(byName(refundable)).toContain(referenceText(past.reference));
    expect(settled).toEqual(seen.settled);
    expect(unread).toEqual(
      [ESCROW, OLDER].map(({ hash }) => expect.stringMatching(new RegExp(`${hash} could not be listed.*20000 outputs`))),
    );
    await reclaim([past]);
  });

  test('take an escrow’s script from where another one is parked', async () => {
    const wrong = { scriptHash: OLDER.hash, referenceScript: escrows[0]?.referenceScript ?? null };
    await expect(readParkedScript(chain, wrong)).rejects.toMatchObject({ code: 'script-missing' });
  });
});
