// The payout statement as an agent takes it: what each theft would need, one field away from the honest twin.
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { addressOf } from '@nunet/contracts/address.ts';
import { publicKeyHash } from '@nunet/contracts/key-hash.ts';
import { payoutText, type PayoutSignature, type PayoutStatement } from '@nunet/shared/payout-statement.ts';
import { SAMPLE_TIME_MS, samplePeerId } from '@nunet/shared/samples.ts';
import { describe, expect, it, test } from 'vitest';
import { testWallet } from './payout-fixtures.ts';
import { checkPayoutSignature, checkPayoutTime, nextPayout, openPayout, type PayoutContext } from './payout-proof.ts';

const home = testWallet(1);
const thief = testWallet(2);
const next = testWallet(3);
const now = SAMPLE_TIME_MS;
const agent = samplePeerId('agent');
const fresh: PayoutContext = { network: 'preprod', agent, before: null };
const lifetime = { now, lifetimeMs: 86_400_000 };
const { statement, text } = nextPayout(fresh, home.address, lifetime);
const after: PayoutContext = { ...fresh, before: statement };
const changed = nextPayout(after, next.address, lifetime);
const signed = home.sign(text);
const code = (expected: string) => expect.objectContaining({ code: expected }) as Error;
const said = (fields: Partial<PayoutStatement>): string => payoutText({ ...statement, ...fields });

describe('a payout statement', () => {
  it('counts with the signature of its address', () => {
    expect(openPayout([signed], fresh)).toEqual(statement);
  });

  it('changes with both signatures, in any order, and is renewed with one', () => {
    const both = [next.sign(changed.text), home.sign(changed.text)];
    expect(openPayout(both, after)).toEqual(changed.statement);
    expect(openPayout(both.toReversed(), after)).toEqual(changed.statement);
    const renewed = nextPayout(after, home.address, lifetime);
    expect(openPayout([home.sign(renewed.text)], after)).toMatchObject({ sequence: 2, previous: home.address, address: home.address });
  });

  it('is taken from a wallet that names its key in the headers (made by Mesh 1.9.1 with the key 07...07)', () => {
    const address = 'addr_test1qz9jrppy446d7fwntsh23cy55nzutt4jew6yysvnx9tfxyag500utfac3r6wvsygpnvt57a5ht0edjs0n6ejlwvuytnsr6rk90';
    const key = 'a4010103272006215820ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c';
    const signature =
      '845869a30127045820ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c67616464726573735839008b218424ad74df25d35c2ea8e094a4c5c5aeb2cbb442419331569313a8a3dfc5a7b888f4e640880cd8ba7bb4badf96ca0f9eb32fb99c22e7a166686173686564f44568656c6c6f584001450b19e863516721265442fc4482e9afdff99b17afb076f5df129daee4c1ccd0b8ac32494615336100ed77516fd90dda8b1da178d6dc15c6bc13ee3359b108';
    expect(() => checkPayoutSignature({ signature, key }, 'hello', address)).not.toThrow();
    expect(() => checkPayoutSignature({ signature, key }, 'hellO', address)).toThrow(code('payout-proof-encoding'));
  });
});

