// A lock is called one only when script, oracles, k, asset, return address, times and a verified quote all match; one field apart and it is not.
import { encodeDatum } from '@nunet/contracts/datum.ts';
import { addressOf } from '@nunet/contracts/address.ts';
import { datumOf } from '@nunet/contracts/quote-datum.ts';
import { ESCROW, ESCROW_ADDRESS } from '@nunet/contracts/script.ts';
import { cborInt } from '@nunet/contracts/chain/cbor.ts';
import type { EscrowDatum } from '@nunet/shared/lock.ts';
import { minimumLockLovelace } from '@nunet/shared/lock-check.ts';
import { sampleSigner } from '@nunet/shared/samples.ts';
import { beforeAll, describe, expect, test } from 'vitest';
import type { PreviewGround, RiskCode, TransactionPreview } from './preview.ts';
import { previewTransactions } from './preview-transactions.ts';
import * as world from './sample-world.ts';

const AMOUNT = world.quoteBody.amountBaseUnits;
const LOVELACE = minimumLockLovelace(world.quoteBody.settleLovelace);
let datum: EscrowDatum;
let quotes: PreviewGround['quotes'];

beforeAll(async () => {
  const quote = await world.signQuote();
  datum = datumOf(quote);
  quotes = [{ envelope: quote.envelope, title: 'digits' }];
});

interface Change {
  datum?: Partial<EscrowDatum>;
  output?: world.SampleOutput;
  amount?: bigint;
  transaction?: world.SampleTransaction;
  ground?: Partial<PreviewGround>;
  more?: world.SampleOutput[];
}

function preview({ output, amount = AMOUNT, transaction, ground, more = [], ...change }: Change = {}): TransactionPreview {
  const left = { ...world.NTX, quantity: 1_000_000_000n - amount };
  const lock = {
    address: ESCROW_ADDRESS,
    lovelace: LOVELACE,
    assets: [{ ...world.NTX, quantity: amount }],
    inlineDatum: encodeDatum({ ...datum, ...change.datum }),
    ...output,
  };
  const out = [lock, ...more].reduce((sum, { lovelace = 0n }) => sum + lovelace, 0n);
  const cbor = world.transactionOf({
    inputs: [world.RICH],
    outputs: [lock, ...more, world.change(99_800_000n - out, [left])],
    validUntilMs: world.quoteBody.expiresAt,
    ...transaction,
  });
  return previewTransactions([cbor], world.sampleGround({ quotes, ...ground }))[0]!;
}

const codes = ({ risks }: TransactionPreview): RiskCode[] => risks.map(({ code }) => code);

test('a lock on a verified quote is named with its amount, job, deadline and oracles, and has no risk', () => {
  const seen = preview();
  expect(seen.intent).toEqual({
    kind: 'lock',
    amountBaseUnits: AMOUNT,
    lovelace: LOVELACE,
    jobTitle: 'digits',
    computeProvider: world.quoteBody.computeProvider.address,
    refundableAfterMs: world.quoteBody.reclaimAfter,
    oracles: 3,
    k: 2,
  });
  expect(seen.risks).toEqual([]);
  expect(seen.effect).toMatchObject({ lovelace: -(LOVELACE + 200_000n), tokens: [{ isNtx: true, quantity: -AMOUNT }] });
  expect(seen.keys).toEqual(['payment']);
});

