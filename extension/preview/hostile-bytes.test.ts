// Whatever bytes arrive: they are refused with a reason, or what is shown is no smaller loss than another reader and the ledger's own sum make of them.
import * as csl from '@emurgo/cardano-serialization-lib-nodejs';
import { addressBytes } from '@nunet/contracts/chain/address.ts';
import { cborArray, cborBytes, cborInt, cborMap } from '@nunet/contracts/chain/cbor.ts';
import type { Utxo } from '@nunet/contracts/chain/chain.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TransactionPreview } from './preview.ts';
import { previewTransactions } from './preview-transactions.ts';
import * as world from './sample-world.ts';

const own = cborArray([cborInt(0), cborBytes(hexToBytes(world.keyHashOf('stake')))]);
const REWARDS = world.rewardBytes(world.keyHashOf('stake'));

/** A bit of everything that a body can hold. */
const rich = world.transactionOf({
  inputs: [world.RICH, world.PLAIN, world.FOREIGN],
  outputs: [
    {
      address: world.FRIEND,
      lovelace: 70_000_000n,
      assets: [
        { ...world.NTX, quantity: 600_000_000n },
        { ...world.JUNK, quantity: 5n },
      ],
    },
    { ...world.change(120_000_000n, [{ ...world.NTX, quantity: 400_000_000n }]), inlineDatum: '182a' },
    { address: world.scriptAddress('5c'.repeat(28)), lovelace: 40_000_000n, inlineDatum: 'd87980' },
  ],
  certificates: [cborArray([cborInt(7), own, cborInt(2_000_000n)]), cborArray([cborInt(9), own, cborArray([cborInt(2)])])],
  withdrawals: [[REWARDS, 5_000_000n]],
  mint: [{ ...world.JUNK, quantity: 5n }],
  collateral: [world.COLLATERAL],
  collateralReturn: world.change(2_000_000n),
  totalCollateral: 3_000_000n,
  requiredSigners: [world.keyHashOf('payment')],
  fields: { 8: cborInt(1), 11: cborBytes(new Uint8Array(32)), 15: cborInt(0), 22: cborInt(1_000_000n) },
  witnesses: { 5: cborArray([cborArray([cborInt(0), cborInt(0), cborInt(1), cborArray([cborInt(1), cborInt(1)])])]) },
});

/** Null: refused, with a NunetError and nothing else. */
function preview(cbor: string, inputs?: Utxo[]): TransactionPreview | null {
  try {
    return previewTransactions([cbor], world.sampleGround(inputs === undefined ? {} : { inputs }))[0] ?? null;
  } catch (error) {
    expect(error).toBeInstanceOf(NunetError);
    expect((error as NunetError).code).toBe('transaction-unreadable');
    return null;
  }
}

const KNOWN = new Map(world.sampleGround().inputs.map((utxo) => [`${utxo.reference.txId}#${utxo.reference.index}`, utxo]));
const PAYMENT = world.keyHashOf('payment');

/** What another library reads of the same bytes: own outputs less own known inputs and own rewards, in lovelace. Null: it does not read them. */
function secondOpinion(cbor: string): bigint | null {
  try {
    const transaction = csl.Transaction.from_hex(cbor);
    if (!transaction.is_valid()) return null;
    const body = transaction.body();
    let effect = 0n;
    for (let i = 0; i < body.outputs().len(); i += 1) {
      const output = body.outputs().get(i);
      const hash = output.address().payment_cred()?.to_keyhash()?.to_hex();
      if (hash === PAYMENT) effect += BigInt(output.amount().coin().to_str());
    }
    for (let i = 0; i < body.inputs().len(); i += 1) {
      const input = body.inputs().get(i);
      const utxo = KNOWN.get(`${input.transaction_id().to_hex()}#${input.index()}`);
      if (utxo?.address === world.HOME) effect -= utxo.lovelace;
    }
    const withdrawals = body.withdrawals();
    for (let i = 0; i < (withdrawals?.keys().len() ?? 0); i += 1) {
      const from = withdrawals?.keys().get(i);
      if (from?.payment_cred().to_keyhash()?.to_hex() === world.keyHashOf('stake')) effect -= BigInt(withdrawals?.get(from)?.to_str() ?? 0);
    }
    return effect;
  } catch {
    return null;
  }
}

test('two readers agree on the transaction before anything is changed in it', () => {
  const seen = preview(rich);
  // 120 come back of 150 own, and 5 of rewards.
  expect(seen?.effect.lovelace).toBe(-35_000_000n);
  expect(secondOpinion(rich)).toBe(-35_000_000n);
});

const edit = fc.record({
  at: fc.nat(rich.length / 2 - 1),
  to: fc.integer({ min: 0, max: 255 }),
  kind: fc.constantFrom('set', 'cut', 'insert'),
});

function edited(cbor: string, edits: readonly { at: number; to: number; kind: string }[]): string {
  const bytes = [...hexToBytes(cbor)];
  for (const { at, to, kind } of edits) {
    if (kind === 'set') bytes[at % bytes.length] = to;
    else if (kind === 'cut') bytes.splice(at % bytes.length, 1);
    else bytes.splice(at % bytes.length, 0, to);
  }
  return bytesToHex(Uint8Array.from(bytes));
}

