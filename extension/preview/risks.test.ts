// Each risk is fired by one transaction and not by its twin, one thing apart.
import { addressBytes } from '@nunet/contracts/chain/address.ts';
import { cborArray, cborBytes, cborInt, cborMap, cborText } from '@nunet/contracts/chain/cbor.ts';
import { ESCROW_ADDRESS } from '@nunet/contracts/script.ts';
import { blake2b256 } from '@nunet/shared/encoding.ts';
import { concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import { describe, expect, test } from 'vitest';
import type { PreviewGround, Risk, RiskCode } from './preview.ts';
import { previewTransactions } from './preview-transactions.ts';
import * as world from './sample-world.ts';

type Sample = world.SampleTransaction & { ground?: Partial<PreviewGround> };

const risksOf = ({ ground, ...sample }: Sample): Risk[] =>
  previewTransactions([world.transactionOf(sample)], world.sampleGround(ground))[0]!.risks;

/** 10 ADA to a friend, valid for an hour, nothing to be said about it. */
const plain = (to: world.SampleOutput = { address: world.FRIEND, lovelace: 10_000_000n }): Sample => ({
  outputs: [to, world.change(49_800_000n - to.lovelace!, [])],
});
/** Moves what PLAIN holds to oneself. */
const home = (more: Sample = {}): Sample => ({ outputs: [world.change(49_800_000n)], ...more });

const SCRIPT = world.scriptAddress('5c'.repeat(28));
const DATUM = '182a';
const byron = (isTest: boolean): Uint8Array => {
  const attributes = isTest ? cborMap([[cborInt(2), cborBytes(cborInt(1097911063))]]) : cborMap([]);
  const payload = cborArray([cborBytes(new Uint8Array(28).fill(7)), attributes, cborInt(0)]);
  return cborArray([concatBytes(Uint8Array.of(0xd8, 0x18), cborBytes(payload)), cborInt(1)]);
};
const mainnet = concatBytes(Uint8Array.of(0x01), addressBytes(world.FRIEND).subarray(1));
const delegation = (hash: string): Uint8Array =>
  cborArray([cborInt(2), cborArray([cborInt(0), cborBytes(hexToBytes(hash))]), cborBytes(new Uint8Array(28).fill(9))]);
const runs = { 5: cborArray([cborArray([cborInt(0), cborInt(0), cborInt(1), cborArray([cborInt(1), cborInt(1)])])]) };
const scriptData = { 11: cborBytes(new Uint8Array(32)) };
const metadata = cborMap([[cborInt(674), cborMap([[cborText('msg'), cborArray([cborText('hello')])]])]]);
const vote = cborMap([
  [
    cborArray([cborInt(2), cborBytes(hexToBytes(world.keyHashOf('drep')))]),
    cborMap([[cborArray([cborBytes(new Uint8Array(32)), cborInt(0)]), cborArray([cborInt(1), Uint8Array.of(0xf6)])]]),
  ],
]);
const proposal = cborArray([
  cborArray([
    cborInt(1_000_000n),
    cborBytes(world.rewardBytes(world.keyHashOf('stake'))),
    cborArray([cborInt(6)]),
    cborArray([cborText('https://example.org'), cborBytes(new Uint8Array(32))]),
  ]),
]);
/** Home's own payment key under a stranger's stake key. */
const FRANKEN = world.addressFor('payment', 'stranger stake');

/** A contact whose ends are those of the stranger's address. */
const LIKE = `${world.STRANGER.slice(0, 15)}${world.FRIEND.slice(15, -4)}${world.STRANGER.slice(-4)}`;

const CASES: [RiskCode, Risk['level'], Sample, Sample][] = [
  ['network-mismatch', 'stop', plain({ to: mainnet, lovelace: 10_000_000n }), plain()],
  ['network-mismatch', 'stop', { ...plain(), fields: { 15: cborInt(1) } }, { ...plain(), fields: { 15: cborInt(0) } }],
  ['network-mismatch', 'stop', plain({ to: byron(false), lovelace: 10_000_000n }), plain({ to: byron(true), lovelace: 10_000_000n })],
  ['byron-address', 'confirm', plain({ to: byron(true), lovelace: 10_000_000n }), plain()],
  ['marked-invalid', 'stop', { ...plain(), isValid: false }, plain()],
  ['unknown-fields', 'stop', { ...plain(), fields: { 23: cborInt(1) } }, { ...plain(), fields: { 21: cborInt(1) } }],
  ['unknown-fields', 'stop', { ...plain(), fields: { 6: cborInt(1) } }, plain()],
  [
    'unknown-certificates',
    'stop',
    home({ certificates: [cborArray([cborInt(99), cborInt(1)])] }),
    home({ certificates: [delegation(world.keyHashOf('stake'))] }),
  ],
  ['expired', 'stop', { ...plain(), validUntilMs: world.NOW }, { ...plain(), validUntilMs: world.NOW + 1_000 }],
  ['unknown-script', 'confirm', plain({ address: SCRIPT, lovelace: 10_000_000n, inlineDatum: DATUM }), plain()],
  ['unknown-script', 'confirm', { ...plain(), witnesses: runs }, plain()],
  [
    'datum-missing',
    'confirm',
    plain({ address: SCRIPT, lovelace: 10_000_000n }),
    plain({ address: SCRIPT, lovelace: 10_000_000n, inlineDatum: DATUM }),
  ],
  ['datum-missing', 'confirm', plain({ address: ESCROW_ADDRESS, lovelace: 10_000_000n }), plain()],
  ['unresolved-inputs', 'confirm', { ...plain(), ground: { inputs: [] } }, plain()],
  ['script-data-without-script', 'confirm', { ...plain(), fields: scriptData }, { ...plain(), fields: scriptData, witnesses: runs }],
  [
    'foreign-change',
    'confirm',
    { outputs: [world.change(30_000_000n), { address: FRANKEN, lovelace: 19_800_000n }] },
    { outputs: [world.change(30_000_000n), world.change(19_800_000n)] },
  ],
  [
    'foreign-change',
    'confirm',
    { outputs: [{ address: world.addressFor('stranger', 'stake'), lovelace: 49_800_000n }] },
    { outputs: [{ address: world.STRANGER, lovelace: 49_800_000n }] },
  ],
  [
    'empties-wallet',
    'confirm',
    {
      inputs: [world.RICH],
      outputs: [
        { address: world.FRIEND, lovelace: 2_000_000n, assets: [{ ...world.NTX, quantity: 990_000_000n }] },
        world.change(97_800_000n, [{ ...world.NTX, quantity: 10_000_000n }]),
      ],
    },
    {
      inputs: [world.RICH],
      outputs: [
        { address: world.FRIEND, lovelace: 2_000_000n, assets: [{ ...world.NTX, quantity: 400_000_000n }] },
        world.change(97_800_000n, [{ ...world.NTX, quantity: 600_000_000n }]),
      ],
    },
  ],
  [
    'large-part',
    'warn',
    {
      inputs: [world.RICH],
      outputs: [
        { address: world.FRIEND, lovelace: 2_000_000n, assets: [{ ...world.NTX, quantity: 510_000_000n }] },
        world.change(97_800_000n, [{ ...world.NTX, quantity: 490_000_000n }]),
      ],
    },
    {
      inputs: [world.RICH],
      outputs: [
        { address: world.FRIEND, lovelace: 2_000_000n, assets: [{ ...world.NTX, quantity: 500_000_000n }] },
        world.change(97_800_000n, [{ ...world.NTX, quantity: 500_000_000n }]),
      ],
    },
  ],
  [
    'collateral-at-risk',
    'warn',
    { ...plain(), collateral: [world.COLLATERAL], fields: scriptData, witnesses: runs },
    { ...plain(), collateral: [world.FOREIGN], fields: scriptData, witnesses: runs },
  ],
  [
    'collateral-at-risk',
    'confirm',
    { ...plain(), collateral: [world.RICH], fields: scriptData, witnesses: runs },
    {
      ...plain(),
      collateral: [world.RICH],
      collateralReturn: world.change(100_000_000n, world.RICH.assets),
      fields: scriptData,
      witnesses: runs,
    },
  ],
  ['donation', 'confirm', { ...plain(), fields: { 22: cborInt(1_000_000n) } }, { ...plain(), fields: { 22: cborInt(0) } }],
  ['proposals', 'confirm', home({ fields: { 20: proposal } }), home()],
  ['votes', 'warn', home({ fields: { 19: vote } }), home()],
  ['high-fee', 'warn', { ...plain(), fee: 2_000_000n }, { ...plain(), fee: 1_999_999n }],
  ['high-fee', 'confirm', { ...plain(), fee: 5_000_000n }, plain()],
  ['new-recipient', 'warn', plain({ address: world.STRANGER, lovelace: 10_000_000n }), plain()],
  [
    'look-alike-address',
    'confirm',
    { ...plain({ address: world.STRANGER, lovelace: 10_000_000n }), ground: { known: [{ address: LIKE, name: null }] } },
    { ...plain({ address: world.STRANGER, lovelace: 10_000_000n }), ground: { known: [{ address: world.STRANGER, name: null }] } },
  ],
  ['foreign-inputs', 'warn', { ...plain(), inputs: [world.PLAIN, world.FOREIGN] }, { ...plain(), inputs: [world.PLAIN, world.COLLATERAL] }],
  ['mint', 'warn', { ...plain(), mint: [{ ...world.JUNK, quantity: 5n }] }, plain()],
  ['certificates', 'warn', home({ certificates: [delegation(world.keyHashOf('stake'))] }), home()],
  ['certificates', 'confirm', home({ certificates: [delegation(world.keyHashOf('stranger stake'))] }), home()],
  ['withdrawals', 'warn', home({ withdrawals: [[world.rewardBytes(world.keyHashOf('stake')), 5n]] }), home()],
  [
    'burdened-change',
    'warn',
    { outputs: [{ ...world.change(49_800_000n), referenceScript: '4101' }] },
    { outputs: [{ ...world.change(49_800_000n), inlineDatum: DATUM }] },
  ],
  [
    'metadata-unseen',
    'warn',
    { ...plain(), auxiliary: metadata },
    { ...plain(), auxiliary: metadata, fields: { 7: cborBytes(blake2b256(metadata)) } },
  ],
  ['metadata-unseen', 'warn', { ...plain(), fields: { 7: cborBytes(new Uint8Array(32)) } }, plain()],
  [
    'odd-encoding',
    'warn',
    { ...plain(), fields: { 2: hexToBytes('1b0000000000030d40') } },
    { ...plain(), fields: { 2: hexToBytes('1a00030d40') } },
  ],
  ['no-expiry', 'warn', { ...plain(), validUntilMs: null }, plain()],
  ['no-expiry', 'warn', { ...plain(), validUntilMs: null }, home({ validUntilMs: null })],
];

describe.each(CASES)('%s (%s)', (code, level, fires, twin) => {
  test('is told', () => {
    expect(risksOf(fires)).toContainEqual(expect.objectContaining({ code, level }));
  });
  test('is not told of its twin', () => {
    expect(risksOf(twin).filter((one) => one.code === code && one.level === level)).toEqual([]);
  });
});

test('a plain payment to somebody known has no risk', () => {
  expect(risksOf(plain())).toEqual([]);
});

test('the worst comes first', () => {
  const levels = risksOf({ ...plain({ to: mainnet, lovelace: 49_000_000n }), validUntilMs: null, fee: 6_000_000n }).map(
    ({ level }) => level,
  );
  expect(levels).toEqual([...levels].sort((a, b) => ['stop', 'confirm', 'warn'].indexOf(a) - ['stop', 'confirm', 'warn'].indexOf(b)));
  expect(levels[0]).toBe('stop');
  expect(levels.at(-1)).toBe('warn');
});
