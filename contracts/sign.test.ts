import { ed25519 } from '@noble/curves/ed25519.js';
import { hexToBytes } from '@noble/hashes/utils.js';
import { describe, expect, test } from 'vitest';
import { NunetError } from '@nunet/shared/errors.ts';
import { cborArray, cborBytes, cborInt, cborMap, CBOR_NULL, CBOR_TRUE } from './chain/cbor.ts';
import { readTransactionHex } from './chain/transaction.ts';
import { addWitnesses, keyHash, signTransaction, transactionId } from './sign.ts';
import { newPerson, publicKeyOf } from './thefts/cast.ts';

const body = cborMap([
  [cborInt(0), cborArray([cborArray([cborBytes(new Uint8Array(32)), cborInt(0)])])],
  [cborInt(1), cborArray([])],
  [cborInt(2), cborInt(170_000)],
]);
const unsigned = Buffer.from(cborArray([body, cborMap([]), CBOR_TRUE, CBOR_NULL])).toString('hex');
const [alice, bob] = [newPerson(), newPerson()];

describe('signing', () => {
  test('leaves the id alone and adds signatures that verify', () => {
    const signed = signTransaction(unsigned, [alice.secret, bob.secret]);
    expect(transactionId(signed)).toBe(transactionId(unsigned));
    expect(readTransactionHex(signed).signers.toSorted()).toEqual([publicKeyOf(alice.secret), publicKeyOf(bob.secret)].toSorted());
    const id = hexToBytes(transactionId(unsigned));
    for (const { secret } of [alice, bob]) {
      const signature = Buffer.from(ed25519.sign(id, hexToBytes(secret))).toString('hex');
      expect(signed).toContain(publicKeyOf(secret) + '5840' + signature);
    }
  });

  test('one after the other gives the same signers; the same key twice counts once', () => {
    const twice = signTransaction(signTransaction(unsigned, [alice.secret]), [bob.secret, alice.secret]);
    expect(readTransactionHex(twice).signers).toHaveLength(2);
  });

  test('a witness that is replaced is gone', () => {
    const publicKey = publicKeyOf(alice.secret);
    const wrong = addWitnesses(unsigned, [{ publicKey, signature: '00'.repeat(64) }]);
    expect(addWitnesses(wrong, [{ publicKey, signature: '11'.repeat(64) }])).not.toContain('00'.repeat(64));
  });

  test('a key hash is what an address holds', () => {
    expect(keyHash(alice.secret)).toBe(alice.keyHash);
  });

  test.each([
    ['another thing', '80'],
    ['three parts', Buffer.from(cborArray([body, cborMap([]), CBOR_TRUE])).toString('hex')],
    ['cut bytes', unsigned.slice(0, -2)],
  ])('cannot sign %s', (_, cbor) => {
    expect(() => signTransaction(cbor, [alice.secret])).toThrow(NunetError);
  });
});
