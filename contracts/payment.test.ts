// Payments on a real ledger, and the rules of balance over any wallet: nothing is made, nothing is lost, and only the recipient gains.
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { ed25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BuiltTransaction } from './balance.ts';
import type { AssetQuantity, Utxo } from './chain/chain.ts';
import { readTransactionHex } from './chain/transaction.ts';
import { paymentKey, signedPayment } from './devnet/payment.ts';
import { PARAMETERS } from './devnet/parameters.ts';
import { memoOf } from './memo.ts';
import { buildPayment } from './payment.ts';
import type { PaymentRequest } from './payment-order.ts';
import { AMOUNT, startRehearsal, type Rehearsal } from './rehearsal.ts';
import { ESCROW_ADDRESS } from './script.ts';
import { buildSettle } from './settle.ts';
import { newPerson, type Person } from './thefts/cast.ts';
import { assetUnit, difference, leastLovelace, quantityOf } from './value.ts';

const ADA = 1_000_000n;
let on: Rehearsal;

beforeAll(async () => {
  on = await startRehearsal();
}, 120_000);
afterAll(() => on.stop());

const untilSlot = async (): Promise<number> => (await on.chain.tip()).slot + 3_600;
const ofAda = (lovelace: bigint | null, assets: AssetQuantity[] = []): PaymentRequest['what'] => ({ kind: 'amount', lovelace, assets });

async function order(from: Person, to: string, what: PaymentRequest['what'], memo = ''): Promise<PaymentRequest> {
  return { to, what, memo, payer: await on.payer(from), parameters: on.parameters, validUntilSlot: await untilSlot() };
}
const pay = async (
  from: Person,
  to: string,
  what: PaymentRequest['what'],
  memo = '',
): Promise<{ built: BuiltTransaction; txId: string }> => {
  const built = await buildPayment(await order(from, to, what, memo));
  const { txId } = await on.send(built, [from.secret]);
  return { built, txId };
};
const held = async ({ address }: Person) => difference(await on.chain.utxos(address), []);

async function funded(...lovelace: bigint[]): Promise<Person> {
  const person = newPerson();
  for (const one of lovelace) await on.fund(person, one);
  return person;
}

/** Mints these tokens to a person, some in each output, under as many policies. */
async function mintTo(person: Person, names: string[], perOutput: number): Promise<void> {
  const outputs = Math.ceil(names.length / perOutput);
  for (let at = 0; at < outputs; at++) {
    const key = paymentKey(ed25519.utils.randomSecretKey());
    const lovelace = 500n * ADA;
    await on.fund({ ...person, address: key.address }, lovelace);
    const inputs = (await on.chain.utxos(key.address)).map(({ reference }) => reference);
    const assets = names
      .slice(at * perOutput, (at + 1) * perOutput)
      .map((name) => ({ policyId: key.policyId, assetName: bytesToHex(utf8ToBytes(name)), quantity: 1_000n }));
    const made = { address: person.address, lovelace: 0n, assets };
    made.lovelace = leastLovelace(made, PARAMETERS.coinsPerUtxoByte);
    const { cbor } = signedPayment(key, { inputs, available: lovelace, outputs: [made], mint: assets });
    await on.chain.submit(bytesToHex(cbor));
    on.devnet.ledger.makeBlock();
  }
}

