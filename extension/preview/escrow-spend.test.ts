// The end of a lock is called one only when its signatures and its outputs agree; written field by field, one thing apart each.
import { encodeDatum } from '@nunet/contracts/datum.ts';
import { datumOf } from '@nunet/contracts/quote-datum.ts';
import { AGREE, batchRedeemer, RECLAIM_REDEEMER } from '@nunet/contracts/redeemer.ts';
import { ESCROW_ADDRESS } from '@nunet/contracts/script.ts';
import { cborArray, cborBytes, cborInt } from '@nunet/contracts/chain/cbor.ts';
import type { Utxo } from '@nunet/contracts/chain/chain.ts';
import { closeBytes, voucherBytes } from '@nunet/shared/lock.ts';
import { sampleSigner } from '@nunet/shared/samples.ts';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Intent, TransactionPreview } from './preview.ts';
import { previewTransactions } from './preview-transactions.ts';
import * as world from './sample-world.ts';

const AMOUNT = world.quoteBody.amountBaseUnits;
const PAID = AMOUNT / 4n;
const LOVELACE = 5_000_000n;
const AGENT = world.quoteBody.computeProvider.address;
let lock: Utxo;
let othersLock: Utxo;

beforeAll(async () => {
  const body = { ...world.quoteBody, voucherKey: sampleSigner('job key').publicKey };
  const datum = datumOf(await world.signQuote(body));
  const at = (name: string, inlineDatum: string): Utxo => ({
    ...world.held(name, LOVELACE, [{ ...world.NTX, quantity: AMOUNT }], ESCROW_ADDRESS),
    inlineDatum,
  });
  lock = at('lock', encodeDatum(datum));
  othersLock = at('others lock', encodeDatum({ ...datum, serviceProvider: world.STRANGER }));
});

const redeemers = (...data: string[]) => ({
  5: cborArray(data.map((one, i) => cborArray([cborInt(0), cborInt(i), hexToBytes(one), cborArray([cborInt(1), cborInt(1)])]))),
});

async function agreeing(paid = PAID, of = lock): Promise<string> {
  const sign = async (name: string, bytes: Uint8Array): Promise<string> => bytesToHex(await sampleSigner(name).sign(bytes));
  return batchRedeemer(AGREE, [
    {
      kind: 'agreed',
      paid,
      voucherSignature: await sign('job key', voucherBytes(of.reference, paid)),
      closeSignature: await sign('close key', closeBytes(of.reference, paid)),
      secret: null,
      computeProviderOutput: 0,
      serviceProviderOutput: 1,
    },
  ]);
}

const toAgent = (quantity = PAID): world.SampleOutput => ({ address: AGENT, lovelace: 1_500_000n, assets: [{ ...world.NTX, quantity }] });
const back = (quantity = AMOUNT - PAID, lovelace = 3_300_000n): world.SampleOutput => world.change(lovelace, [{ ...world.NTX, quantity }]);

function see(redeemer: string, outputs: world.SampleOutput[], more: world.SampleTransaction = {}, of: Utxo = lock): TransactionPreview {
  const cbor = world.transactionOf({
    inputs: [of],
    outputs,
    collateral: [world.COLLATERAL],
    witnesses: redeemers(redeemer),
    validUntilMs: null,
    ...more,
    fields: { 11: cborBytes(new Uint8Array(32)), ...more.fields },
  });
  const { inputs } = world.sampleGround();
  return previewTransactions([cbor], world.sampleGround({ inputs: [...inputs, lock, othersLock] }))[0]!;
}

const UNRECOGNISED: Intent = { kind: 'unrecognised', because: 'script' };

describe('an agreement', () => {
  test('is named when what goes out is what both sides signed', async () => {
    const seen = see(await agreeing(), [toAgent(), back()]);
    expect(seen.intent).toEqual({ kind: 'agree', locks: 1, paidBaseUnits: PAID, backBaseUnits: AMOUNT - PAID });
  });

  test('cannot be named when less comes back than is signed', async () => {
    expect(see(await agreeing(), [toAgent(PAID + 1n), back(AMOUNT - PAID - 1n)]).intent).toEqual(UNRECOGNISED);
  });

  test('cannot be named when a part goes to a third', async () => {
    const third = { address: world.STRANGER, lovelace: 1_000_000n };
    expect(see(await agreeing(), [toAgent(), back(), third]).intent).toEqual(UNRECOGNISED);
  });

  test('cannot be named when the compute provider’s output holds other tokens too', async () => {
    const more = { ...toAgent(), assets: [...toAgent().assets!, { ...world.JUNK, quantity: 1n }] };
    expect(see(await agreeing(), [more, back()]).intent).toEqual(UNRECOGNISED);
  });

  test('cannot be named on signatures for another lock', async () => {
    expect(see(await agreeing(PAID, othersLock), [toAgent(), back()]).intent).toEqual(UNRECOGNISED);
  });

  test('cannot be named when something is minted, or a certificate lies beside it', async () => {
    const redeemer = await agreeing();
    expect(see(redeemer, [toAgent(), back()], { mint: [{ ...world.JUNK, quantity: 1n }] }).intent).toEqual(UNRECOGNISED);
    expect(
      see(redeemer, [toAgent(), back()], {
        certificates: [cborArray([cborInt(0), cborArray([cborInt(0), cborBytes(new Uint8Array(28))])])],
      }).intent,
    ).toEqual(UNRECOGNISED);
  });
});

describe('a reclaim', () => {
  test('is named when all of an own lock comes home', () => {
    const seen = see(RECLAIM_REDEEMER, [back(AMOUNT, 4_800_000n)]);
    expect(seen.intent).toEqual({ kind: 'reclaim', locks: 1, baseUnits: AMOUNT });
    expect(seen.effect.lovelace).toBe(4_800_000n);
  });

  test('cannot be named for somebody else’s lock', () => {
    expect(see(RECLAIM_REDEEMER, [back(AMOUNT, 4_800_000n)], {}, othersLock).intent).toEqual(UNRECOGNISED);
  });

  test('cannot be named when a part goes elsewhere, to the lock’s own compute provider too', () => {
    expect(see(RECLAIM_REDEEMER, [toAgent(1n), back(AMOUNT - 1n)]).intent).toEqual(UNRECOGNISED);
  });

  test('cannot be named with somebody’s money beside it', () => {
    const seen = see(RECLAIM_REDEEMER, [back(AMOUNT, 84_800_000n)], { inputs: [lock, world.FOREIGN] });
    expect(seen.intent).toEqual(UNRECOGNISED);
  });

  test('cannot be named without the script being told so', () => {
    expect(see(RECLAIM_REDEEMER, [back(AMOUNT, 4_800_000n)], { witnesses: {} }).intent).toEqual(UNRECOGNISED);
  });
});
