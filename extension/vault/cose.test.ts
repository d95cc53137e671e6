// CIP-8 as CIP-30 returns it: byte by byte as the standards say, and accepted by the check that web pages use.
import { checkSignature, MeshWallet } from '@meshsdk/core';
import { ed25519 } from '@noble/curves/ed25519.js';
import { addressBytes, addressText } from '@nunet/contracts/chain/address.ts';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { describe, expect, test } from 'vitest';
import { accountOf, addressesOf } from './account-keys.ts';
import { HARD, keyAt, masterKey, publicKeyOf, signExtended } from './bip32-ed25519.ts';
import { coseKey, coseSign1, MAX_PAYLOAD_BYTES, signatureStructure } from '@nunet/contracts/cose.ts';
import { entropyOfWords } from './mnemonic.ts';
import { WORDS } from './sample-vault.ts';

const master = masterKey(entropyOfWords(utf8ToBytes(WORDS)));
const account = accountOf(master, 0, 'first');
const { base, reward } = addressesOf(account);
const keyOf = (role: number): Uint8Array => keyAt(master, [HARD + 1852, HARD + 1815, HARD, role, 0]);
const signed = (key: Uint8Array, address: Uint8Array, payload: Uint8Array) => {
  const signature = signExtended(key, signatureStructure(address, payload));
  return { signature: bytesToHex(coseSign1(address, payload, signature)), key: bytesToHex(coseKey(publicKeyOf(key))) };
};

describe('a signed message', () => {
  test('is made of the structures of CIP-8 and RFC 9052', () => {
    const payload = utf8ToBytes('hi');
    const head = `a2012767616464726573735839${bytesToHex(base)}`;
    // ["Signature1", protected, '', payload]
    expect(bytesToHex(signatureStructure(base, payload))).toBe(`846a5369676e6174757265315846${head}40426869`);
    // [protected, {"hashed": false}, payload, signature]
    expect(bytesToHex(coseSign1(base, payload, new Uint8Array(64)))).toBe(`845846${head}a166686173686564f44268695840${'00'.repeat(64)}`);
    // {1: OKP, 3: EdDSA, -1: Ed25519, -2: key}
    expect(bytesToHex(coseKey(new Uint8Array(32).fill(1)))).toBe(`a4010103272006215820${'01'.repeat(32)}`);
  });

  test('is accepted by Mesh for the payment address and for the reward address', async () => {
    const payload = utf8ToBytes('Sign in to app.example at 12:00');
    const hex = bytesToHex(payload);
    expect(await checkSignature(hex, signed(keyOf(0), base, payload), addressText(base))).toBe(true);
    expect(await checkSignature(hex, signed(keyOf(2), reward, payload), addressText(reward))).toBe(true);
  });

  test('is refused by Mesh for another message or another address', async () => {
    const payload = utf8ToBytes('Sign in');
    const made = signed(keyOf(0), base, payload);
    expect(await checkSignature(bytesToHex(utf8ToBytes('Sign out')), made, addressText(base))).toBe(false);
    expect(await checkSignature(bytesToHex(payload), made, addressText(addressesOf(accountOf(master, 1, 'second')).base))).toBe(false);
  });

  test('of another wallet, which names its key in the headers, is made byte by byte as Mesh makes it', async () => {
    const secret = new Uint8Array(32).fill(7);
    const wallet = new MeshWallet({ networkId: 0, key: { type: 'cli', payment: `5820${bytesToHex(secret)}` } });
    await wallet.init();
    const address = await wallet.getChangeAddress();
    const publicKey = ed25519.getPublicKey(secret);
    const payload = utf8ToBytes('Sign in to app.example at 12:00');
    const signature = ed25519.sign(signatureStructure(addressBytes(address), payload, publicKey), secret);
    expect(await wallet.signData('Sign in to app.example at 12:00', address)).toEqual({
      signature: bytesToHex(coseSign1(addressBytes(address), payload, signature, publicKey)),
      key: bytesToHex(coseKey(publicKey)),
    });
  });

  test('of the longest payload still fits what the pages may hand on', () => {
    expect(coseSign1(base, new Uint8Array(MAX_PAYLOAD_BYTES), new Uint8Array(64)).length).toBeLessThan(8_192);
  });
});
