// One sentence, or none: what is called a payment, a move, staking or governance, and what is not because of one thing more.
import { cborArray, cborBytes, cborInt, cborMap } from '@nunet/contracts/chain/cbor.ts';
import { hexToBytes } from '@noble/hashes/utils.js';
import { describe, expect, test } from 'vitest';
import type { Intent, PreviewGround } from './preview.ts';
import { previewTransactions } from './preview-transactions.ts';
import * as world from './sample-world.ts';

const see = (sample: world.SampleTransaction, ground: Partial<PreviewGround> = {}) =>
  previewTransactions([world.transactionOf(sample)], world.sampleGround(ground))[0]!;
const intentOf = (sample: world.SampleTransaction, ground: Partial<PreviewGround> = {}): Intent => see(sample, ground).intent;

const own = (hash = world.keyHashOf('stake')) => cborArray([cborInt(0), cborBytes(hexToBytes(hash))]);
const POOL = cborBytes(new Uint8Array(28).fill(9));
const delegate = (hash?: string) => cborArray([cborInt(2), own(hash), POOL]);
const abstain = cborArray([cborInt(9), own(), cborArray([cborInt(2)])]);
const home = (more: world.SampleTransaction = {}): world.SampleTransaction => ({ outputs: [world.change(49_800_000n)], ...more });
const pay = (more: world.SampleTransaction = {}): world.SampleTransaction => ({
  outputs: [{ address: world.FRIEND, lovelace: 10_000_000n }, world.change(39_800_000n)],
  ...more,
});

describe('a payment', () => {
  test('is named with who gets what; outputs to one address are one', () => {
    const outputs = [
      {
        address: world.FRIEND,
        lovelace: 2_000_000n,
        assets: [
          { ...world.NTX, quantity: 5n },
          { ...world.JUNK, quantity: 1n },
        ],
      },
      { address: world.STRANGER, lovelace: 3_000_000n },
      { address: world.FRIEND, lovelace: 1_000_000n, assets: [{ ...world.NTX, quantity: 2n }] },
      world.change(93_800_000n, [{ ...world.NTX, quantity: 999_999_993n }]),
    ];
    expect(intentOf({ inputs: [world.RICH], outputs })).toEqual({
      kind: 'payment',
      recipients: [
        {
          address: world.FRIEND,
          name: 'Ada',
          lovelace: 3_000_000n,
          tokens: [
            expect.objectContaining({ label: 'NTX', isNtx: true, quantity: 7n, decimals: 6 }),
            expect.objectContaining({ label: 'Junk', isNtx: false, quantity: 1n, decimals: 0 }),
          ],
        },
        { address: world.STRANGER, name: null, lovelace: 3_000_000n, tokens: [] },
      ],
    });
  });

  const not: [string, world.SampleTransaction, string][] = [
    ['with somebody’s money in it', pay({ inputs: [world.PLAIN, world.FOREIGN] }), 'others-money'],
    ['with an input that nobody knows', pay({ inputs: [world.PLAIN, world.held('nobody', 1n)] }), 'unresolved'],
    ['with a certificate', pay({ certificates: [delegate()] }), 'mixture'],
    ['with a withdrawal', pay({ withdrawals: [[world.rewardBytes(world.keyHashOf('stake')), 5n]] }), 'mixture'],
    ['with a donation', pay({ fields: { 22: cborInt(1_000_000n) } }), 'mixture'],
    ['with another required signer', pay({ requiredSigners: [world.keyHashOf('stranger')] }), 'mixture'],
    ['with tokens made in it', pay({ mint: [{ ...world.JUNK, quantity: 5n }] }), 'script'],
    ['with script data', pay({ fields: { 11: cborBytes(new Uint8Array(32)) } }), 'script'],
    ['with an unknown field', pay({ fields: { 23: cborInt(0) } }), 'unknown-fields'],
    ['to a script', pay({ outputs: [{ address: world.scriptAddress('5c'.repeat(28)), lovelace: 1_000_000n }] }), 'script'],
    [
      'whose change has a foreign stake key',
      pay({ outputs: [{ address: world.FRIEND }, { address: world.addressFor('payment', 'x') }] }),
      'mixture',
    ],
    ['that is made to fail', pay({ isValid: false }), 'script'],
  ];
  test.each(not)('cannot be one %s', (_, sample, because) => {
    expect(intentOf(sample)).toEqual({ kind: 'unrecognised', because });
  });
});

describe('what stays', () => {
  test('is a move, or collateral where 5 ADA are set apart', () => {
    expect(intentOf(home())).toEqual({ kind: 'own', reason: 'move' });
    expect(intentOf({ outputs: [world.change(5_000_000n), world.change(44_800_000n)] })).toEqual({ kind: 'own', reason: 'collateral' });
  });
});