describe('cannot be called a lock', () => {
  const foreignKey = sampleSigner('nobody').publicKey;
  const cases: [string, Change | (() => Change), RiskCode, 'stop' | 'confirm'][] = [
    [
      'with an oracle that the network record does not name',
      () => ({ datum: { oracleKeys: [...datum.oracleKeys.slice(0, 2), foreignKey].sort() } }),
      'foreign-oracles',
      'stop',
    ],
    ['with foreign oracles alone', { datum: { oracleKeys: [foreignKey], k: 1 } }, 'foreign-oracles', 'stop'],
    ['with fewer oracle signatures than the record asks for', { datum: { k: 1 } }, 'quote-mismatch', 'stop'],
    ['with a return address of somebody else', { datum: { serviceProvider: world.STRANGER } }, 'quote-mismatch', 'stop'],
    [
      'with a return address of own key and a foreign stake key',
      { datum: { serviceProvider: world.addressFor('payment', 'stranger stake') } },
      'quote-mismatch',
      'stop',
    ],
    ['that pays another compute provider than quoted', { datum: { computeProvider: world.STRANGER } }, 'quote-mismatch', 'stop'],
    ['in another asset', { datum: { asset: world.JUNK } }, 'quote-mismatch', 'stop'],
    ['that is refundable later than quoted', { datum: { reclaimAfter: world.quoteBody.reclaimAfter + 1 } }, 'quote-mismatch', 'stop'],
    ['that hands more lovelace to whoever settles', { datum: { settleLovelace: 90_000_000n } }, 'quote-mismatch', 'stop'],
    ['with another job key', { datum: { voucherKey: foreignKey } }, 'quote-mismatch', 'stop'],
    ['with another close key', { datum: { closeKey: foreignKey } }, 'quote-mismatch', 'stop'],
    ['of more than quoted', { amount: AMOUNT + 1n }, 'quote-mismatch', 'stop'],
    ['of less than quoted', { amount: AMOUNT - 1n }, 'quote-mismatch', 'stop'],
    ['with too little ADA to pay out', { output: { lovelace: LOVELACE - 1n } }, 'quote-mismatch', 'stop'],
    [
      'at a staked address of the script',
      { output: { address: addressOf({ payment: { kind: 'script', hash: ESCROW.hash }, stake: { kind: 'key', hash: '11'.repeat(28) } }) } },
      'quote-mismatch',
      'stop',
    ],
    ['with a datum that is none', { output: { inlineDatum: '182a' } }, 'quote-mismatch', 'stop'],
    [
      'that is valid after the quote has expired',
      { transaction: { validUntilMs: world.quoteBody.expiresAt + 1_000 } },
      'quote-mismatch',
      'stop',
    ],
    ['that is valid for ever', { transaction: { validUntilMs: null } }, 'quote-mismatch', 'stop'],
    [
      'of a revoked compute provider',
      { ground: { record: { ...world.record, revokedPeers: [world.quoteBody.computeProvider.peerId] } } },
      'quote-mismatch',
      'stop',
    ],
    ['where there is no network record', { ground: { record: null } }, 'foreign-oracles', 'stop'],
    ['without a quote to compare with', { ground: { quotes: [] } }, 'quote-missing', 'confirm'],
    ['on another quote than there is', { datum: { quoteHash: '22'.repeat(32) } }, 'quote-missing', 'confirm'],
  ];
  test.each(cases)('%s', (_, change, code, level) => {
    const seen = preview(typeof change === 'function' ? change() : change);
    expect(seen.intent).toMatchObject({ kind: 'unrecognised', because: 'script-like-ours' });
    expect(seen.risks).toContainEqual(expect.objectContaining({ code, level }));
  });

  test('on a quote that another key than the agent’s signed, or one for another network', async () => {
    const forged = await world.signQuote(world.quoteBody, 'thief');
    expect(codes(preview({ ground: { quotes: [{ envelope: forged.envelope, title: 'digits' }] } }))).toContain('quote-missing');
    expect(codes(preview({ ground: { network: 'preview' } }))).toContain('quote-missing');
  });

  const mixtures: [string, Change][] = [
    ['with a second output for somebody else', { more: [{ address: world.STRANGER, lovelace: 2_000_000n }] }],
    ['with a withdrawal beside it', { transaction: { withdrawals: [[world.rewardBytes(world.keyHashOf('stake')), 5n]] } }],
    ['with another signer', { transaction: { requiredSigners: [world.keyHashOf('stake')] } }],
    ['with somebody’s money beside it', { transaction: { inputs: [world.RICH, world.FOREIGN] } }],
    ['with collateral', { transaction: { collateral: [world.COLLATERAL] } }],
    ['with a donation', { transaction: { fields: { 22: cborInt(1_000_000n) } } }],
    ['with change under a foreign stake key', { more: [{ address: world.addressFor('payment', 'stranger stake'), lovelace: 2_000_000n }] }],
  ];
  test.each(mixtures)('%s', (_, change) => {
    expect(preview(change).intent).toEqual({ kind: 'unrecognised', because: 'mixture' });
  });

  test('together with a second lock', () => {
    const second = { address: ESCROW_ADDRESS, lovelace: LOVELACE, inlineDatum: encodeDatum(datum) };
    expect(preview({ more: [second] }).intent).toEqual({ kind: 'unrecognised', because: 'script-like-ours' });
  });

  test('at a script that only carries the same datum', () => {
    const seen = preview({ output: { address: world.scriptAddress('5c'.repeat(28)) } });
    expect(seen.intent).toEqual({ kind: 'unrecognised', because: 'script' });
    expect(codes(seen)).toContain('unknown-script');
  });
});
