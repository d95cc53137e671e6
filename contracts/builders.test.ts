// The builders against the devnet: what they make is accepted, costs what it should, and the money adds up.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { balance } from './balance.ts';
import type { Utxo } from './chain/chain.ts';
import { readTransactionHex } from './chain/transaction.ts';
import { findParked } from './deploy.ts';
import { leastPayoutLovelace, lockLovelace } from './lock-output.ts';
import { buildLock } from './lock.ts';
import { readLock, readLocks } from './locks.ts';
import { encodePlutusData } from './plutus-data.ts';
import { buildReclaim } from './reclaim.ts';
import { payoutTag } from './redeemer.ts';
import { agreementProblem, type Agreement } from '@nunet/shared/agreement.ts';
import type { EscrowDatum } from '@nunet/shared/lock.ts';
import type { Decision } from './payouts.ts';
import { AMOUNT, startRehearsal, type Rehearsal } from './rehearsal.ts';
import { ESCROW, ESCROW_ADDRESS, PARKING_ADDRESS } from './script.ts';
import { readSpend } from './read-spend.ts';
import { buildMixed, buildSettle } from './settle.ts';
import { signTransaction, transactionId } from './sign.ts';
import { newPerson } from './thefts/cast.ts';
import { difference, quantityOf } from './value.ts';

let on: Rehearsal;
beforeAll(async () => {
  on = await startRehearsal();
}, 120_000);
afterAll(() => on.stop());

const settle = async (locks: { utxo: Utxo; paid: bigint }[]) => {
  const built = await buildSettle({
    locks: locks.map(({ utxo, paid }) => ({ by: 'oracles' as const, utxo, paid, signatures: on.attest(utxo, paid) })),
    payer: await on.payer(on.operator),
    parameters: on.parameters,
    run: await on.run(on.operator),
  });
  return { built, sent: await on.send(built, [on.operator.secret]) };
};
const holdings = async (address: string) => difference(await on.chain.utxos(address), []);
const ntx = async (address: string): Promise<bigint> => quantityOf(await holdings(address), on.devnet.asset);

describe('deploy', () => {
  test('parks the script where it is found and nobody can take it', async () => {
    const parked = await findParked(on.chain);
    expect(parked).toMatchObject({ address: PARKING_ADDRESS, referenceScriptHash: ESCROW.hash });
  });
});

describe('lock', () => {
  test('costs less than 190,000 lovelace and reads back as it was ordered', async () => {
    const datum = on.datum();
    const { utxo, sent } = await on.lock(datum);
    expect(sent.fee).toBeLessThan(190_000n);
    const read = await readLock(on.chain, utxo.reference);
    expect(read).toEqual({
      spentBy: null,
      lock: {
        reference: utxo.reference,
        scriptHash: ESCROW.hash,
        staked: false,
        datum,
        amountBaseUnits: AMOUNT,
        lovelace: lockLovelace(datum, AMOUNT, on.parameters),
        foreignAssets: false,
        referenceScript: false,
        confirmations: 0,
      },
    });
  });

  test('pays exactly the fee that the ledger wants', async () => {
    const built = await buildLock(
      {
        datum: on.datum(),
        amountBaseUnits: AMOUNT,
        payer: await on.payer(on.cast.serviceProvider),
        parameters: on.parameters,
        slotConfig: on.chain.slotConfig,
        expiresAt: Date.now() + 60_000,
      },
      Date.now(),
    );
    const bytes = signTransaction(built.cbor, [on.cast.serviceProvider.secret]).length / 2;
    expect(built.fee).toBe(BigInt(bytes) * on.parameters.minFeeA + on.parameters.minFeeB);
  });

  test('is invalid once the quote has expired', async () => {
    const now = Date.now();
    const order = {
      datum: on.datum(),
      amountBaseUnits: AMOUNT,
      payer: await on.payer(on.cast.serviceProvider),
      parameters: on.parameters,
      slotConfig: on.chain.slotConfig,
      expiresAt: on.devnet.ledger.blockTimeMs(on.devnet.ledger.tip) + 90_000,
    };
    await expect(buildLock(order, order.expiresAt)).rejects.toMatchObject({ code: 'quote-expired' });
    const built = await buildLock(order, now);
    on.devnet.ledger.advance({ slots: 100, blocks: 1 });
    await expect(on.chain.submit(signTransaction(built.cbor, [on.cast.serviceProvider.secret]))).rejects.toMatchObject({
      code: 'chain-rejected',
    });
  });

  test.each<[string, Partial<{ amountBaseUnits: bigint; payer: 'operator' | 'nobody' }>, string]>([
    ['nothing', { amountBaseUnits: 0n }, 'amount-invalid'],
    ['tokens that the wallet lacks', { payer: 'operator' }, 'funds-insufficient'],
    ['from an empty wallet', { payer: 'nobody' }, 'funds-insufficient'],
  ])('cannot lock %s', async (_, { amountBaseUnits = AMOUNT, payer }, code) => {
    const who = payer === undefined ? on.cast.serviceProvider : payer === 'operator' ? on.operator : newPerson();
    const order = {
      datum: on.datum(),
      amountBaseUnits,
      payer: await on.payer(who),
      parameters: on.parameters,
      slotConfig: on.chain.slotConfig,
      expiresAt: Date.now() + 60_000,
    };
    await expect(buildLock(order, Date.now())).rejects.toMatchObject({ code });
  });

  test('never spends collateral, datums or reference scripts of the wallet', async () => {
    const { utxos, changeAddress } = await on.payer(on.cast.serviceProvider);
    const odd = utxos.map((utxo, index): Utxo =>
      index % 2 === 0 ? { ...utxo, inlineDatum: '00' } : { ...utxo, referenceScriptHash: ESCROW.hash },
    );
    const order = {
      datum: on.datum(),
      amountBaseUnits: AMOUNT,
      payer: { utxos: odd, changeAddress },
      parameters: on.parameters,
      slotConfig: on.chain.slotConfig,
      expiresAt: Date.now() + 60_000,
    };
    await expect(buildLock(order, Date.now())).rejects.toMatchObject({ code: 'funds-insufficient' });
  });
});

