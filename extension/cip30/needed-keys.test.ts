// Whose signatures a transaction needs: each part of a Conway body that binds a key, each with a twin that binds none.
import { publicKeyHash } from '@nunet/contracts/key-hash.ts';
import { cborArray, cborBytes, cborInt } from '@nunet/contracts/chain/cbor.ts';
import { hexToBytes } from '@noble/hashes/utils.js';
import * as csl from '@emurgo/cardano-serialization-lib-nodejs';
import { describe, expect, test } from 'vitest';
import { neededKeys } from './needed-keys.ts';
import { certificate, keyCredential, sampleTransaction, scriptCredential, type SampleFields } from './sample-transaction.ts';
import { addressOfAccount, sampleAccount, sampleUtxo } from './sample-wallet.ts';

const HASH = 'ab'.repeat(28);
const POOL = 'cd'.repeat(28);
const bytes = (hex: string): Uint8Array => cborBytes(hexToBytes(hex));
const needed = (fields: SampleFields, address: string | null = null): string[] => [
  ...neededKeys(sampleTransaction(fields), () => address).needed,
];
const account = sampleAccount(0);
const { reference } = sampleUtxo();

describe('a key is needed for', () => {
  test('an input and a collateral input of a key, not of a script', () => {
    const own = addressOfAccount(account);
    expect(needed({ inputs: [reference] }, own)).toEqual([publicKeyHash(account.payment)]);
    expect(needed({ collateral: [reference] }, own)).toEqual([publicKeyHash(account.payment)]);
    const script = csl.EnterpriseAddress.new(0, csl.Credential.from_scripthash(csl.ScriptHash.from_hex(HASH)))
      .to_address()
      .to_bech32();
    expect(needed({ inputs: [reference] }, script)).toEqual([]);
  });
  test('a required signer', () => {
    expect(needed({ requiredSigners: [HASH] })).toEqual([HASH]);
  });
  test('a withdrawal of a key, not of a script', () => {
    expect(needed({ withdrawals: [`e0${HASH}`] })).toEqual([HASH]);
    expect(needed({ withdrawals: [`f0${HASH}`] })).toEqual([]);
  });
  test.each([1, 2, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18])('certificate %i of a key, not of a script', (kind) => {
    expect(needed({ certificates: [certificate(kind, keyCredential(HASH), bytes(POOL))] })).toEqual([HASH]);
    expect(needed({ certificates: [certificate(kind, scriptCredential(HASH), bytes(POOL))] })).toEqual([]);
  });
  test('no old stake registration: it wants no signature', () => {
    expect(needed({ certificates: [certificate(0, keyCredential(HASH))] })).toEqual([]);
  });
  test('a pool’s registration by operator and owners, and its retirement', () => {
    const zero = cborInt(0);
    const registration = certificate(
      3,
      bytes(POOL),
      bytes('00'.repeat(32)),
      zero,
      zero,
      zero,
      bytes(`e0${HASH}`),
      cborArray([bytes(HASH)]),
    );
    expect(needed({ certificates: [registration] })).toEqual([POOL, HASH]);
    expect(needed({ certificates: [certificate(4, bytes(POOL), zero)] })).toEqual([POOL]);
  });
  test('a vote by key of a committee member, a DRep or a pool, not by script', () => {
    for (const kind of [0, 2, 4]) expect(needed({ voters: [[kind, HASH]] })).toEqual([HASH]);
    for (const kind of [1, 3]) expect(needed({ voters: [[kind, HASH]] })).toEqual([]);
  });
});

test('keys of native scripts are wanted, at whatever depth, and missing of nobody', () => {
  const key = (hash: string): Uint8Array => cborArray([cborInt(0), bytes(hash)]);
  const all = cborArray([cborInt(1), cborArray([key(HASH), cborArray([cborInt(3), cborInt(1), cborArray([key(POOL)])])])]);
  const keys = neededKeys(sampleTransaction({ scripts: [all] }), () => null);
  expect([...keys.wanted]).toEqual([HASH, POOL]);
  expect(keys.needed.size).toBe(0);
});

test('an unknown certificate is told, so that nobody says that all keys are ours', () => {
  expect(neededKeys(sampleTransaction({ certificates: [certificate(19, bytes(HASH))] }), () => null).hasUnknown).toBe(true);
  expect(neededKeys(sampleTransaction({ certificates: [certificate(18, keyCredential(HASH))] }), () => null).hasUnknown).toBe(false);
});

test('a Byron input is told as unknown', () => {
  expect(neededKeys(sampleTransaction({ inputs: [reference] }), () => '37btjrVyb4KDXBNC4haBVPCrro8AQPHwvCMp3R').hasUnknown).toBe(true);
});

test('another library’s transaction is read the same', () => {
  const inputs = csl.TransactionInputs.new();
  inputs.add(csl.TransactionInput.new(csl.TransactionHash.from_hex(reference.txId), 0));
  const body = csl.TransactionBody.new_tx_body(inputs, csl.TransactionOutputs.new(), csl.BigNum.from_str('170000'));
  const certificates = csl.Certificates.new();
  const drep = csl.Credential.from_keyhash(csl.Ed25519KeyHash.from_hex(publicKeyHash(account.drep)));
  certificates.add(csl.Certificate.new_drep_registration(csl.DRepRegistration.new(drep, csl.BigNum.from_str('500000000'))));
  body.set_certs(certificates);
  const signers = csl.Ed25519KeyHashes.new();
  signers.add(csl.Ed25519KeyHash.from_hex(HASH));
  body.set_required_signers(signers);
  const cbor = csl.Transaction.new(body, csl.TransactionWitnessSet.new()).to_hex();
  const keys = neededKeys(cbor, () => addressOfAccount(account));
  expect(keys.needed).toEqual(new Set([HASH, publicKeyHash(account.payment), publicKeyHash(account.drep)]));
  expect(keys.txId).toBe(csl.FixedTransaction.from_hex(cbor).transaction_hash().to_hex());
});
