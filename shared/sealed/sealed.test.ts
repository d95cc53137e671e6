// Sealed delivery: what an honest agent seals opens and proves nothing; anything else is refused before the voucher, or proved after K.
import { createCipheriv, createHash, createHmac, hkdfSync } from 'node:crypto';
import { gcm } from '@noble/ciphers/aes.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { keyHashOf } from '../agreement.ts';
import { blake2b256, cidOf, decode, encode } from '../encoding.ts';
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_BLOCK_BYTES } from '../file-dag.ts';
import type { Manifest } from '../manifest.ts';
import { openBlock, sealBlock, commitmentOf } from './block.ts';
import { deliveredTree } from './delivered-tree.ts';
import { cheatingFixture, opened, sealedFixture, type SealedFixture } from './fixtures.ts';
import { deliveryProblem, sealedFiles } from './manifest-delivery.ts';
import { leafHash, merkleRoot, pathOf, rootFrom, type Leaf } from './merkle.ts';
import { NOTHING_SEALED } from './seal-outputs.ts';
import { fileSecret } from './secret.ts';
import { plaintextBytes, SEALED_BLOCK_BYTES, sealedBlocks, sealedBytes } from './size.ts';
import {
  MAX_WRONG_PLAINTEXT_BYTES,
  proveWrongPlaintext,
  wrongPlaintext,
  wrongPlaintextProblem,
  type WrongPlaintext,
} from './wrong-plaintext.ts';

const K = '5a'.repeat(32);
const OTHER_K = '5b'.repeat(32);
const bytesOf = (length: number, seed = 1): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 17 + (i >> 8)) & 255);
const signed = (body: Manifest): { body: Manifest; cid: string } => ({ body, cid: cidOf(encode(body)) });
const openProof = (bytes: Uint8Array): WrongPlaintext =>
  decode(wrongPlaintext, bytes, { name: 'proof', maxBytes: MAX_WRONG_PLAINTEXT_BYTES });
const at = <T>(list: readonly T[], index: number): T => {
  const item = list[index];
  if (item === undefined) throw new Error(`nothing at ${index}`);
  return item;
};

describe('a block', () => {
  test('is the same bytes under a second implementation: key, ciphertext, tag, commitment', async () => {
    const jobId = (await sealedFixture(K, { a: bytesOf(1) })).manifest.jobId;
    const info = (purpose: string) => Buffer.from(`${purpose}model.onnx`);
    const key = new Uint8Array(hkdfSync('sha256', hexToBytes(K), jobId, info('nunet/sealed/file/1'), 32));
    const salt = new Uint8Array(hkdfSync('sha256', hexToBytes(K), jobId, info('nunet/sealed/salt/1'), 32));
    const secret = await fileSecret(K, jobId, 'model.onnx');
    const plaintext = bytesOf(1000);
    for (const place of [
      { index: 0, isLast: false },
      { index: 258, isLast: true },
    ]) {
      const { ciphertext, commitment } = await sealBlock(secret, place, plaintext);
      const nonce = Buffer.alloc(12);
      nonce.writeUInt32BE(place.index, 8);
      const number = nonce.subarray(8);
      const aad = Buffer.concat([Buffer.from(`nunet/sealed/block/1\0${jobId}\0model.onnx\0`), number, Buffer.of(place.isLast ? 1 : 0)]);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(aad);
      const expected = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
      expect(bytesToHex(ciphertext)).toBe(expected.toString('hex'));
      expect(bytesToHex(ciphertext)).toBe(bytesToHex(gcm(key, nonce, aad).encrypt(plaintext)));
      expect(bytesToHex(commitment)).toBe(createHmac('sha256', salt).update(number).update(plaintext).digest('hex'));
      expect(bytesToHex(commitment)).toBe(bytesToHex(hmac(sha256, salt, concatBytes(number, plaintext))));
      expect(await openBlock(secret, place, ciphertext)).toEqual(plaintext);
    }
    expect(keyHashOf(K)).toBe(bytesToHex(blake2b256(hexToBytes(K))));
  });

  test('cannot be opened at another place, as the end or not the end, in another file, job or under another key', async () => {
    const jobId = 'bafyjob';
    const secret = await fileSecret(K, jobId, 'a');
    const { ciphertext } = await sealBlock(secret, { index: 1, isLast: false }, bytesOf(100));
    expect(await openBlock(secret, { index: 1, isLast: false }, ciphertext)).toEqual(bytesOf(100));
    expect(await openBlock(secret, { index: 2, isLast: false }, ciphertext)).toBeNull();
    expect(await openBlock(secret, { index: 1, isLast: true }, ciphertext)).toBeNull();
    expect(await openBlock(await fileSecret(K, jobId, 'b'), { index: 1, isLast: false }, ciphertext)).toBeNull();
    expect(await openBlock(await fileSecret(K, 'bafyother', 'a'), { index: 1, isLast: false }, ciphertext)).toBeNull();
    expect(await openBlock(await fileSecret(OTHER_K, jobId, 'a'), { index: 1, isLast: false }, ciphertext)).toBeNull();
    for (const short of [0, 1, 15]) expect(await openBlock(secret, { index: 1, isLast: false }, ciphertext.subarray(0, short))).toBeNull();
  });

  test('cannot be guessed from its commitment without the key, even where its plaintext is known to be one of two', async () => {
    const of = async (key: string, plaintext: Uint8Array) =>
      bytesToHex(await commitmentOf(await fileSecret(key, 'bafyjob', 'a'), 0, plaintext));
    expect(await of(K, Uint8Array.of(0))).not.toBe(await of(OTHER_K, Uint8Array.of(0)));
    expect(await of(K, Uint8Array.of(0))).not.toBe(await of(K, Uint8Array.of(1)));
  });
});