describe('settle', () => {
  test.each([
    ['a part', 3_000_000n],
    ['nothing (refund)', 0n],
    ['everything', AMOUNT],
    ['one base unit', 1n],
  ])('pays %s, takes the fee from the lock alone, and costs the submitter nothing', async (_, paid) => {
    const { serviceProvider, computeProvider } = on.cast;
    const { utxo } = await on.lock(on.datum());
    const before = {
      back: await holdings(serviceProvider.address),
      pay: await holdings(computeProvider.address),
      operator: await holdings(on.operator.address),
    };
    const { built, sent } = await settle([{ utxo, paid }]);
    const back = difference([await holdings(serviceProvider.address)], [before.back]);
    const pay = difference([await holdings(computeProvider.address)], [before.pay]);
    expect(await holdings(on.operator.address)).toEqual(before.operator);
    expect(quantityOf(back, on.devnet.asset)).toBe(AMOUNT - paid);
    expect(quantityOf(pay, on.devnet.asset)).toBe(paid);
    expect(pay.lovelace).toBe(
      paid === 0n ? 0n : leastPayoutLovelace(computeProvider.address, on.devnet.asset, paid, on.parameters.coinsPerUtxoByte),
    );
    expect(back.lovelace + pay.lovelace + built.fee).toBe(utxo.lovelace);
    expect(sent.fee).toBeLessThan(255_000n);
    expect(await readLock(on.chain, utxo.reference)).toMatchObject({ spentBy: sent.txId });
  });

  test('pays exactly the fee that the ledger wants', async () => {
    const { utxo } = await on.lock(on.datum());
    const { built, sent } = await settle([{ utxo, paid: 1_000_000n }]);
    const { minFeeA, minFeeB, priceMemory, priceSteps, referenceScriptFeePerByte } = on.parameters;
    const units = Math.ceil(Number(sent.memory) * priceMemory + Number(sent.steps) * priceSteps);
    expect(built.fee).toBe(
      BigInt(sent.bytes) * minFeeA + minFeeB + BigInt(units) + BigInt((ESCROW.code.length / 2) * referenceScriptFeePerByte),
    );
  });

  test('settles a batch with one payout a person, tagged with all its locks in input order', async () => {
    const other = newPerson();
    const orders: Partial<EscrowDatum>[] = [{}, { computeProvider: other.address }, {}, {}];
    const locks: { utxo: Utxo; paid: bigint }[] = [];
    for (const [index, order] of orders.entries())
      locks.push({ utxo: (await on.lock(on.datum(order))).utxo, paid: BigInt(index) * 1_000_000n });
    const before = { operator: await holdings(on.operator.address), pay: await ntx(on.cast.computeProvider.address) };
    const { built } = await settle(locks.toReversed());
    expect(built.outputs).toHaveLength(3);
    const inputs = readTransactionHex(built.cbor).inputs;
    expect(built.outputs[0]?.inlineDatum).toBe(encodePlutusData(payoutTag(inputs)));
    expect(await ntx(other.address)).toBe(1_000_000n);
    expect((await ntx(on.cast.computeProvider.address)) - before.pay).toBe(5_000_000n);
    expect(await holdings(on.operator.address)).toEqual(before.operator);
  });

  test('lets the submitter pay what settleLovelace does not cover, and gives it change', async () => {
    const { utxo } = await on.lock(on.datum({ settleLovelace: 100_000n }));
    const before = await holdings(on.operator.address);
    const { built } = await settle([{ utxo, paid: 2_000_000n }]);
    const spent = before.lovelace - (await holdings(on.operator.address)).lovelace;
    const pay = leastPayoutLovelace(on.cast.computeProvider.address, on.devnet.asset, 2_000_000n, on.parameters.coinsPerUtxoByte);
    expect(spent).toBe(built.fee + pay - 100_000n);
  });

  test('cannot be built with a signature that the script refuses', async () => {
    const { utxo } = await on.lock(on.datum());
    const order = {
      locks: [{ by: 'oracles' as const, utxo, paid: 1n, signatures: on.attest(utxo, 2n) }],
      payer: await on.payer(on.operator),
      parameters: on.parameters,
      run: await on.run(on.operator),
    };
    await expect(buildSettle(order)).rejects.toMatchObject({ code: 'chain-rejected' });
    await expect(buildSettle({ ...order, locks: [] })).rejects.toMatchObject({ code: 'locks-missing' });
    await expect(buildSettle({ ...order, locks: [{ by: 'oracles', utxo, paid: AMOUNT + 1n, signatures: [] }] })).rejects.toMatchObject({
      code: 'amount-invalid',
    });
  });

  test('uses large collateral only as far as the ledger wants it', async () => {
    const { utxo } = await on.lock(on.datum());
    const { utxos, changeAddress } = await on.payer(on.operator);
    const large = utxos.toSorted((a, b) => (a.lovelace < b.lovelace ? 1 : -1))[0];
    const run = { ...(await on.run(on.operator)), collateral: large! };
    const signatures = on.attest(utxo, 1n);
    const built = await buildSettle({
      locks: [{ by: 'oracles', utxo, paid: 1n, signatures }],
      payer: { utxos, changeAddress },
      parameters: on.parameters,
      run,
    });
    const { collateralReturn, totalCollateral } = readTransactionHex(built.cbor);
    expect(totalCollateral).toBe((built.fee * 3n + 1n) / 2n);
    expect(collateralReturn).toMatchObject({ address: on.operator.address, lovelace: large!.lovelace - totalCollateral! });
    await on.send(built, [on.operator.secret]);
  });
});

