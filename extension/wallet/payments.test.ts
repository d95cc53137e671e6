// Which outputs a payment is built on, over any wallet: never the collateral, never what is promised to somebody else.
import { bytesToHex } from '@noble/hashes/utils.js';
import type { Source, Utxo } from '@nunet/contracts/chain/chain.ts';
import { readTransactionHex } from '@nunet/contracts/chain/transaction.ts';
import { PARAMETERS } from '@nunet/contracts/devnet/parameters.ts';
import { buildPayment as buildWithMesh } from '@nunet/contracts/payment.ts';
import { newPerson } from '@nunet/contracts/thefts/cast.ts';
import { difference } from '@nunet/contracts/value.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { referenceText } from '@nunet/shared/fields.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildCollateral, buildPayment, type PaymentGround } from './payments.ts';

const own = newPerson().address;
const to = newPerson().address;
const ADA = 1_000_000n;
const TOKEN = { policyId: 'aa'.repeat(28), assetName: '00' };

/** An output with who has it: nobody, a job, or the collateral. */
const held = fc
  .record({
    id: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    lovelace: fc.oneof(fc.constant(5n * ADA), fc.bigInt({ min: 2n * ADA, max: 30n * ADA })),
    tokens: fc.bigInt({ min: 0n, max: 5n }),
    by: fc.constantFrom('nobody', 'nobody', 'a job', 'collateral'),
  })
  .map(({ id, lovelace, tokens, by }) => {
    const assets = tokens === 0n ? [] : [{ ...TOKEN, quantity: tokens }];
    const utxo: Utxo = { reference: { txId: bytesToHex(id), index: 0 }, address: own, lovelace, assets };
    return { utxo, by };
  });

function groundOf(outputs: readonly { utxo: Utxo; by: string }[]): PaymentGround {
  const utxos = outputs.map(({ utxo }) => utxo);
  const chain = {
    slotConfig: { zeroTimeMs: 0, zeroSlot: 0, slotLengthMs: 1_000 },
    utxos: async () => utxos,
    parameters: async () => PARAMETERS,
    tip: async () => ({ slot: 1, height: 1, hash: '', timeMs: 1_000 }),
  } as unknown as Source;
  const promised = outputs.filter(({ by }) => by === 'a job').map(({ utxo }) => utxo);
  return {
    link: { address: own, chain, signal: new AbortController().signal },
    transactions: { pay: buildWithMesh },
    inputs: { free: (_, all) => all.filter((utxo) => !promised.includes(utxo)) },
    known: { own: [own], contacts: [] },
    apart: outputs.find(({ by }) => by === 'collateral')?.utxo.reference ?? null,
  };
}

const NORMAL = new Set(['funds-insufficient', 'funds-pending', 'amount-too-small']);

test('spends neither the collateral nor what is promised, loses nothing, and gives the change back', async () => {
  let built = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(held, { minLength: 1, maxLength: 7, selector: ({ utxo }) => utxo.reference.txId }),
      fc.bigInt({ min: ADA, max: 50n * ADA }),
      fc.bigInt({ min: 0n, max: 6n }),
      fc.boolean(),
      async (outputs, lovelace, tokens, isAll) => {
        const ground = groundOf(outputs);
        const request = { type: 'build-payment', to, lovelace, isAll, memo: '' } as const;
        let payment: Awaited<ReturnType<typeof buildPayment>>;
        try {
          payment = await buildPayment(ground, { ...request, tokens: tokens === 0n ? [] : [{ ...TOKEN, quantity: tokens }] });
        } catch (error) {
          expect(NORMAL).toContain((error as NunetError).code);
          return;
        }
        built += 1;
        const transaction = readTransactionHex(payment.cbor);
        const first = ground.apart === null ? '' : referenceText(ground.apart);
        const spent = transaction.inputs.map((input) => outputs.find(({ utxo }) => utxo.reference.txId === input.txId));
        for (const one of spent) {
          expect(one?.by).not.toBe('a job');
          expect(one === undefined ? '' : referenceText(one.utxo.reference)).not.toBe(first);
        }
        const inAll = spent.flatMap((one) => one?.utxo ?? []);
        expect(difference(inAll, [...transaction.outputs, { lovelace: payment.fee, assets: [] }])).toEqual({ lovelace: 0n, assets: [] });
        expect(transaction.outputs.filter(({ address }) => address !== to && address !== own)).toEqual([]);
        expect(transaction.outputs.filter(({ address }) => address === to).reduce((sum, output) => sum + output.lovelace, 0n)).toBe(
          payment.lovelace,
        );
        if (!isAll) expect(payment.lovelace).toBe(lovelace);
      },
    ),
    { numRuns: 60 },
  );
  expect(built).toBeGreaterThan(10);
});