test('a ciphertext of each size has one plaintext size, and no file has a size that no plaintext gives', () => {
  for (const plain of [0, 1, SEALED_BLOCK_BYTES - 1, SEALED_BLOCK_BYTES, SEALED_BLOCK_BYTES + 1, 5 * SEALED_BLOCK_BYTES]) {
    expect(plaintextBytes(sealedBytes(plain))).toBe(plain);
    expect(Math.ceil(sealedBytes(plain) / MAX_BLOCK_BYTES)).toBe(sealedBlocks(plain));
  }
  for (const none of [0, 15, MAX_BLOCK_BYTES + 1, MAX_BLOCK_BYTES + 16, 3 * MAX_BLOCK_BYTES + 7]) expect(plaintextBytes(none)).toBeNull();
  fc.assert(fc.property(fc.nat(2 ** 32), (plain) => plaintextBytes(sealedBytes(plain)) === plain));
});

describe('the committed tree', () => {
  const leaf = (i: number): Leaf => ({
    name: 'f',
    index: i,
    isLast: false,
    ciphertextHash: bytesToHex(sha256(Uint8Array.of(i))),
    commitment: '11'.repeat(32),
  });
  test('every leaf leads to the root by its path, and no other leaf does', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), fc.nat(), (count, any) => {
        const leaves = Array.from({ length: count }, (_, i) => leaf(i));
        const position = any % count;
        const root = merkleRoot(leaves);
        const path = pathOf(leaves, position);
        expect(rootFrom(at(leaves, position), path)).toBe(root);
        expect(rootFrom({ ...leaf(position), commitment: '12'.repeat(32) }, path)).not.toBe(root);
        expect(rootFrom({ ...leaf(position), isLast: true }, path)).not.toBe(root);
        expect(path.length).toBeLessThanOrEqual(Math.ceil(Math.log2(count)));
      }),
    );
  });
  test('cannot pass an inner node off as a leaf: their hashes begin with another byte', () => {
    const [a, b] = [leaf(0), leaf(1)];
    expect(merkleRoot([a, b])).toBe(createHash('sha256').update(Uint8Array.of(1)).update(leafHash(a)).update(leafHash(b)).digest('hex'));
    const text = utf8ToBytes('f');
    const bytes = concatBytes(Uint8Array.of(0, 1), text, new Uint8Array(5), hexToBytes(a.ciphertextHash), hexToBytes(a.commitment));
    expect(bytesToHex(leafHash(a))).toBe(createHash('sha256').update(bytes).digest('hex'));
  });
});

/** Sizes around the ends of blocks. */
const sizes = fc.oneof(fc.constantFrom(0, 1, SEALED_BLOCK_BYTES, SEALED_BLOCK_BYTES + 1), fc.nat(2 * SEALED_BLOCK_BYTES + 5));
const deliveries = fc.dictionary(fc.constantFrom('a', 'b.npy', 'model.onnx'), sizes, { minKeys: 1, maxKeys: 3 });
const plainOf = (plan: Record<string, number>): Record<string, Uint8Array> =>
  Object.fromEntries(Object.entries(plan).map(([name, size], i) => [name, bytesOf(size, i)]));