const operator = async () => ({ payer: await on.payer(on.operator), parameters: on.parameters, run: await on.run(on.operator) });
const spendOf = async (txId: string, utxo: Utxo, datum: EscrowDatum) => {
  const transaction = await on.chain.rawTransaction(txId);
  return transaction === null ? null : readSpend(transaction, { reference: utxo.reference, datum });
};

describe('agree', () => {
  test('pays what voucher and close say, takes no oracle, and shows K to whoever reads the chain', async () => {
    const secret = 'c3'.repeat(32);
    const datum = on.datum();
    const { utxo } = await on.lock(datum);
    const agreement = on.agree(utxo, 2_000_000n, secret);
    expect(agreementProblem(agreement, { reference: utxo.reference, datum, amountBaseUnits: AMOUNT })).toBeNull();
    const [before, change] = [await ntx(on.cast.computeProvider.address), await ntx(on.cast.serviceProvider.address)];
    const built = await buildSettle({ locks: [{ by: 'agreement', utxo, agreement }], ...(await operator()) });
    const { txId } = await on.send(built, [on.operator.secret]);
    expect(await ntx(on.cast.computeProvider.address)).toBe(before + 2_000_000n);
    expect(await ntx(on.cast.serviceProvider.address)).toBe(change + AMOUNT - 2_000_000n);
    expect(await spendOf(txId, utxo, datum)).toEqual({ how: 'agree', paid: 2_000_000n, secret });
  });

  test.each([
    ['another pay in the voucher', (own: Agreement, other: Agreement) => ({ ...own, voucherSignature: other.voucherSignature })],
    ['another pay in the close', (own: Agreement, other: Agreement) => ({ ...own, closeSignature: other.closeSignature })],
    ['a secret that the voucher does not name', (own: Agreement) => ({ ...own, secret: '11'.repeat(32) })],
    ['an empty secret', (own: Agreement) => ({ ...own, secret: '' })],
    ['more than is locked', (own: Agreement) => ({ ...own, paid: AMOUNT + 1n })],
  ])('cannot agree with %s: told off chain too, in the same cases as the script', async (_, spoil) => {
    const datum = on.datum();
    const { utxo } = await on.lock(datum);
    const agreement = spoil(on.agree(utxo, 2n), on.agree(utxo, 3n));
    expect(agreementProblem(agreement, { reference: utxo.reference, datum, amountBaseUnits: AMOUNT })).not.toBeNull();
    if (agreement.secret === '') return;
    const building = buildSettle({ locks: [{ by: 'agreement', utxo, agreement }], ...(await operator()) });
    await expect(building).rejects.toMatchObject({ code: agreement.paid > AMOUNT ? 'amount-invalid' : 'chain-rejected' });
  });
});

