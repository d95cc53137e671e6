// What a job's key signs: exactly the formats of shared/lock.ts and shared/signature.ts, for its own lock, within its budget.
import { cidOf, encode } from '@nunet/shared/encoding.ts';
import { closeBytes, settleBytes, voucherBytes } from '@nunet/shared/lock.ts';
import { SIGNED_NAMES, statementBytes } from '@nunet/shared/signature.ts';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { describe, expect, test } from 'vitest';
import { demandJobBytes } from './job-statement.ts';
import { ASSET, A_LOCK, BUDGET, STRANGER } from './sample-transaction.ts';
import type { HeldGrant } from './stored.ts';

const grant: HeldGrant = {
  jobId: 'bafyreib',
  keyId: '00'.repeat(16),
  budgetBaseUnits: BUDGET,
  computeProvider: STRANGER,
  network: 'preprod',
  account: 0,
  asset: ASSET,
  locks: [A_LOCK],
};
const cid = cidOf(encode({ job: 'x' }));
const takes = (bytes: Uint8Array): boolean => {
  try {
    demandJobBytes(bytes, grant);
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'job-refused' });
    return false;
  }
};

describe("a job's key signs", () => {
  test('vouchers of its own lock, from nothing up to the whole budget, sealed or open', () => {
    for (const paid of [0n, 1n, BUDGET]) expect(takes(voucherBytes(A_LOCK, paid))).toBe(true);
    expect(takes(voucherBytes(A_LOCK, 5n, '5a'.repeat(32)))).toBe(true);
  });

  test('the three statements of a service provider on its network', () => {
    for (const name of ['ack', 'dispute', 'cancel'] as const) expect(takes(statementBytes(name, 'preprod', cid))).toBe(true);
  });
});

describe("a job's key cannot sign", () => {
  test('a voucher above the budget', () => expect(takes(voucherBytes(A_LOCK, BUDGET + 1n))).toBe(false));

  test("a voucher of another lock, or another output of its lock's transaction", () => {
    expect(takes(voucherBytes({ ...A_LOCK, index: 1 }, 1n))).toBe(false);
    expect(takes(voucherBytes({ ...A_LOCK, txId: '78'.repeat(32) }, 1n))).toBe(false);
  });

  test('what an oracle or a compute provider signs over a lock', () => {
    expect(takes(settleBytes(A_LOCK, 1n))).toBe(false);
    expect(takes(closeBytes(A_LOCK, 1n))).toBe(false);
    // Padded to a voucher's length.
    expect(takes(concatBytes(settleBytes(A_LOCK, 1n), new Uint8Array(32)))).toBe(false);
  });

  test('any other statement that exists', () => {
    const others = SIGNED_NAMES.filter((name) => !['ack', 'dispute', 'cancel'].includes(name));
    expect(others.length).toBeGreaterThan(5);
    for (const name of others) expect(takes(statementBytes(name, 'preprod', cid)), name).toBe(false);
  });

  test('a statement for another network', () => expect(takes(statementBytes('ack', 'devnet', cid))).toBe(false));

  test('a byte more or less, a transaction id, a message, or nothing', () => {
    for (const good of [voucherBytes(A_LOCK, 1n), statementBytes('ack', 'preprod', cid)]) {
      expect(takes(good.subarray(0, -1))).toBe(false);
      expect(takes(good.subarray(1))).toBe(false);
      expect(takes(concatBytes(good, Uint8Array.of(0)))).toBe(false);
      expect(takes(concatBytes(Uint8Array.of(0), good))).toBe(false);
    }
    expect(takes(new Uint8Array(32).fill(7))).toBe(false);
    expect(takes(utf8ToBytes('nunet/ack/1'))).toBe(false);
    expect(takes(new Uint8Array())).toBe(false);
  });

  test('a statement about something that is no dag-cbor record', () => {
    const bytes = statementBytes('ack', 'preprod', cid).slice();
    bytes[bytes.length - 37] = 0x55;
    expect(takes(bytes)).toBe(false);
  });

  test('a voucher whose tag is longer than it should be', () => {
    const bytes = voucherBytes(A_LOCK, 1n).slice();
    bytes[15] = 0x30;
    expect(takes(bytes)).toBe(false);
  });
});
