// Whom a person may pay: each wrong address with its own reason.
import { base58, bech32, bech32m } from '@scure/base';
import { sha256 } from '@noble/hashes/sha2.js';
import { hexToBytes } from '@noble/hashes/utils.js';
import { addressOf } from '@nunet/contracts/address.ts';
import { ESCROW_ADDRESS } from '@nunet/contracts/script.ts';
import { newPerson } from '@nunet/contracts/thefts/cast.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkAddress } from './address-check.ts';

const own = newPerson().address;
const friend = newPerson().address;
const known = { own: [own], contacts: [{ name: 'Ana', address: friend }] };
const reasonOf = (text: string): string => {
  const verdict = checkAddress(text, known);
  return verdict.ok ? 'ok' : verdict.reason;
};
const of = (header: number, length: number, prefix = 'addr_test'): string =>
  bech32.encode(prefix, bech32.toWords(Uint8Array.from({ length }, (_, index) => (index === 0 ? header : index))), false);

/** CIP-19's test vectors, with the network in the name. */
const CIP19 = {
  mainnetBase: 'addr1qx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzer3n0d3vllmyqwsx5wktcd8cc3sq835lu7drv2xwl2wywfgse35a3x',
  testBase: 'addr_test1qz2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzer3n0d3vllmyqwsx5wktcd8cc3sq835lu7drv2xwl2wywfgs68faae',
  testScript: 'addr_test1zrphkx6acpnf78fuvxn0mkew3l0fd058hzquvz7w36x4gten0d3vllmyqwsx5wktcd8cc3sq835lu7drv2xwl2wywfgsxj90mg',
  testPointer: 'addr_test1gz2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzerspqgpsqe70et',
  testEnterprise: 'addr_test1vz2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzerspjrlsz',
  testStake: 'stake_test1uqehkck0lajq8gr28t9uxnuvgcqrc6070x3k9r8048z8y5gssrtvn',
};

describe('an address that may be paid', () => {
  test('is a base or enterprise address of a key on a test network, also in capitals and with blanks around it', () => {
    expect(checkAddress(` ${CIP19.testBase}\n`, known)).toEqual({ ok: true, address: CIP19.testBase, isOwn: false, contact: null });
    expect(reasonOf(CIP19.testEnterprise)).toBe('ok');
    expect(checkAddress(CIP19.testBase.toUpperCase(), known)).toMatchObject({ ok: true, address: CIP19.testBase });
  });

  test('is named where it is known', () => {
    expect(checkAddress(own, known)).toMatchObject({ ok: true, isOwn: true, contact: null });
    expect(checkAddress(friend, known)).toMatchObject({ ok: true, isOwn: false, contact: 'Ana' });
  });

  test('any address that the wallet makes is one', () => {
    const hash = fc.uint8Array({ minLength: 28, maxLength: 28 }).map((bytes) => Buffer.from(bytes).toString('hex'));
    fc.assert(
      fc.property(hash, hash, fc.boolean(), (payment, stake, isBase) => {
        const address = addressOf({ payment: { kind: 'key', hash: payment }, ...(isBase ? { stake: { kind: 'key', hash: stake } } : {}) });
        expect(checkAddress(address, { own: [], contacts: [] })).toMatchObject({ ok: true, address });
      }),
    );
  });
});