describe('on a ledger', () => {
  test('pays ADA, and all that is left comes back', async () => {
    const from = await funded(20n * ADA);
    const to = newPerson();
    const { built } = await pay(from, to.address, ofAda(7n * ADA));
    expect((await held(to)).lovelace).toBe(7n * ADA);
    expect((await held(from)).lovelace).toBe(13n * ADA - built.fee);
    expect(built.fee).toBeLessThan(172_000n);
  });

  test('pays tokens with the least ADA that they need', async () => {
    const from = newPerson();
    await on.fund(from, 30n * ADA, 9_000_000n);
    const to = newPerson();
    const asset = { ...on.devnet.asset, quantity: 4_000_000n };
    await pay(from, to.address, ofAda(null, [asset]));
    const got = await held(to);
    expect(quantityOf(got, asset)).toBe(4_000_000n);
    expect(got.lovelace).toBe(leastLovelace({ address: to.address, lovelace: 0n, assets: [asset] }, PARAMETERS.coinsPerUtxoByte));
    expect(quantityOf(await held(from), asset)).toBe(5_000_000n);
  });

  test('carries a message that everybody can read, in lines of 64 bytes', async () => {
    const from = await funded(20n * ADA);
    const memo = `gracias por el cómputo\n${'ñandú '.repeat(20)}`;
    const { txId } = await pay(from, newPerson().address, ofAda(2n * ADA), memo);
    const made = await on.chain.rawTransaction(txId);
    const read = memoOf(made?.metadata ?? []);
    expect(read?.replaceAll('\n', '')).toBe(memo.replaceAll('\n', ''));
    for (const line of read?.split('\n') ?? []) expect(utf8ToBytes(line).length).toBeLessThanOrEqual(64);
  });

  test('carries no auxiliary data where there is no message', async () => {
    const built = await buildPayment(await order(await funded(20n * ADA), newPerson().address, ofAda(2n * ADA), '  \n '));
    expect(built.cbor.endsWith('f5f6')).toBe(true);
    expect(readTransactionHex(built.cbor).metadata).toEqual([]);
  });

  test('sends everything, to the last lovelace', async () => {
    const from = newPerson();
    await on.fund(from, 30n * ADA, 9_000_000n);
    await on.fund(from, 3n * ADA);
    const to = newPerson();
    const { built } = await pay(from, to.address, { kind: 'everything' });
    expect(await held(from)).toEqual({ lovelace: 0n, assets: [] });
    const got = await held(to);
    expect(got.lovelace).toBe(33n * ADA - built.fee);
    expect(quantityOf(got, on.devnet.asset)).toBe(9_000_000n);
  });

  test('pays exactly what the wallet has less the fee, and not one lovelace more', async () => {
    const from = await funded(10n * ADA);
    const to = newPerson();
    const { fee } = await buildPayment(await order(from, to.address, { kind: 'everything' }));
    await expect(buildPayment(await order(from, to.address, ofAda(10n * ADA - fee + 1n)))).rejects.toMatchObject({
      code: 'funds-insufficient',
    });
    const { built } = await pay(from, to.address, ofAda(10n * ADA - fee));
    expect(built.outputs).toHaveLength(1);
    expect(await held(from)).toEqual({ lovelace: 0n, assets: [] });
  });

  test('a wallet with 300 tokens pays a little ADA: its change is spread over outputs that the ledger takes', async () => {
    const from = newPerson();
    await on.fund(from, 60n * ADA);
    await mintTo(
      from,
      Array.from({ length: 300 }, (_, index) => `a token with a long name ${String(index).padStart(3, '0')}`),
      100,
    );
    const before = await held(from);
    expect(before.assets).toHaveLength(300);
    const to = newPerson();
    await pay(from, to.address, ofAda(55n * ADA));
    expect((await held(to)).assets).toEqual([]);
    const after = await held(from);
    expect(after.assets).toHaveLength(300);
    // And all of it at once to somebody else.
    await pay(from, to.address, { kind: 'everything' });
    expect((await held(to)).assets).toHaveLength(300);
    expect(await held(from)).toEqual({ lovelace: 0n, assets: [] });
  });

  test('dust alone pays as well', async () => {
    const from = await funded(...Array.from({ length: 12 }, () => ADA));
    const to = newPerson();
    await pay(from, to.address, ofAda(5n * ADA));
    expect((await held(to)).lovelace).toBe(5n * ADA);
  });

  test('what came back of a settled job pays on, datum and all', async () => {
    const { serviceProvider } = on.cast;
    const { utxo } = await on.lock(on.datum());
    await on.send(
      await buildSettle({
        locks: [{ by: 'oracles', utxo, paid: 1n, signatures: on.attest(utxo, 1n) }],
        payer: await on.payer(on.operator),
        parameters: on.parameters,
        run: await on.run(on.operator),
      }),
      [on.operator.secret],
    );
    const refund = (await on.chain.utxos(serviceProvider.address)).filter(({ inlineDatum }) => inlineDatum !== undefined);
    expect(refund).toMatchObject([{ assets: [{ quantity: AMOUNT - 1n }] }]);
    const to = newPerson();
    const payer = { utxos: refund, changeAddress: serviceProvider.address };
    const request: PaymentRequest = { ...(await order(serviceProvider, to.address, { kind: 'everything' })), payer };
    await on.send(await buildPayment(request), [serviceProvider.secret]);
    expect(quantityOf(await held(to), on.devnet.asset)).toBe(AMOUNT - 1n);
  });

  test('pays the own address', async () => {
    const from = await funded(20n * ADA);
    const { built } = await pay(from, from.address, ofAda(5n * ADA));
    expect((await held(from)).lovelace).toBe(20n * ADA - built.fee);
  });
});

describe('orders that are refused', () => {
  const refusal = async (to: string, what: PaymentRequest['what'], memo = ''): Promise<string> => {
    const request = await order(on.cast.serviceProvider, to, what, memo);
    return buildPayment(request).then(
      () => 'built',
      (error: unknown) => (error as { code: string }).code,
    );
  };
  const to = newPerson().address;

  test('cannot pay a script, which would keep it', async () => {
    expect(await refusal(ESCROW_ADDRESS, ofAda(5n * ADA))).toBe('address-of-script');
    expect(await refusal(ESCROW_ADDRESS, { kind: 'everything' })).toBe('address-of-script');
  });
  test('cannot pay nothing, less than nothing, or more than the ledger counts', async () => {
    const asset = on.devnet.asset;
    for (const what of [
      ofAda(0n),
      ofAda(-1n),
      ofAda(1n << 63n),
      ofAda(null),
      ofAda(2n * ADA, [{ ...asset, quantity: 0n }]),
      ofAda(2n * ADA, [
        { ...asset, quantity: 1n },
        { ...asset, quantity: 1n },
      ]),
    ])
      expect(await refusal(to, what)).toBe('amount-invalid');
  });
  test('cannot pay less than an output has to hold', async () => {
    expect(await refusal(to, ofAda(900_000n))).toBe('amount-too-small');
    expect(await refusal(to, ofAda(1_000_000n, [{ ...on.devnet.asset, quantity: 1n }]))).toBe('amount-too-small');
  });
  test('cannot pay a token that the wallet does not hold', async () => {
    expect(await refusal(to, ofAda(2n * ADA, [{ policyId: 'ab'.repeat(28), assetName: '', quantity: 1n }]))).toBe('funds-insufficient');
  });
  test('cannot write a message that is longer than a wallet writes, or not text', async () => {
    expect(await refusal(to, ofAda(2n * ADA), 'x'.repeat(513))).toBe('memo-invalid');
    expect(await refusal(to, ofAda(2n * ADA), '\ud800')).toBe('memo-invalid');
  });
  test('cannot send everything out of an empty wallet', async () => {
    const request = await order(newPerson(), to, { kind: 'everything' });
    await expect(buildPayment(request)).rejects.toMatchObject({ code: 'funds-insufficient' });
  });
});