test('says to wait where the change of something else is missing, and to give the collateral back where that would do', async () => {
  const utxo = (byte: string, lovelace: bigint): Utxo => ({
    reference: { txId: byte.repeat(32), index: 0 },
    address: own,
    lovelace,
    assets: [],
  });
  const request = { type: 'build-payment' as const, to, lovelace: 8n * ADA, tokens: [], isAll: false, memo: '' };
  const waiting = groundOf([
    { utxo: utxo('01', 9n * ADA), by: 'a job' },
    { utxo: utxo('02', 6n * ADA), by: 'nobody' },
  ]);
  await expect(buildPayment(waiting, request)).rejects.toMatchObject({ code: 'funds-pending' });
  const apart = groundOf([
    { utxo: utxo('01', 5n * ADA), by: 'collateral' },
    { utxo: utxo('02', 6n * ADA), by: 'nobody' },
  ]);
  await expect(buildPayment(apart, request)).rejects.toThrow('collateral');
});

test('cannot send more outputs at once than a transaction holds, and says what to do about it', async () => {
  const dust = Array.from({ length: 500 }, (_, index) => {
    const reference = { txId: index.toString(16).padStart(64, '0'), index: 0 };
    return { utxo: { reference, address: own, lovelace: 2n * ADA, assets: [] }, by: 'nobody' };
  });
  const request = { type: 'build-payment' as const, to, lovelace: null, tokens: [], isAll: true, memo: '' };
  const refusal = buildPayment(groundOf(dust), request);
  await expect(refusal).rejects.toMatchObject({ code: 'transaction-too-big' });
  await expect(refusal).rejects.toThrow('pay a smaller amount to yourself first');
  const payment = await buildPayment(groundOf(dust), { ...request, isAll: false, to: own, lovelace: 500n * ADA });
  expect(readTransactionHex(payment.cbor).inputs.length).toBeGreaterThan(249);
});

test('collateral is an output of five ADA that is free, else one is made', async () => {
  const five: Utxo = { reference: { txId: '05'.repeat(32), index: 0 }, address: own, lovelace: 5n * ADA, assets: [] };
  const large: Utxo = { reference: { txId: '06'.repeat(32), index: 0 }, address: own, lovelace: 50n * ADA, assets: [] };
  expect(await buildCollateral(groundOf([{ utxo: five, by: 'nobody' }]))).toEqual({ reference: five.reference, payment: null });
  const made = await buildCollateral(
    groundOf([
      { utxo: five, by: 'a job' },
      { utxo: large, by: 'nobody' },
    ]),
  );
  const transaction = readTransactionHex(made.payment?.cbor ?? '');
  expect(made.reference).toEqual({ txId: transaction.id, index: 0 });
  expect(transaction.outputs[0]).toMatchObject({ address: own, lovelace: 5n * ADA, assets: [] });
  const tokens: Utxo = { ...five, assets: [{ ...TOKEN, quantity: 1n }] };
  expect(
    (
      await buildCollateral(
        groundOf([
          { utxo: tokens, by: 'nobody' },
          { utxo: large, by: 'nobody' },
        ]),
      )
    ).payment,
  ).not.toBeNull();
});