describe('many at once', () => {
  test('a sweep locks many quotes; one transaction then settles, agrees and reclaims them mixed', async () => {
    const { ledger } = on.devnet;
    const { serviceProvider } = on.cast;
    const reclaimAfter = Math.max(ledger.blockTimeMs(ledger.tip), Date.now()) + 60_000;
    const datum = on.datum({ reclaimAfter });
    const { utxos } = await on.sweep(Array.from({ length: 9 }, () => datum));
    ledger.advance({ slots: 600, blocks: 1 });
    const before = await ntx(on.cast.computeProvider.address);
    const decisions = utxos.flatMap((utxo, index): Decision[] => {
      if (index % 3 === 0) return [{ by: 'oracles', utxo, paid: 1_000_000n, signatures: on.attest(utxo, 1_000_000n) }];
      return index % 3 === 1 ? [{ by: 'agreement', utxo, agreement: on.agree(utxo, 2_000_000n) }] : [];
    });
    const payer = await on.payer(serviceProvider);
    const run = await on.run(serviceProvider);
    const { parameters, chain } = on;
    const request = { locks: decisions, reclaims: utxos.filter((_, index) => index % 3 === 2), payer, parameters, run };
    const built = await buildMixed({ ...request, slotConfig: chain.slotConfig }, ledger.blockTimeMs(ledger.tip));
    const { txId } = await on.send(built, [serviceProvider.secret]);
    expect(await ntx(on.cast.computeProvider.address)).toBe(before + 9_000_000n);
    const ends = await Promise.all(utxos.map((utxo) => spendOf(txId, utxo, datum)));
    expect(ends.map((end) => `${end?.how} ${end?.paid}`)).toEqual(
      Array.from({ length: 3 }, () => ['settle 1000000', 'agree 2000000', 'reclaim 0']).flat(),
    );
  });

  test('cannot lock one bad order among good ones', async () => {
    const datums = [on.datum(), { ...on.datum(), k: 4 }];
    await expect(on.sweep(datums)).rejects.toMatchObject({ code: 'datum-invalid' });
  });
});

describe('reclaim', () => {
  test('gives everything back less the fee, but not before its time', async () => {
    const { serviceProvider } = on.cast;
    const tipMs = on.devnet.ledger.blockTimeMs(on.devnet.ledger.tip);
    const { utxo } = await on.lock(on.datum({ reclaimAfter: tipMs + 500_500 }));
    const order = {
      locks: [utxo],
      payer: await on.payer(serviceProvider),
      parameters: on.parameters,
      slotConfig: on.chain.slotConfig,
      run: await on.run(serviceProvider),
    };
    await expect(buildReclaim(order, tipMs + 500_499)).rejects.toMatchObject({ code: 'reclaim-too-early' });
    const before = await holdings(serviceProvider.address);
    const built = await buildReclaim(order, tipMs + 501_000);
    await expect(on.send(built, [serviceProvider.secret])).rejects.toMatchObject({ code: 'chain-rejected' });
    on.devnet.ledger.advance({ slots: 510, blocks: 1 });
    await on.send(built, [serviceProvider.secret]);
    const back = difference([await holdings(serviceProvider.address)], [before]);
    expect(back).toEqual({ lovelace: utxo.lovelace - built.fee, assets: [{ ...on.devnet.asset, quantity: AMOUNT }] });
  });
});

describe('locks', () => {
  test('lists what parses and says of the rest why not', async () => {
    const { serviceProvider } = on.cast;
    const built = await balance({
      action: 'make a malformed lock',
      inputs: [],
      outputs: () => [{ address: ESCROW_ADDRESS, lovelace: 2_000_000n, assets: [], inlineDatum: encodePlutusData(0n) }],
      payer: await on.payer(serviceProvider),
      parameters: on.parameters,
    });
    await on.send(built, [serviceProvider.secret]);
    const { utxo } = await on.lock(on.datum());
    const { locks, skipped } = await readLocks(on.chain);
    expect(locks.map(({ reference }) => reference)).toContainEqual(utxo.reference);
    expect(skipped).toEqual([
      { reference: { txId: transactionId(built.cbor), index: 0 }, reason: expect.stringContaining('no constructor') },
    ]);
    expect(await readLock(on.chain, { txId: '00'.repeat(32), index: 0 })).toBeNull();
  });
});
