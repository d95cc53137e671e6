// The history of accounts on a real ledger: payments both ways, a job's lock and its ends, a script that failed.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Source } from '@nunet/contracts/chain/chain.ts';
import { buildPayment } from '@nunet/contracts/payment.ts';
import { buildReclaim } from '@nunet/contracts/reclaim.ts';
import { AMOUNT, startRehearsal, type Rehearsal } from '@nunet/contracts/rehearsal.ts';
import { ESCROW } from '@nunet/contracts/script.ts';
import { buildSettle } from '@nunet/contracts/settle.ts';
import { newPerson, type Person } from '@nunet/contracts/thefts/cast.ts';
import { assetUnit } from '@nunet/contracts/value.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { emptyDatabase } from '../runner/sample-database.ts';
import { historyPage, wholeHistory, type HistoryParts } from './history.ts';

const ADA = 1_000_000n;
let on: Rehearsal;

beforeAll(async () => {
  on = await startRehearsal();
}, 120_000);
afterAll(() => on.stop());

async function partsOf(person: Person, chain: Source = on.chain, database?: HistoryParts['database']): Promise<HistoryParts> {
  return {
    chain,
    database: database ?? (await emptyDatabase()).database,
    key: person.address,
    ground: () => ({
      address: person.address,
      escrows: new Set([ESCROW.hash]),
      tokenOf: (asset) => ({ unit: assetUnit(asset), label: 'tNTX', quantity: asset.quantity, decimals: 6 }),
    }),
    signal: new AbortController().signal,
  };
}
const newest = async (person: Person) => (await historyPage(await partsOf(person), person.address, null)).entries[0];

async function pay(from: Person, to: string, lovelace: bigint, memo = ''): Promise<{ txId: string; fee: bigint }> {
  const built = await buildPayment({
    to,
    what: { kind: 'amount', lovelace, assets: [] },
    memo,
    payer: await on.payer(from),
    parameters: on.parameters,
    validUntilSlot: (await on.chain.tip()).slot + 7_200,
  });
  return on.send(built, [from.secret]);
}

describe('a payment', () => {
  test('is seen from both ends', async () => {
    const [from, to] = [newPerson(), newPerson()];
    await on.fund(from, 20n * ADA);
    const { txId, fee } = await pay(from, to.address, 7n * ADA, 'hola\n\u202eevil');
    expect(await newest(from)).toMatchObject({
      txId,
      kind: 'sent',
      lovelace: -7n * ADA - fee,
      feeLovelace: fee,
      counterparties: [to.address],
      memo: 'hola\n\ufffdevil',
      tokens: [],
      confirmations: 0,
    });
    expect(await newest(to)).toMatchObject({ txId, kind: 'received', lovelace: 7n * ADA, feeLovelace: 0n, counterparties: [from.address] });
  });

  test('to oneself costs the fee', async () => {
    const person = newPerson();
    await on.fund(person, 20n * ADA);
    const { fee } = await pay(person, person.address, 5n * ADA);
    expect(await newest(person)).toMatchObject({ kind: 'own', lovelace: -fee, feeLovelace: fee, counterparties: [] });
  });
});