describe('staking and governance', () => {
  test('own delegation, registration and rewards are staking, with the deposit and what is withdrawn', () => {
    const register = cborArray([cborInt(7), own(), cborInt(2_000_000n)]);
    const seen = see({
      outputs: [world.change(52_800_000n)],
      certificates: [register, delegate()],
      withdrawals: [[world.rewardBytes(world.keyHashOf('stake')), 5_000_000n]],
    });
    expect(seen.intent).toMatchObject({
      kind: 'staking',
      withdrawnLovelace: 5_000_000n,
      certificates: [
        { name: 'stake-registration', isOwn: true, depositLovelace: 2_000_000n },
        { name: 'stake-delegation', isOwn: true, pool: expect.stringMatching(/^pool1/) as string },
      ],
    });
    expect(seen.keys).toEqual(['payment', 'stake']);
    // Rewards are the account's own: what leaves are the deposit and the fee.
    expect(seen.effect.lovelace).toBe(-2_200_000n);
  });

  test('an old registration takes the ledger’s deposit, an old deregistration gives it back', () => {
    const old = (number: number) => cborArray([cborInt(number), own()]);
    const [taken, back] = see(home({ certificates: [old(0), old(1)] })).certificates;
    expect([taken?.depositLovelace, back?.depositLovelace]).toEqual([2_000_000n, -2_000_000n]);
  });

  test('cannot hide in the change that an own deposit goes to somebody else', () => {
    const back = cborArray([cborInt(8), own(), cborInt(2_000_000n)]);
    const seen = see({ outputs: [world.change(49_800_000n), { address: world.STRANGER, lovelace: 2_000_000n }], certificates: [back] });
    expect(seen.effect.lovelace).toBe(-2_200_000n);
    expect(seen.intent).toEqual({ kind: 'unrecognised', because: 'mixture' });
    // Where it comes home nothing is lost but the fee.
    expect(see({ outputs: [world.change(51_800_000n)], certificates: [back] }).effect.lovelace).toBe(-200_000n);
  });

  test('own votes, and delegation of the vote, are governance and ask for the DRep key', () => {
    const votes = cborMap([
      [
        cborArray([cborInt(2), cborBytes(hexToBytes(world.keyHashOf('drep')))]),
        cborMap([[cborArray([cborBytes(new Uint8Array(32)), cborInt(3)]), cborArray([cborInt(0), Uint8Array.of(0xf6)])]]),
      ],
    ]);
    const seen = see(home({ certificates: [abstain], fields: { 19: votes } }));
    expect(seen.intent).toMatchObject({
      kind: 'governance',
      votes: 1,
      proposals: 0,
      certificates: [{ name: 'vote-delegation', drep: 'abstain' }],
    });
    expect(seen.votes).toEqual([{ role: 'drep', isOwn: true, action: { txId: '00'.repeat(32), index: 3 }, choice: 'no' }]);
    expect(seen.keys).toEqual(['payment', 'stake', 'drep']);
  });

  const not: [string, world.SampleTransaction][] = [
    ['of somebody else’s stake key', home({ certificates: [delegate(world.keyHashOf('stranger stake'))] })],
    ['with somebody else’s rewards', home({ withdrawals: [[world.rewardBytes(world.keyHashOf('stranger stake')), 5n]] })],
    [
      'with rewards that go to somebody else',
      { outputs: [{ address: world.FRIEND, lovelace: 1_000_000n }], withdrawals: [[world.rewardBytes(world.keyHashOf('stake')), 5n]] },
    ],
  ];
  test.each(not)('cannot be staking %s', (_, sample) => {
    expect(intentOf(sample)).toEqual({ kind: 'unrecognised', because: 'mixture' });
  });

  test('certificates that this build does not know are told, however many', () => {
    const strange = Array.from({ length: 1_500 }, (_, i) => cborArray([cborInt(100 + (i % 50)), cborBytes(hexToBytes('00'.repeat(5)))]));
    const seen = see(home({ certificates: strange }));
    expect(seen.intent).toEqual({ kind: 'unrecognised', because: 'unknown-fields' });
    expect(seen.risks[0]).toEqual({ code: 'unknown-certificates', level: 'stop', detail: { count: 1_500 } });
  });
});

describe('several at once (CIP-103)', () => {
  test('a later one spends what an earlier one makes', () => {
    const first = world.transactionOf(pay());
    const ground = world.sampleGround();
    const id = previewTransactions([first], ground)[0]!.hash;
    const change = { ...world.PLAIN, reference: { txId: id, index: 1 }, lovelace: 39_800_000n };
    const second = world.transactionOf({
      inputs: [change],
      outputs: [{ address: world.FRIEND, lovelace: 30_000_000n }, world.change(9_600_000n)],
    });
    expect(previewTransactions([first, second], ground).map(({ effect }) => effect.lovelace)).toEqual([-10_200_000n, -30_200_000n]);
    // Alone it spends what nobody knows; all of it counts as lost but what comes back.
    const alone = previewTransactions([second], ground)[0]!;
    expect(alone.intent).toEqual({ kind: 'unrecognised', because: 'unresolved' });
    expect(alone.effect.lovelace).toBe(-30_200_000n);
  });

  test('none, or more than can be looked at, are refused', () => {
    expect(() => previewTransactions([], world.sampleGround())).toThrow('want 1 to 20');
    expect(() => previewTransactions(Array<string>(21).fill(world.transactionOf(pay())), world.sampleGround())).toThrow('want 1 to 20');
  });
});