describe('any wallet', () => {
  const own = newPerson().address;
  const recipient = newPerson().address;
  const asset = fc.record({
    policyId: fc.constantFrom('aa'.repeat(28), 'bb'.repeat(28), 'cc'.repeat(28)),
    assetName: fc.constantFrom('', '00', '616263', 'ff'.repeat(32)),
    quantity: fc.bigInt({ min: 1n, max: 1n << 40n }),
  });
  const utxo = fc
    .record({
      txId: fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytesToHex),
      lovelace: fc.bigInt({ min: 1_200_000n, max: 40n * ADA }),
      assets: fc.uniqueArray(asset, { maxLength: 4, selector: assetUnit }),
      isScript: fc.boolean(),
    })
    .map(({ txId, isScript, lovelace, assets }): Utxo => ({
      reference: { txId, index: 0 },
      address: own,
      lovelace: lovelace + BigInt(assets.length) * 300_000n,
      assets,
      ...(isScript ? { referenceScriptHash: '11'.repeat(28) } : { inlineDatum: '00' }),
    }));
  const wallet = fc.uniqueArray(utxo, { minLength: 1, maxLength: 8, selector: ({ reference }) => reference.txId });
  const what = fc.oneof(
    fc.constant<PaymentRequest['what']>({ kind: 'everything' }),
    fc
      .record({ lovelace: fc.bigInt({ min: ADA, max: 60n * ADA }), assets: fc.uniqueArray(asset, { maxLength: 2, selector: assetUnit }) })
      .map((fields): PaymentRequest['what'] => ({ kind: 'amount', ...fields })),
  );
  const NORMAL = new Set(['funds-insufficient', 'amount-too-small']);

  test('gets out what goes in less the fee, spends no reference script, and gives the change back to itself', async () => {
    let built = 0;
    await fc.assert(
      fc.asyncProperty(wallet, what, fc.constantFrom('', 'thanks'), async (utxos, order, memo) => {
        const payer = { utxos, changeAddress: own };
        const request: PaymentRequest = { to: recipient, what: order, memo, payer, parameters: PARAMETERS, validUntilSlot: 1_000 };
        let made: BuiltTransaction;
        try {
          made = await buildPayment(request);
        } catch (error) {
          expect(NORMAL).toContain((error as { code: string }).code);
          return;
        }
        built += 1;
        const transaction = readTransactionHex(made.cbor);
        const spent = transaction.inputs.map(({ txId }) => utxos.find(({ reference }) => reference.txId === txId));
        expect(spent.every((one) => one !== undefined && one.referenceScriptHash === undefined)).toBe(true);
        const paid = difference(
          transaction.outputs.filter(({ address }) => address === recipient),
          [],
        );
        const inAll = difference(
          spent.flatMap((one) => one ?? []),
          [...transaction.outputs, { lovelace: transaction.fee, assets: [] }],
        );
        expect(inAll).toEqual({ lovelace: 0n, assets: [] });
        expect(transaction.outputs.every(({ address }) => address === recipient || address === own)).toBe(true);
        for (const output of transaction.outputs) {
          const { raw: _, referenceScript: __, ...plain } = output;
          expect(output.lovelace).toBeGreaterThanOrEqual(leastLovelace(plain, PARAMETERS.coinsPerUtxoByte));
        }
        if (order.kind === 'amount') {
          expect(paid.lovelace).toBe(order.lovelace);
          expect(difference([paid], [{ lovelace: paid.lovelace, assets: order.assets }]).assets).toEqual([]);
        } else expect(transaction.outputs.every(({ address }) => address === recipient)).toBe(true);
        // Neither less than the ledger wants nor much more; a signature of the one key is still to come.
        const bytes = BigInt(hexToBytes(made.cbor).length + 106);
        const least = bytes * PARAMETERS.minFeeA + PARAMETERS.minFeeB;
        expect(made.fee).toBeGreaterThanOrEqual(least);
        expect(made.fee - least).toBeLessThan(10_000n);
      }),
      { numRuns: 60 },
    );
    expect(built).toBeGreaterThan(10);
  });
});