describe('a job', () => {
  test('is locked, settled, and seen by both parties', async () => {
    const { serviceProvider, computeProvider } = on.cast;
    const { utxo, sent } = await on.lock(on.datum());
    const locked = await newest(serviceProvider);
    expect(locked).toMatchObject({ kind: 'lock', txId: sent.txId, feeLovelace: sent.fee, tokens: [{ quantity: -AMOUNT }] });
    const paid = AMOUNT / 4n;
    const settled = await on.send(
      await buildSettle({
        locks: [{ by: 'oracles', utxo, paid, signatures: on.attest(utxo, paid) }],
        payer: await on.payer(on.operator),
        parameters: on.parameters,
        run: await on.run(on.operator),
      }),
      [on.operator.secret],
    );
    expect(await newest(computeProvider)).toMatchObject({
      kind: 'settle',
      txId: settled.txId,
      tokens: [{ quantity: paid }],
      feeLovelace: 0n,
    });
    expect(await newest(serviceProvider)).toMatchObject({ kind: 'settle', txId: settled.txId, tokens: [{ quantity: AMOUNT - paid }] });
  });

  test('that both ended by agreement counts as settled, one that was taken back as reclaimed', async () => {
    const { serviceProvider } = on.cast;
    const { utxo } = await on.lock(on.datum());
    const ground = async () => ({
      payer: await on.payer(serviceProvider),
      parameters: on.parameters,
      run: await on.run(serviceProvider),
    });
    await on.send(await buildSettle({ locks: [{ by: 'agreement', utxo, agreement: on.agree(utxo, 1n) }], ...(await ground()) }), [
      serviceProvider.secret,
    ]);
    expect(await newest(serviceProvider)).toMatchObject({ kind: 'settle', tokens: [{ quantity: AMOUNT - 1n }] });
    const reclaimAfter = Date.now() + 1_000;
    const { utxo: late } = await on.lock(on.datum({ reclaimAfter }));
    await sleep(reclaimAfter + 1_000 - Date.now());
    const { slotConfig } = on.chain;
    await on.send(await buildReclaim({ locks: [late], slotConfig, ...(await ground()) }, Date.now()), [serviceProvider.secret]);
    expect(await newest(serviceProvider)).toMatchObject({ kind: 'reclaim', tokens: [{ quantity: AMOUNT }] });
  });
});

describe('pages', () => {
  test('go on from where they were, and are kept once they are deep', async () => {
    const person = newPerson();
    for (let payment = 0; payment < 25; payment++) await on.fund(person, 2n * ADA + BigInt(payment));
    // Enough blocks on top of the first ones.
    for (let block = 0; block < 20; block++) on.devnet.ledger.makeBlock();
    let asked = 0;
    const counted: Source = {
      ...on.chain,
      rawTransaction: (txId, signal) => {
        asked += 1;
        return on.chain.rawTransaction(txId, signal);
      },
    };
    const parts = await partsOf(person, counted);
    const first = await historyPage(parts, person.address, null);
    expect(first.entries.map(({ lovelace }) => lovelace)).toEqual(Array.from({ length: 20 }, (_, index) => 2n * ADA + BigInt(24 - index)));
    const second = await historyPage(parts, person.address, first.next);
    expect(second.entries.map(({ lovelace }) => lovelace)).toEqual([4n, 3n, 2n, 1n, 0n].map((more) => 2n * ADA + more));
    expect(second.next).toBeNull();
    asked = 0;
    const again = await historyPage(parts, person.address, first.next);
    expect(asked).toBe(0);
    expect(again).toEqual(second);
    const { entries, isWhole } = await wholeHistory(parts, person.address);
    expect(entries).toHaveLength(25);
    expect(isWhole).toBe(true);
  });

  test('a place that is gone is said to be gone', async () => {
    const person = newPerson();
    await on.fund(person, 2n * ADA);
    const parts = await partsOf(person);
    await expect(historyPage(parts, person.address, '77'.repeat(32))).rejects.toMatchObject({ code: 'history-changed' });
    expect((await historyPage(parts, newPerson().address, null)).entries).toEqual([]);
  });

  test('cannot be empty because the source fails', async () => {
    const person = newPerson();
    await on.fund(person, 2n * ADA);
    const no = () => Promise.reject(new NunetError('chain-unavailable', 'no answer'));
    for (const broken of [{ history: no }, { rawTransaction: no }, { transaction: no }, { tip: no }])
      await expect(historyPage(await partsOf(person, { ...on.chain, ...broken }), person.address, null)).rejects.toMatchObject({
        code: 'chain-unavailable',
      });
  });

  test('an entry of another shape in the store is read from the chain again', async () => {
    const person = newPerson();
    await on.fund(person, 2n * ADA);
    const parts = await partsOf(person);
    const [real] = (await historyPage(parts, person.address, null)).entries;
    await parts.database.put('history', { facts: { txId: 'forged' } }, [person.address, real?.txId ?? '']);
    expect((await historyPage(parts, person.address, null)).entries[0]).toEqual(real);
  });
});