const made = (plan: Record<string, number>): Promise<SealedFixture> => sealedFixture(K, plainOf(plan));

describe('an honest delivery', () => {
  test('opens to what was sealed, with the CIDs of the readable files; no block of it is ever a proof', async () => {
    await fc.assert(
      fc.asyncProperty(deliveries, async (plan) => {
        const fixture = await made(plan);
        expect(deliveryProblem(fixture.manifest)).toBeNull();
        expect(sealedFiles(fixture.manifest)).toHaveLength(Object.keys(plan).length + 1);
        const { opening, files } = await opened(fixture, K);
        expect(opening.type).toBe('opened');
        for (const [i, [name, size]] of Object.entries(plan).entries()) expect(Buffer.compare(files[name]!, bytesOf(size, i))).toBe(0);
        const leaves = await deliveredTree(fixture.manifest, fixture.store);
        for (const [position, { name, index }] of leaves.entries()) {
          const { cid } = fixture.manifest.outputs.find((file) => file.name === name)!;
          const proof = proveWrongPlaintext(fixture.manifest, K, leaves, position, await fixture.store.block(cid, index));
          expect(await wrongPlaintextProblem(proof, signed(fixture.manifest))).toBe('the block opens to what was committed to');
        }
      }),
      { numRuns: 15 },
    );
  });

  test('without outputs commits to nothing, and so does a fault', async () => {
    const { manifest } = await made({ a: 3 });
    expect(deliveryProblem({ ...manifest, outputs: [], delivery: NOTHING_SEALED })).toBeNull();
    const exit = { kind: 'jobFault' as const, code: 'nan', message: '' };
    expect(deliveryProblem({ exit, outputs: [], delivery: NOTHING_SEALED })).toBeNull();
    expect(deliveryProblem({ ...manifest, exit })).toContain('delivers no outputs');
  });

  test('cannot be opened with another key', async () => {
    await expect(opened(await made({ a: 3 }), OTHER_K)).rejects.toMatchObject({ code: 'key-wrong' });
  });
});

describe('before the voucher', () => {
  test('cannot be made to agree to commitments, or to ciphertext, that the manifest does not commit to', async () => {
    const { manifest, store, sealed } = await made({ a: SEALED_BLOCK_BYTES + 7, b: 9 });
    await expect(deliveredTree(manifest, store)).resolves.toHaveLength(3);
    const leaves = store.files.get(manifest.delivery.leaves!.cid)!;
    const kept = leaves.blocks[0]!;
    leaves.blocks[0] = kept.map((byte, i) => (i === 40 ? byte ^ 1 : byte));
    await expect(deliveredTree(manifest, store)).rejects.toMatchObject({ code: 'outputs-wrong' });
    leaves.blocks[0] = kept;
    // The agent commits to other ciphertext than it delivers.
    const other = await sealedFixture(K, { a: bytesOf(SEALED_BLOCK_BYTES + 7, 9), b: bytesOf(9) });
    const mixed = { ...manifest, outputs: other.manifest.outputs };
    for (const [cid, file] of other.store.files) store.files.set(cid, file);
    await expect(deliveredTree(mixed, store)).rejects.toMatchObject({ code: 'outputs-wrong' });
    expect(sealed).toHaveLength(2);
  });

  test.each<[string, (m: Manifest) => Manifest]>([
    ['no key hash', (m) => ({ ...m, delivery: { ...m.delivery, keyHash: '0'.repeat(64) } })],
    ['no plaintext root', (m) => ({ ...m, delivery: { ...m.delivery, plaintextRoot: '0'.repeat(64) } })],
    ['no commitments', ({ delivery: { leaves: _, ...delivery }, ...m }) => ({ ...m, delivery })],
    ['too few commitments', (m) => ({ ...m, delivery: { ...m.delivery, leaves: { ...m.delivery.leaves!, bytes: 32 } } })],
    ['an output twice', (m) => ({ ...m, outputs: [...m.outputs, ...m.outputs] })],
    ['a size of no sealed file', (m) => ({ ...m, outputs: m.outputs.map((file) => ({ ...file, bytes: 15 })) })],
    ['open delivery', (m) => ({ ...m, delivery: { ...m.delivery, kind: 'open' } })],
  ])('cannot be made to agree to a manifest with %s', async (_, change) => {
    const { manifest, store } = await made({ a: 9, b: 9 });
    expect(deliveryProblem(change(manifest))).not.toBeNull();
    await expect(deliveredTree(change(manifest), store)).rejects.toMatchObject({ code: 'outputs-wrong' });
  });
});

