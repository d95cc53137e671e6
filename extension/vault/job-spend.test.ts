// What may bring a job's money back without another question, and each way in which it may not.
import { cborArray, cborInt, cborMap, cborBytes } from '@nunet/contracts/chain/cbor.ts';
import { describe, expect, test } from 'vitest';
import { demandJobSpend } from './job-spend.ts';
import {
  ASSET,
  A_LOCK,
  BUDGET,
  inputs,
  OTHER_ASSET,
  output,
  STRANGER,
  transaction,
  type Field,
  type SampleOutput,
} from './sample-transaction.ts';
import { readSignable } from './signed-transaction.ts';
import type { HeldGrant } from './stored.ts';
import { testKeyAddress } from '@nunet/contracts/chain/address.ts';

const home = testKeyAddress(new Uint8Array(28).fill(1));
const provider = STRANGER;
const thief = testKeyAddress(new Uint8Array(28).fill(9));
const grant: HeldGrant = {
  jobId: 'bafyreib',
  keyId: '00'.repeat(16),
  budgetBaseUnits: BUDGET,
  computeProvider: provider,
  network: 'devnet',
  account: 0,
  asset: ASSET,
  locks: [A_LOCK],
};
const mine = { txId: '22'.repeat(32), index: 3 };
const collateral: Field[] = [
  [13, inputs([mine])],
  [16, output({ to: home, lovelace: 4_000_000n })],
  [17, cborInt(1_000_000)],
];
const refusal = (parts: Partial<Parameters<typeof transaction>[0]>): string | null => {
  const cbor = transaction({
    spends: [A_LOCK, mine],
    outputs: [{ to: home, lovelace: 9_000_000n, tokens: [[ASSET, BUDGET]] }],
    more: collateral,
    ...parts,
  });
  try {
    demandJobSpend(readSignable(cbor), grant, home);
    return null;
  } catch (error) {
    expect(error).toMatchObject({ code: 'job-refused' });
    return (error as Error).message;
  }
};
const pay = (baseUnits: bigint, more: Partial<SampleOutput> = {}): SampleOutput[] => [
  { to: provider, lovelace: 1_300_000n, tokens: [[ASSET, baseUnits]], datum: '5820'.concat('aa'.repeat(32)), ...more },
  { to: home, lovelace: 9_000_000n },
];

describe('goes through:', () => {
  test('a reclaim, everything home', () => expect(refusal({ more: [...collateral, [8, cborInt(5)], [3, cborInt(9)]] })).toBeNull());
  test('an agreement that pays a part, and one that pays all', () => {
    expect(refusal({ outputs: pay(BUDGET / 4n) })).toBeNull();
    expect(refusal({ outputs: pay(BUDGET) })).toBeNull();
  });
});

describe('cannot', () => {
  const thefts: Record<string, [Partial<Parameters<typeof transaction>[0]>, string]> = {
    'pay more than the budget': [{ outputs: pay(BUDGET + 1n) }, 'the approved budget is'],
    'pay more than the budget in two outputs': [{ outputs: [...pay(BUDGET), ...pay(1n)] }, 'the approved budget is'],
    'pay in ADA instead': [{ outputs: pay(1n, { lovelace: 5_000_001n }) }, 'the approved budget is'],
    'pay in another asset': [{ outputs: pay(1n, { tokens: [[OTHER_ASSET, 1n]] }) }, 'its output 0 goes elsewhere'],
    'leave a script with the pay': [{ outputs: pay(1n, { withScript: true }) }, 'its output 0 goes elsewhere'],
    'pay anybody else': [{ outputs: [...pay(1n), { to: thief, lovelace: 1_000_000n }] }, 'its output 2 goes elsewhere'],
    'go home with a script on it': [{ outputs: [{ to: home, withScript: true }] }, 'its output 0 goes elsewhere'],
    'spend other money of the account alone': [{ spends: [mine] }, "it does not spend the job's lock"],
    'spend another output of the same transaction': [{ spends: [{ ...A_LOCK, index: 1 }] }, "it does not spend the job's lock"],
    'burn money as fee': [{ fee: 1_000_001n }, 'its fee is'],
    'run a script that is known to fail': [{ isValid: false }, 'marked as one whose script fails'],
    'put up too much collateral': [
      {
        more: [
          [13, inputs([mine])],
          [17, cborInt(5_000_001)],
        ],
      },
      'as collateral',
    ],
    'put up collateral without saying how much': [{ more: [[13, inputs([mine])]] }, 'as collateral'],
    'send the collateral elsewhere': [
      {
        more: [
          [13, inputs([mine])],
          [16, output({ to: thief })],
          [17, cborInt(1)],
        ],
      },
      'would not come back',
    ],
    'carry a certificate': [{ more: [...collateral, [4, cborArray([])]] }, 'its field 4'],
    'carry a withdrawal': [
      { more: [...collateral, [5, cborMap([[cborBytes(Uint8Array.of(0xe0, ...new Uint8Array(28))), cborInt(1)]])]] },
      'its field 5',
    ],
    'carry metadata': [{ more: [...collateral, [7, cborBytes(new Uint8Array(32))]] }, 'its field 7'],
    mint: [{ more: [...collateral, [9, cborMap([])]] }, 'its field 9'],
    'vote, propose or give to the treasury': [{ more: [...collateral, [22, cborInt(1_000_000)]] }, 'its field 22'],
  };
  for (const [name, [parts, why]] of Object.entries(thefts)) test(name, () => expect(refusal(parts)).toContain(why));
});