describe('a stranger', () => {
  test('cannot send pay to another address', () => {
    expect(() => openPayout([thief.sign(text)], fresh)).toThrow(code('payout-proof-key'));
    expect(() => openPayout([thief.sign(text, home.address)], fresh)).toThrow(code('payout-proof-key'));
    const theirs = said({ address: thief.address });
    expect(() => openPayout([home.sign(theirs)], fresh)).toThrow(code('payout-proof-key'));
    expect(() => openPayout([{ ...thief.sign(theirs), key: signed.key }], fresh)).toThrow(code('payout-proof-key'));
    // The wallet's word for itself, with another address in the headers or another stake part.
    expect(() => openPayout([home.sign(text, next.address)], fresh)).toThrow(code('payout-proof-encoding'));
    const unstaked = addressOf({ payment: { kind: 'key', hash: publicKeyHash(signed.key.slice(-64)) } });
    expect(() => openPayout([home.sign(text, unstaked)], fresh)).toThrow(code('payout-proof-encoding'));
    expect(openPayout([home.sign(said({ address: unstaked }), unstaked)], fresh).address).toBe(unstaked);
  });

  test('cannot use it for another peer id', () => {
    expect(() => openPayout([signed], { ...fresh, agent: samplePeerId('other') })).toThrow(code('payout-other-agent'));
  });

  test('cannot use it on another network', () => {
    expect(() => openPayout([signed], { ...fresh, network: 'preview' })).toThrow(code('payout-other-network'));
    expect(openPayout([home.sign(said({ network: 'preview' }))], { ...fresh, network: 'preview' }).network).toBe('preview');
  });

  test('cannot replay an older sequence, or skip one', () => {
    expect(() => openPayout([signed], after)).toThrow(code('payout-sequence'));
    const far = said({ sequence: 3, previous: home.address });
    expect(() => openPayout([home.sign(far)], after)).toThrow(code('payout-sequence'));
  });

  test('cannot change the address without the wallet before', () => {
    expect(() => openPayout([next.sign(changed.text)], after)).toThrow(code('payout-proof-missing'));
    expect(() => openPayout([next.sign(changed.text), next.sign(changed.text)], after)).toThrow(code('payout-proof-key'));
    expect(() => openPayout([next.sign(changed.text), thief.sign(changed.text, home.address)], after)).toThrow(code('payout-proof-key'));
    // A first statement, as if there had been none; and one that follows an address of the thief's.
    expect(() => openPayout([next.sign(said({ address: next.address }))], after)).toThrow(code('payout-sequence'));
    const other = payoutText({ ...changed.statement, previous: thief.address });
    expect(() => openPayout([next.sign(other), thief.sign(other)], after)).toThrow(code('payout-previous'));
  });

  test('cannot change it with the wallet before alone', () => {
    expect(() => openPayout([home.sign(changed.text)], after)).toThrow(code('payout-proof-missing'));
    expect(() => openPayout([home.sign(changed.text), home.sign(changed.text, next.address)], after)).toThrow(code('payout-proof-key'));
  });

  test('cannot join signatures of two statements', () => {
    const other = nextPayout(after, thief.address, lifetime).text;
    expect(() => openPayout([thief.sign(other), home.sign(changed.text)], after)).toThrow(code('payout-proof-differ'));
  });

  const spoilt = (change: (bytes: Uint8Array) => Uint8Array | void): PayoutSignature => {
    const bytes = hexToBytes(signed.signature);
    return { ...signed, signature: bytesToHex(change(bytes) ?? bytes) };
  };
  const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
  const s = (bytes: Uint8Array): bigint => BigInt(`0x${bytesToHex(bytes.slice(-32).toReversed())}`);
  test.each([
    [
      'the same S plus the order of the group',
      spoilt((bytes) => bytes.set(hexToBytes((s(bytes) + ORDER).toString(16).padStart(64, '0')).toReversed(), bytes.length - 32)),
    ],
    ['a flipped bit of the signature', spoilt((bytes) => void (bytes[bytes.length - 40]! ^= 1))],
    ['a byte at its end', spoilt((bytes) => Uint8Array.of(...bytes, 0))],
    ['a tag in front (COSE_Sign1 may have one)', spoilt((bytes) => Uint8Array.of(0xd2, ...bytes))],
    ['an array of indefinite length', spoilt((bytes) => Uint8Array.of(0x9f, ...bytes.slice(1), 0xff))],
    ['"hashed" said to be true', { ...signed, signature: signed.signature.replace('686173686564f4', '686173686564f5') }],
    ['a header more', { ...signed, signature: signed.signature.replace('a166686173686564f4', 'a266686173686564f4613100') }],
    ['another algorithm', { ...signed, signature: signed.signature.replace('a2012767', 'a2012667') }],
    ['a key with another curve', { ...signed, key: signed.key.replace('2006', '2004') }],
    ['a key with a private part', { ...signed, key: `a5${signed.key.slice(2)}235820${'00'.repeat(32)}` }],
    ['no CBOR', { ...signed, signature: 'ff' }],
    ['an empty signature', { ...signed, signature: '84404040 40'.replace(' ', '') }],
    ['a short key', { ...signed, key: '00' }],
  ])('cannot alter the encoding: %s', (_, proof) => {
    expect(() => openPayout([proof], fresh)).toThrow(/^Cannot (take|read) the payout statement: .*, want|want the text/);
  });

  test('cannot use a statement that has expired, or one that never would', () => {
    expect(() => checkPayoutTime(statement, now)).not.toThrow();
    expect(() => checkPayoutTime(statement, statement.expiresAt)).toThrow(code('payout-expired'));
    expect(() => checkPayoutTime({ ...statement, expiresAt: now + 3 * 366 * 86_400_000 }, now)).toThrow(code('payout-too-long'));
  });

  test('cannot name a script’s address, which signs nothing', () => {
    const script = addressOf({ payment: { kind: 'script', hash: 'ab'.repeat(28) } });
    expect(() => openPayout([home.sign(said({ address: script }), script)], fresh)).toThrow(code('payout-proof-script'));
  });
});
