// The lock that a job's key is made for: read from the transaction, compared with the grant field by field.
import { testKeyAddress } from '@nunet/contracts/chain/address.ts';
import { readTransactionHex } from '@nunet/contracts/chain/transaction.ts';
import { describe, expect, test } from 'vitest';
import { lockIn } from './lock-terms.ts';
import { ASSET, BUDGET, escrowDatum, ESCROW_ADDRESS, lockTransaction, OTHER_ASSET, STRANGER, transaction } from './sample-transaction.ts';
import { encodeDatum } from '@nunet/contracts/datum.ts';

const home = testKeyAddress(new Uint8Array(28).fill(1));
const other = testKeyAddress(new Uint8Array(28).fill(2));
const jobKey = 'da'.repeat(32);
const grant = { jobId: 'bafyreib', keyId: '00'.repeat(16), budgetBaseUnits: BUDGET, computeProvider: STRANGER };
const honest = escrowDatum({ serviceProvider: home, voucherKey: jobKey });
const read = (cbor: string) => lockIn(readTransactionHex(cbor), { grant, jobKey, home });

test('an honest lock is found, with its place and its asset', () => {
  const cbor = lockTransaction(home, honest);
  expect(read(cbor)).toEqual({ lock: { txId: readTransactionHex(cbor).id, index: 0 }, asset: ASSET });
});

describe('cannot get a job key:', () => {
  const lies: Record<string, [string, string]> = {
    'a lock that pays another compute provider': [lockTransaction(home, { ...honest, computeProvider: other }), 'another compute provider'],
    'a lock that is returned to somebody else': [
      lockTransaction(home, { ...honest, serviceProvider: other }),
      'another address than this account',
    ],
    'a lock for another key': [lockTransaction(home, { ...honest, voucherKey: 'db'.repeat(32) }), '0 of its outputs'],
    'more money than the budget': [lockTransaction(home, honest, BUDGET + 1n), 'the approved budget is'],
    'less money than the budget': [lockTransaction(home, honest, BUDGET - 1n), 'the approved budget is'],
    'another asset than the datum names': [
      transaction({ outputs: [{ to: ESCROW_ADDRESS, tokens: [[OTHER_ASSET, BUDGET]], datum: encodeDatum(honest) }] }),
      'it holds 0 base units',
    ],
    'two locks of one key': [
      lockTransaction(home, honest, BUDGET, [{ to: ESCROW_ADDRESS, tokens: [[ASSET, BUDGET]], datum: encodeDatum(honest) }]),
      '2 of its outputs',
    ],
    'a plain payment': [transaction({ outputs: [{ to: other, tokens: [[ASSET, BUDGET]] }] }), '0 of its outputs'],
    'a datum that is no escrow’s': [
      transaction({ outputs: [{ to: ESCROW_ADDRESS, tokens: [[ASSET, BUDGET]], datum: '5820'.concat(jobKey) }] }),
      '0 of its outputs',
    ],
  };
  for (const [name, [cbor, why]] of Object.entries(lies))
    test(name, () =>
      expect(() => read(cbor)).toThrow(
        expect.objectContaining({ code: 'lock-refused', message: expect.stringContaining(why) as string }) as Error,
      ),
    );
});
