// What waits for the person: one transaction a job, answered once, by the right key over the right bytes, or by nobody.
import { cborArray, cborBytes, cborInt, cborMap } from '@nunet/contracts/chain/cbor.ts';
import { transactionId, type KeyWitness } from '@nunet/contracts/sign.ts';
import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { expect, test } from 'vitest';
import { ownWitness, signings } from './signings.ts';

const key = ed25519.utils.randomSecretKey();
const publicKey = bytesToHex(ed25519.getPublicKey(key));
const never = new AbortController().signal;

/** A transaction that differs from others in its fee alone. */
const transaction = (fee: number): string =>
  bytesToHex(
    cborArray([
      cborMap([
        [cborInt(0), cborArray([cborArray([cborBytes(hexToBytes('01'.repeat(32))), cborInt(0)])])],
        [cborInt(1), cborArray([])],
        [cborInt(2), cborInt(fee)],
      ]),
      cborMap([]),
      Uint8Array.of(0xf5),
      Uint8Array.of(0xf6),
    ]),
  );
const witness = (cbor: string, by = key): KeyWitness => ({
  publicKey: bytesToHex(ed25519.getPublicKey(by)),
  signature: bytesToHex(ed25519.sign(hexToBytes(transactionId(cbor)), by)),
});

const request = (jobId: string, cbor = transaction(1)) => ({
  jobId,
  title: jobId,
  account: 0,
  cbor,
  grant: { jobId, keyId: '00'.repeat(16), budgetBaseUnits: 1n, computeProvider: '' },
  expiresAtMs: 1,
});

function begin() {
  const told: number[] = [];
  const waiting = signings({ random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)), onChange: () => told.push(told.length) });
  return { waiting, told };
}

test('jobs wait beside each other, the oldest first, and each is answered for itself', async () => {
  const { waiting, told } = begin();
  const one = waiting.ask(request('one', transaction(1)), publicKey, never);
  const two = waiting.ask(request('two', transaction(2)), publicKey, never);
  expect(waiting.list().map(({ jobId }) => jobId)).toEqual(['one', 'two']);
  expect(told).toHaveLength(2);
  const [, second] = waiting.list();
  waiting.answer(second?.signingId ?? '', [witness(transaction(2))]);
  expect(await two).toEqual(witness(transaction(2)));
  expect(waiting.list().map(({ jobId }) => jobId)).toEqual(['one']);
  waiting.answer(waiting.list()[0]?.signingId ?? '', null);
  await expect(one).rejects.toMatchObject({ code: 'signing-refused' });
  expect(waiting.list()).toEqual([]);
});

test('cannot ask for a second signature of a job while one is waited for', async () => {
  const { waiting } = begin();
  const stop = new AbortController();
  const first = waiting.ask(request('one'), publicKey, stop.signal);
  await expect(waiting.ask(request('one', transaction(2)), publicKey, never)).rejects.toMatchObject({ code: 'signing-open' });
  expect(waiting.list()).toHaveLength(1);
  stop.abort(new Error('the network is another'));
  await expect(first).rejects.toThrow('the network is another');
  expect(waiting.list()).toEqual([]);
});

test('cannot be answered twice, after its end, or by a number that nobody was told', async () => {
  const { waiting } = begin();
  const stop = new AbortController();
  const asked = waiting.ask(request('one'), publicKey, stop.signal);
  const { signingId = '' } = waiting.list()[0] ?? {};
  expect(signingId).toMatch(/^[0-9a-f]{32}$/);
  expect(() => waiting.answer('00'.repeat(16), null)).toThrow(expect.objectContaining({ code: 'signing-gone' }));
  waiting.answer(signingId, [witness(transaction(1))]);
  // Before whoever asked has even heard of it.
  expect(() => waiting.answer(signingId, null)).toThrow(expect.objectContaining({ code: 'signing-gone' }));
  await asked;
});

test('cannot take a witness of other bytes, of another key, of none, or with one more beside it', () => {
  const cbor = transaction(1);
  const other = ed25519.utils.randomSecretKey();
  expect(ownWitness(cbor, publicKey, [witness(cbor)])).toEqual(witness(cbor));
  for (const witnesses of [
    [],
    [witness(transaction(2))],
    [witness(cbor, other)],
    [{ ...witness(cbor, other), publicKey }],
    [witness(cbor), witness(cbor, other)],
    [witness(cbor, other), witness(cbor)],
  ])
    expect(() => ownWitness(cbor, publicKey, witnesses)).toThrow(expect.objectContaining({ code: 'witness-invalid' }));
});