describe('an address that may not', () => {
  test('cannot be of another network', () => {
    expect(reasonOf(CIP19.mainnetBase)).toBe('other-network');
    expect(reasonOf(CIP19.mainnetBase.slice(0, 40))).toBe('other-network');
    // A test prefix over main net bytes.
    expect(reasonOf(of(0x01, 57))).toBe('other-network');
  });
  test('cannot be a Byron address', () => {
    const byron = base58.encode(hexToBytes(`82d818582183581c${'ab'.repeat(28)}a0001a12345678`));
    expect(reasonOf(byron)).toBe('byron');
    expect(reasonOf('Ae2tdPwUPEZFRbyhz3cpfC2CumGzNkFBN2L42rcUc2yjQpEkxDbkPodpMAi')).toBe('byron');
  });
  test('cannot be a script', () => {
    expect(reasonOf(CIP19.testScript)).toBe('script');
    expect(reasonOf(ESCROW_ADDRESS)).toBe('script');
  });
  test('cannot be a stake address or a pointer', () => {
    expect(reasonOf(CIP19.testStake)).toBe('stake-address');
    expect(reasonOf(CIP19.testPointer)).toBe('pointer');
  });
  test('cannot be cut short, with dots or without', () => {
    for (let length = 12; length < CIP19.testBase.length; length++)
      expect(['truncated', 'checksum']).toContain(reasonOf(CIP19.testBase.slice(0, length)));
    expect(reasonOf(CIP19.testBase.slice(0, 70))).toBe('truncated');
    expect(reasonOf(`${CIP19.testBase.slice(0, 16)}…${CIP19.testBase.slice(-6)}`)).toBe('truncated');
    expect(reasonOf(`${CIP19.testBase.slice(0, 16)}...${CIP19.testBase.slice(-6)}`)).toBe('truncated');
    expect(reasonOf(of(0x00, 56))).toBe('truncated');
    expect(reasonOf(of(0x60, 28))).toBe('truncated');
  });
  test('cannot have more than an address has', () => {
    expect(reasonOf(`${CIP19.testBase}qq`)).toBe('too-long');
    expect(reasonOf(of(0x60, 57))).toBe('too-long');
    expect(reasonOf('a'.repeat(1_000_000))).toBe('too-long');
  });
  test('cannot be in mixed case', () => {
    expect(reasonOf(CIP19.testBase.slice(0, 50) + CIP19.testBase.slice(50).toUpperCase())).toBe('mixed-case');
  });
  test('cannot have one character changed, wherever it is', () => {
    for (let at = 'addr_test1'.length; at < CIP19.testBase.length; at++) {
      const other = CIP19.testBase[at] === 'q' ? 'p' : 'q';
      expect(reasonOf(CIP19.testBase.slice(0, at) + other + CIP19.testBase.slice(at + 1))).toBe('checksum');
    }
    // Characters that bech32 has not.
    expect(reasonOf(CIP19.testBase.replace('z', 'b'))).toBe('checksum');
  });
  test('cannot have the checksum of another standard', () => {
    const { prefix, words } = bech32.decode(CIP19.testBase as `${string}1${string}`, 200);
    expect(reasonOf(bech32m.encode(prefix, words, false))).toBe('bech32m');
  });
  test('cannot hide characters', () => {
    expect(reasonOf(`${CIP19.testBase.slice(0, 20)}\u200b${CIP19.testBase.slice(20)}`)).toBe('hidden-characters');
    expect(reasonOf(`\u202e${CIP19.testBase}`)).toBe('hidden-characters');
    expect(reasonOf(`${CIP19.testBase.slice(0, 20)} ${CIP19.testBase.slice(20)}`)).toBe('hidden-characters');
  });
  test('cannot be something else', () => {
    expect(reasonOf('')).toBe('empty');
    expect(reasonOf('  ')).toBe('empty');
    expect(reasonOf('$handle')).toBe('not-an-address');
    expect(reasonOf('0x52908400098527886E0F7030069857D2E4169EE7')).toBe('not-an-address');
    expect(reasonOf('bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq')).toBe('not-an-address');
    expect(reasonOf(of(0x00, 57, 'pool'))).toBe('not-an-address');
    expect(reasonOf(of(0x90, 57))).toBe('not-an-address');
  });
  test('cannot begin and end as one that is known, and be another', () => {
    const [real, like] = lookAlikes();
    const contacts = [{ name: 'Ana', address: real }];
    expect(checkAddress(like, { own: [], contacts })).toEqual({ ok: false, reason: 'look-alike', like: real });
    expect(checkAddress(like, { own: [real], contacts: [] })).toEqual({ ok: false, reason: 'look-alike', like: real });
    expect(checkAddress(like, { own: [], contacts: [] }).ok).toBe(true);
    expect(checkAddress(real, { own: [], contacts })).toMatchObject({ ok: true, contact: 'Ana' });
  });
});

/** Two addresses with the same beginning and the same four characters at the end: among a few thousand there are always some. */
function lookAlikes(): [string, string] {
  const seen = new Map<string, string>();
  for (let word = 0; word < 32 ** 3; word++) {
    const { words } = bech32.decode(CIP19.testBase as `${string}1${string}`, 200);
    // Many places that change at once: the code has no two close ones with equal ends.
    const digest = sha256(Uint8Array.of(word & 255, word >> 8));
    for (let place = 20; place < 50; place++) words[place] = (digest[place - 20] ?? 0) & 31;
    const made = bech32.encode('addr_test', words, false);
    const other = seen.get(made.slice(-4));
    if (other !== undefined) return [other, made];
    seen.set(made.slice(-4), made);
  }
  throw new Error('no look-alikes were found');
}