describe('a delivery other than the committed one', () => {
  test.each(['ciphertext', 'commitment'] as const)('is proved by one block, whatever bit of the %s differs', async (what) => {
    await fc.assert(
      fc.asyncProperty(deliveries, fc.nat(2 ** 20), async (plan, any) => {
        const fixture = await cheatingFixture(K, plainOf(plan), any, what);
        const { opening } = await opened(fixture, K);
        expect(opening).toMatchObject({ type: 'wrong', file: fixture.file });
        if (opening.type !== 'wrong') return;
        expect(opening.proof.length).toBeLessThanOrEqual(MAX_WRONG_PLAINTEXT_BYTES);
        expect(await wrongPlaintextProblem(openProof(opening.proof), signed(fixture.manifest))).toBeNull();
      }),
      { numRuns: 15 },
    );
  });

  test('cannot be invented: no forged proof against an honest manifest holds', async () => {
    const fixture = await made({ a: 2 * SEALED_BLOCK_BYTES + 5, b: 40 });
    const { manifest, store } = fixture;
    const leaves = await deliveredTree(manifest, store);
    const blocks = await Promise.all(
      leaves.map(({ name, index }) => store.block(manifest.outputs.find((file) => file.name === name)!.cid, index)),
    );
    const cheated = await cheatingFixture(K, plainOf({ a: 2 * SEALED_BLOCK_BYTES + 5, b: 40 }), 7, 'commitment');
    const foreign = (await opened(cheated, K)).opening;
    const hex32 = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytesToHex);
    const changes = fc.record(
      {
        key: fc.oneof(fc.constant(OTHER_K), hex32),
        file: fc.constantFrom('a', 'b', 'c'),
        index: fc.nat(3),
        isLast: fc.boolean(),
        ciphertext: fc.oneof(fc.constantFrom(...blocks), fc.uint8Array({ maxLength: 64 }), fc.constant(at(blocks, 0).subarray(1))),
        commitment: fc.oneof(hex32, fc.constantFrom(...leaves.map(({ commitment }) => commitment))),
        path: fc.oneof(
          fc.constantFrom(...leaves.map((_, i) => pathOf(leaves, i))),
          fc.array(fc.record({ side: fc.constantFrom('left' as const, 'right' as const), hash: hex32 }), { maxLength: 5 }),
        ),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(leaves.length - 1), changes, async (position, change) => {
        const proof = { ...proveWrongPlaintext(manifest, K, leaves, position, at(blocks, position)), ...change };
        expect(await wrongPlaintextProblem(proof, signed(manifest))).not.toBeNull();
      }),
      { numRuns: 400 },
    );
    if (foreign.type !== 'wrong') throw new Error('the cheat was not found');
    const real = openProof(foreign.proof);
    expect(await wrongPlaintextProblem(real, signed(cheated.manifest))).toBeNull();
    expect(await wrongPlaintextProblem(real, signed(manifest))).toBe('it is about another manifest');
    expect(await wrongPlaintextProblem({ ...real, manifestCid: signed(manifest).cid }, signed(manifest))).not.toBeNull();
  });

  test('cannot be proved by more than a block or a path of more than 40 nodes: those are not even read', async () => {
    const { manifest, store } = await made({ a: 5 });
    const leaves = await deliveredTree(manifest, store);
    const proof = proveWrongPlaintext(manifest, K, leaves, 0, await store.block(at(manifest.outputs, 0).cid, 0));
    const sibling = { side: 'left' as const, hash: '11'.repeat(32) };
    expect(() => openProof(encode({ ...proof, ciphertext: new Uint8Array(MAX_BLOCK_BYTES + 1) }))).toThrow();
    expect(() => openProof(encode({ ...proof, path: Array.from({ length: 41 }, () => sibling) }))).toThrow();
    const largest = {
      ...proof,
      ciphertext: new Uint8Array(MAX_BLOCK_BYTES),
      path: Array.from({ length: 40 }, () => ({ ...sibling, side: 'right' as const })),
    };
    expect(openProof(encode(largest)).path).toHaveLength(40);
  });
});
