import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { keyHashOf } from '@nunet/shared/agreement.ts';
import { closeBytes, settleBytes, voucherBytes } from '@nunet/shared/lock.ts';
import { expect, it } from 'vitest';
import type { Transaction } from './chain/transaction.ts';
import { constructor, encodePlutusData } from './plutus-data.ts';
import { readSpend } from './read-spend.ts';
import { AGREE, batchRedeemer, NO_OUTPUT, RECLAIM_REDEEMER, SETTLE, type Settlement } from './redeemer.ts';

const secretOf = (byte: string): Uint8Array => hexToBytes(byte.repeat(32));
const keyOf = (byte: string): string => bytesToHex(ed25519.getPublicKey(secretOf(byte)));
const signedBy = (byte: string, over: Uint8Array): string => bytesToHex(ed25519.sign(over, secretOf(byte)));
const datum = { oracleKeys: [keyOf('01')], voucherKey: keyOf('02'), serviceProvider: 'sp', computeProvider: 'cp' };

const input = (byte: string, index = 0) => ({ txId: byte.repeat(32), index });
const lock = (byte: string) => ({ reference: input(byte), datum });
const spend = (index: number, data: string) => ({ tag: 'spend' as const, index, data, memory: 0n, steps: 0n });
/** Only what is read: inputs, redeemers by their place in ledger order, and whom the outputs pay. */
const transaction = (inputs: ReturnType<typeof input>[], redeemers: ReturnType<typeof spend>[]) =>
  ({ inputs, redeemers, outputs: [{ address: 'sp' }, { address: 'cp' }] }) as unknown as Transaction;

const attested = (byte: string, paid: bigint): Settlement => ({
  kind: 'attested',
  paid,
  signatures: [{ keyIndex: 0, signature: signedBy('01', settleBytes(input(byte), paid)) }],
  computeProviderOutput: paid === 0n ? NO_OUTPUT : 1,
  serviceProviderOutput: 0,
});
const agreed = (byte: string, paid: bigint, secret: string | null): Settlement => ({
  kind: 'agreed',
  paid,
  voucherSignature: signedBy('02', voucherBytes(input(byte), paid, secret === null ? undefined : keyHashOf(secret))),
  closeSignature: signedBy('03', closeBytes(input(byte), paid)),
  secret,
  computeProviderOutput: paid === 0n ? NO_OUTPUT : 1,
  serviceProviderOutput: 0,
});
const none = batchRedeemer(SETTLE, []);

it('reads how each lock of a mixed batch ended, whatever other inputs it has', () => {
  const secret = '77'.repeat(32);
  // Ledger order: aa (fee), bb (attested), cc (fee), dd (agreed), ee (refunded), ff (reclaimed).
  const list = [attested('bb', 7n), agreed('dd', 5n, secret), attested('ee', 0n), { kind: 'reclaimed' as const }];
  const batch = transaction(
    [input('dd'), input('bb'), input('cc'), input('aa'), input('ff'), input('ee')],
    [spend(3, batchRedeemer(AGREE, [])), spend(1, batchRedeemer(SETTLE, list)), spend(4, none), spend(5, RECLAIM_REDEEMER)],
  );
  expect(readSpend(batch, lock('bb'))).toEqual({ how: 'settle', paid: 7n, secret: null });
  expect(readSpend(batch, lock('dd'))).toEqual({ how: 'agree', paid: 5n, secret });
  expect(readSpend(batch, lock('ee'))).toEqual({ how: 'settle', paid: 0n, secret: null });
  expect(readSpend(batch, lock('ff'))).toEqual({ how: 'reclaim', paid: 0n, secret: null });
  expect(readSpend(batch, lock('cc')), 'no script ran for it').toBe(null);
  expect(readSpend(batch, lock('99')), 'not an input').toBe(null);
});

it("cannot be misled by another script's redeemer that looks like a settlement", () => {
  // The stranger's input comes first, with entries over other pays: unsigned, and signed by a foreign key.
  const forged = { ...attested('bb', 1n), signatures: [{ keyIndex: 0, signature: signedBy('09', settleBytes(input('bb'), 1n)) }] };
  const strangers = batchRedeemer(SETTLE, [forged, { ...attested('bb', 2n), signatures: [] } as Settlement]);
  const unreadable = encodePlutusData(constructor(6, [1n]));
  const made = transaction(
    [input('aa'), input('bb'), input('cc')],
    [spend(0, strangers), spend(1, batchRedeemer(SETTLE, [attested('bb', 7n)])), spend(2, unreadable)],
  );
  expect(readSpend(made, lock('bb'))).toEqual({ how: 'settle', paid: 7n, secret: null });
});

it('cannot be misled by an old voucher that somebody put beside the real one: its outputs pay nobody', () => {
  const old = { ...agreed('bb', 1n, null), computeProviderOutput: 0, serviceProviderOutput: 1 } as Settlement;
  const made = transaction(
    [input('aa'), input('bb')],
    [spend(0, batchRedeemer(AGREE, [old])), spend(1, batchRedeemer(AGREE, [agreed('bb', 7n, null)]))],
  );
  expect(readSpend(made, lock('bb'))).toEqual({ how: 'agree', paid: 7n, secret: null });
});

it('does not guess about an unknown redeemer', () => {
  expect(readSpend(transaction([input('bb')], [spend(0, encodePlutusData(constructor(3)))]), lock('bb'))).toBe(null);
  expect(readSpend(transaction([input('bb')], [spend(0, 'ff')]), lock('bb'))).toBe(null);
});
