// The chain alone, without HTTP: whatever happens to it, the index agrees with the emulator and no lovelace is made or lost.
import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readTransaction } from '../chain/transaction.ts';
import { faucetKey, genesisFor, payFromFaucet } from './faucet.ts';
import { Ledger } from './ledger.ts';
import { MAX_BLOCK_BODY_BYTES } from './parameters.ts';
import { paymentKey, signedPayment, type PaymentKey } from './payment.ts';

const GENESIS_LOVELACE = 64n * 10_000_000_000_000n;

function newLedger(options: { mempoolLimit?: number } = {}): { ledger: Ledger; faucet: PaymentKey; clock: { nowMs: number } } {
  const clock = { nowMs: 1_800_000_000_000 };
  const faucet = faucetKey(randomBytes);
  const slotConfig = { zeroTimeMs: clock.nowMs - 500_000_000, zeroSlot: 0, slotLengthMs: 1_000 };
  return {
    ledger: new Ledger({ now: () => clock.nowMs, slotConfig, networkMagic: 4_711, genesis: genesisFor(faucet, randomBytes), ...options }),
    faucet,
    clock,
  };
}

const receiver = paymentKey(randomBytes(32));
const pay = (ledger: Ledger, faucet: PaymentKey, lovelace = 2_000_000n, ntxBaseUnits = 0n): string =>
  payFromFaucet(ledger, faucet, { address: receiver.address, lovelace, ntxBaseUnits, outputs: 1 });

/** Throws unless the index, the emulator and the sum of all lovelace agree. */
function audit(ledger: Ledger): void {
  const indexed = [...ledger.utxos.unspent()];
  expect(ledger.state.getAllUtxos()).toHaveLength(indexed.length);
  let fees = 0n;
  for (let height = 0; height <= ledger.tip.height; height++) fees += ledger.block(height)?.fees ?? 0n;
  expect(indexed.reduce((sum, { lovelace }) => sum + lovelace, fees)).toBe(GENESIS_LOVELACE);
}

describe('the ledger', () => {
  test('agrees with the emulator after any run of payments, blocks, rollbacks, drops and delays', () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.constant({ act: 'pay' as const, count: 1 }) },
      { weight: 4, arbitrary: fc.constant({ act: 'block' as const, count: 1 }) },
      {
        weight: 2,
        arbitrary: fc.record({
          act: fc.constantFrom('return' as const, 'vanish' as const, 'delay' as const),
          count: fc.integer({ min: 1, max: 4 }),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          act: fc.constantFrom('drop' as const, 'dropNext' as const, 'spend' as const),
          count: fc.integer({ min: 1, max: 3 }),
        }),
      },
    );
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => {
        const { ledger, faucet, clock } = newLedger();
        let lastTimeMs = 0;
        let lastHeight = -1;
        for (const { act, count } of steps) {
          clock.nowMs += 700;
          if (act === 'pay') pay(ledger, faucet, 3_000_000n, 5n);
          if (act === 'block') ledger.makeBlock();
          if ((act === 'return' || act === 'vanish') && ledger.tip.height >= count) ledger.rollback(count, act);
          if (act === 'delay') ledger.delayNext(1, count);
          if (act === 'dropNext') ledger.dropNext(1);
          if (act === 'drop') ledger.drop(ledger.pending[count - 1]?.id ?? '00'.repeat(32));
          if (act === 'spend') {
            // A chain of payments over outputs that are still pending.
            const [source] = ledger.spendable(receiver.address).filter(({ lovelace }) => lovelace >= 3_000_000n);
            if (source !== undefined && source.assets.length === 0) {
              const { cbor } = signedPayment(receiver, { inputs: [source.reference], available: source.lovelace, outputs: [], mint: [] });
              ledger.submit(readTransaction(cbor));
            }
          }
          expect(ledger.tip.height).toBeGreaterThanOrEqual(lastHeight);
          expect(ledger.blockTimeMs(ledger.tip)).toBeGreaterThanOrEqual(lastTimeMs);
          lastHeight = ledger.tip.height;
          lastTimeMs = ledger.blockTimeMs(ledger.tip);
        }
        audit(ledger);
        for (let held = 0; held < 6; held++) ledger.makeBlock();
        expect(ledger.pending).toEqual([]);
        audit(ledger);
      }),
      { numRuns: 25 },
    );
  });

  test('fills a block to its limit and leaves the rest, in order, for the next', () => {
    const { ledger, faucet } = newLedger();
    const ids = Array.from({ length: 400 }, () => pay(ledger, faucet));
    const taken: string[] = [];
    let blocks = 0;
    while (ledger.pending.length > 0) {
      const block = ledger.makeBlock();
      expect(block.sizeBytes).toBeLessThanOrEqual(MAX_BLOCK_BODY_BYTES);
      taken.push(...block.txIds);
      blocks += 1;
    }
    expect(taken).toEqual(ids);
    expect(blocks).toBe(2);
    audit(ledger);
  });

  test("never goes back in time when the machine's clock does", () => {
    const { ledger, clock } = newLedger();
    const before = ledger.makeBlock();
    clock.nowMs -= 3_600_000;
    expect(ledger.makeBlock().slot).toBe(before.slot);
  });

  test('drops the spender with the payment that it spends', () => {
    const { ledger, faucet } = newLedger();
    const first = pay(ledger, faucet, 50_000_000n);
    const [source] = ledger.spendable(receiver.address);
    if (source === undefined) throw new Error('nothing arrived');
    const { id, cbor } = signedPayment(receiver, { inputs: [source.reference], available: source.lovelace, outputs: [], mint: [] });
    expect(ledger.submit(readTransaction(cbor))).toEqual({ txId: id });
    expect(ledger.drop(first)).toBe(true);
    expect(ledger.pending).toEqual([]);
    expect(ledger.dropped.map(({ txId }) => txId)).toEqual([id, first]);
  });

  test('cannot take a transaction without inputs, as only a genesis is', () => {
    const { ledger, faucet } = newLedger();
    expect(ledger.submit(genesisFor(faucet, randomBytes))).toMatchObject({ rejection: { rule: 'InputSetEmptyUTxO' } });
  });

  test('cannot take a transaction above the size limit', () => {
    const { ledger, faucet } = newLedger();
    const request = { address: receiver.address, lovelace: 2_000_000n, ntxBaseUnits: 0n };
    expect(() => payFromFaucet(ledger, faucet, { ...request, outputs: 450 })).toThrow('MaxTxSizeUTxO');
    payFromFaucet(ledger, faucet, { ...request, outputs: 350 });
  });

  test('cannot take more than its mempool holds', () => {
    const { ledger, faucet } = newLedger({ mempoolLimit: 5 });
    for (let sent = 0; sent < 5; sent++) pay(ledger, faucet);
    expect(() => pay(ledger, faucet)).toThrow('MempoolFull');
    ledger.makeBlock();
    pay(ledger, faucet);
  });

  test('forgets old empty blocks, so that a long run stays small', () => {
    const { ledger, faucet } = newLedger();
    pay(ledger, faucet);
    const full = ledger.makeBlock();
    for (let made = 0; made < 6_000; made++) ledger.makeBlock();
    expect(ledger.block(full.hash)).toBe(full);
    expect(ledger.block(500)).toBeUndefined();
    expect(ledger.block(ledger.tip.height - 4_000)).toBeDefined();
    expect(() => ledger.rollback(1_001, 'return')).toThrow('Cannot roll back');
    ledger.rollback(1_000, 'return');
    audit(ledger);
  });
});