describe('cannot crash, nor show a smaller loss, by', () => {
  test('changed bytes', () => {
    let read = 0;
    let compared = 0;
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        const cbor = edited(rich, edits);
        const seen = preview(cbor);
        if (seen === null) return;
        read += 1;
        const other = secondOpinion(cbor);
        if (other === null || seen.risks.some(({ code }) => code === 'marked-invalid')) return;
        compared += 1;
        expect(seen.effect.lovelace).toBeLessThanOrEqual(other);
      }),
      { numRuns: 2_500 },
    );
    // The property holds over something.
    expect(read).toBeGreaterThan(200);
    expect(compared).toBeGreaterThan(100);
  });

  test('bytes at random', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 300 }), (bytes) => {
        preview(bytesToHex(bytes));
      }),
      { numRuns: 500 },
    );
  });
});

const quantity = fc.bigInt({ min: 1n, max: 1_000_000_000n });
const holding = fc.record({ isOwn: fc.boolean(), isKnown: fc.boolean(), lovelace: quantity, ntx: fc.option(quantity, { nil: 0n }) });

test('cannot show a smaller loss by inputs that nobody knows: they count as own, and no more than the ledger lets them hold', () => {
  fc.assert(
    fc.property(
      fc.array(holding, { minLength: 1, maxLength: 5 }),
      fc.array(fc.record({ isOwn: fc.boolean(), share: fc.integer({ min: 0, max: 100 }) }), { minLength: 1, maxLength: 4 }),
      fc.bigInt({ min: 0n, max: 3_000_000n }),
      fc.record({
        own: fc.bigInt({ min: 0n, max: 9_000_000n }),
        minted: fc.bigInt({ min: -1_000n, max: 1_000n }),
        deposit: fc.boolean(),
        refund: fc.boolean(),
      }),
      (held, shares, fee, { own: withdrawn, minted, deposit, refund }) => {
        const utxos = held.map(({ isOwn, lovelace, ntx }, i): Utxo => {
          const address = isOwn ? world.HOME : world.STRANGER;
          return { ...world.held(`input ${i}`, lovelace, ntx === 0n ? [] : [{ ...world.NTX, quantity: ntx }], address) };
        });
        const sum = (some: bigint[]): bigint => some.reduce((all, one) => all + one, 0n);
        // As the ledger has it: what comes in goes out.
        let lovelace = sum(utxos.map((utxo) => utxo.lovelace)) + withdrawn - fee - (deposit ? 2_000_000n : 0n) + (refund ? 3_000_000n : 0n);
        let tokens = sum(held.map(({ ntx }) => ntx)) + minted;
        fc.pre(lovelace > 0n && tokens >= 0n);
        const outputs = shares.map(({ isOwn, share }, i) => {
          const isLast = i === shares.length - 1;
          const coin = isLast ? lovelace : (lovelace * BigInt(share)) / 100n;
          const ntx = isLast ? tokens : (tokens * BigInt(share)) / 100n;
          lovelace -= coin;
          tokens -= ntx;
          return {
            isOwn,
            address: isOwn ? world.HOME : world.STRANGER,
            lovelace: coin,
            assets: ntx === 0n ? [] : [{ ...world.NTX, quantity: ntx }],
          };
        });
        const cbor = world.transactionOf({
          inputs: utxos,
          outputs,
          fee,
          ...(withdrawn === 0n ? {} : { withdrawals: [[REWARDS, withdrawn] as [Uint8Array, bigint]] }),
          ...(minted === 0n ? {} : { mint: [{ ...world.NTX, quantity: minted }] }),
          certificates: [
            ...(deposit ? [cborArray([cborInt(0), own])] : []),
            ...(refund ? [cborArray([cborInt(8), own, cborInt(3_000_000n)])] : []),
          ],
        });
        const seen = preview(
          cbor,
          utxos.filter((_, i) => held[i]?.isKnown),
        );
        const mine = <Item extends { isOwn: boolean }>(items: readonly Item[]): Item[] => items.filter(({ isOwn }) => isOwn);
        const trueLovelace =
          sum(mine(outputs).map((one) => one.lovelace)) -
          sum(mine(held).map((one) => one.lovelace)) -
          withdrawn -
          (refund ? 3_000_000n : 0n);
        const trueTokens = sum(mine(outputs).map(({ assets }) => assets[0]?.quantity ?? 0n)) - sum(mine(held).map((one) => one.ntx));
        const shownTokens = seen?.effect.tokens.find(({ isNtx }) => isNtx)?.quantity ?? 0n;
        expect(seen).not.toBeNull();
        expect(seen!.effect.lovelace).toBeLessThanOrEqual(trueLovelace);
        expect(shownTokens).toBeLessThanOrEqual(trueTokens);
        if (held.every(({ isKnown }) => isKnown)) expect([seen!.effect.lovelace, shownTokens]).toEqual([trueLovelace, trueTokens]);
        // Nobody knows whose it is, so nobody is told that all is well.
        else expect(seen!.intent).toEqual({ kind: 'unrecognised', because: 'unresolved' });
      },
    ),
    { numRuns: 600 },
  );
});

test('16 KiB of certificates of later eras are told, and cannot be signed', () => {
  const strange = Array.from({ length: 1_600 }, (_, i) => cborArray([cborInt(19 + (i % 5)), cborBytes(hexToBytes('00112233445566'))]));
  const cbor = world.transactionOf({ outputs: [world.change(49_800_000n)], certificates: strange });
  expect(cbor.length / 2).toBeGreaterThan(15_000);
  expect(preview(cbor)?.risks[0]).toEqual({ code: 'unknown-certificates', level: 'stop', detail: { count: 1_600 } });
});

test('a map of duplicate keys of any length is refused in time', () => {
  const duplicates = cborMap(
    Array.from({ length: 900 }, () => [cborBytes(addressBytes(world.HOME).subarray(0, 29)), cborInt(1)] as [Uint8Array, Uint8Array]),
  );
  expect(preview(world.transactionOf({ fields: { 5: duplicates } }))).toBeNull();
});
