// Metadata of minting transactions, honest and hostile.
import { base64 } from '@scure/base';
import { bytesToHex } from '@noble/hashes/utils.js';
import { cborArray, cborBytes, cborInt, cborMap, cborTag, cborText, readCbor } from '@nunet/contracts/chain/cbor.ts';
import type { Transaction, TransactionOutput } from '@nunet/contracts/chain/transaction.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { imageAt, metadataOf } from './token-metadata.ts';

const policyId = 'ab'.repeat(28);
const hex = (text: string): string => Buffer.from(text).toString('hex');
const ART = { policyId, assetName: hex('Art') };
const PNG = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1, 2, 3);
const uri = (bytes: Uint8Array, type = 'image/png'): string => `data:${type};base64,${base64.encode(bytes)}`;
const chunks = (text: string): Uint8Array => cborArray((text.match(/.{1,64}/gs) ?? []).map(cborText));

const transaction = (more: Partial<Transaction>): Transaction =>
  ({ isValid: true, mint: [{ ...ART, quantity: 1n }], metadata: [], outputs: [], datums: new Map(), ...more }) as unknown as Transaction;
/** CIP-25 metadata of Art. */
const cip25 = (fields: [Uint8Array, Uint8Array][], asBytes = false): Transaction => {
  const key = (text: string, bytes: string): Uint8Array => (asBytes ? cborBytes(Buffer.from(bytes, 'hex')) : cborText(text));
  const names = cborMap([[key('Art', ART.assetName), cborMap(fields)]]);
  return transaction({ metadata: [[721n, readCbor(cborMap([[key(policyId, policyId), names]]))]] });
};
const name = (text: string): [Uint8Array, Uint8Array] => [cborText('name'), cborText(text)];
const image = (text: string): [Uint8Array, Uint8Array] => [cborText('image'), chunks(text)];

describe('CIP-25', () => {
  test('names its token, with policy and name as text or as bytes', () => {
    for (const asBytes of [false, true])
      expect(metadataOf(cip25([name('The Art'), [cborText('decimals'), cborInt(2)]], asBytes), ART)).toEqual({
        name: 'The Art',
        decimals: 2,
        image: null,
      });
  });
  test('gives a raster image that is in it, and says of others that they are elsewhere', () => {
    expect(metadataOf(cip25([image(uri(PNG))]), ART)?.image).toEqual({ type: 'image/png', bytes: PNG });
    expect(metadataOf(cip25([image('ipfs://QmRhTTbUrPYEw3mJGGhQqQST9k86v1DPBiTTWJGKDJsVFw')]), ART)?.image).toBe('elsewhere');
    expect(metadataOf(cip25([image('https://tracker.example/pixel.png')]), ART)?.image).toBe('elsewhere');
  });
});

describe('CIP-68', () => {
  const FT = { policyId, assetName: `0014df10${hex('FT')}` };
  const datum = cborTag(
    121,
    cborArray([
      cborMap([
        [cborBytes(Buffer.from('name')), cborBytes(Buffer.from('Good Token'))],
        [cborBytes(Buffer.from('decimals')), cborInt(6)],
        [cborBytes(Buffer.from('logo')), cborBytes(Buffer.from(uri(PNG)))],
      ]),
      cborInt(1),
    ]),
  );
  const reference: Partial<TransactionOutput> = { assets: [{ policyId, assetName: `000643b0${hex('FT')}`, quantity: 1n }] };
  const mint = [{ ...FT, quantity: 100n }];

  test('is read from the datum beside the reference token, inline or as a witness', () => {
    const inline = transaction({ mint, outputs: [{ ...reference, inlineDatum: bytesToHex(datum) } as TransactionOutput] });
    expect(metadataOf(inline, FT)).toEqual({ name: 'Good Token', decimals: 6, image: { type: 'image/png', bytes: PNG } });
    const hash = '77'.repeat(32);
    const witness = transaction({
      mint,
      outputs: [{ ...reference, datumHash: hash } as TransactionOutput],
      datums: new Map([[hash, bytesToHex(datum)]]),
    });
    expect(metadataOf(witness, FT)?.name).toBe('Good Token');
  });
  test('cannot be a datum of another shape', () => {
    for (const wrong of ['00', 'ff', bytesToHex(cborArray([])), bytesToHex(cborTag(122, cborArray([cborMap([])])))])
      expect(metadataOf(transaction({ mint, outputs: [{ ...reference, inlineDatum: wrong } as TransactionOutput] }), FT)).toBeNull();
  });
});

describe('hostile metadata', () => {
  test('cannot speak for a token that the transaction does not mint', () => {
    const other = cip25([name('The Art')]);
    expect(metadataOf({ ...other, mint: [] }, ART)).toBeNull();
    expect(metadataOf({ ...other, mint: [{ ...ART, quantity: -1n }] }, ART)).toBeNull();
    expect(metadataOf({ ...other, isValid: false }, ART)).toBeNull();
  });
  test('cannot bring an SVG, a page or a script, whatever it calls it', () => {
    const svg = new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>');
    const page = new TextEncoder().encode('<!doctype html><script>alert(1)</script>');
    for (const bytes of [svg, page])
      for (const type of ['image/svg+xml', 'text/html', 'image/png', '', 'application/xhtml+xml', 'IMAGE/SVG+XML'])
        expect(metadataOf(cip25([image(uri(bytes, type))]), ART)?.image).toBeNull();
    expect(imageAt(`data:image/svg+xml;utf8,<svg onload='alert(1)'/>`)).toBeNull();
    expect(imageAt(uri(PNG, 'image/svg+xml'))).toBeNull();
    expect(imageAt('javascript:alert(1)')).toBeNull();
    expect(imageAt('data:,x')).toBeNull();
    expect(imageAt('data:image/png;base64,%%%')).toBeNull();
  });
  test('cannot bring a large image', () => {
    const large = new Uint8Array(256_001);
    large.set(PNG);
    expect(imageAt(uri(large))).toBeNull();
    expect(imageAt(uri(large.subarray(0, 256_000)))).toMatchObject({ type: 'image/png' });
    expect(imageAt(`data:image/png;base64,${'A'.repeat(2_000_000)}`)).toBeNull();
  });
  test('cannot show a name of 1 MB, or one that turns the line round', () => {
    const long = metadataOf(cip25([name('x'.repeat(1_000_000))]), ART)?.name ?? '';
    expect(Array.from(long)).toHaveLength(50);
    expect(metadataOf(cip25([name('\u202eXTN\u202c')]), ART)?.name).toBe('\ufffdXTN\ufffd');
    expect(metadataOf(cip25([name('<img src=x onerror=alert(1)>')]), ART)?.name).toBe('<img src=x onerror=alert(1)>');
  });
  test('cannot claim decimals that no asset has', () => {
    for (const decimals of [cborInt(21), cborInt(-1), cborText('6'), cborInt(1n << 60n)])
      expect(metadataOf(cip25([name('a'), [cborText('decimals'), decimals]]), ART)?.decimals).toBeNull();
  });
  test('cannot throw, whatever CBOR it is', () => {
    const leaf = fc.oneof(
      fc.bigInt({ min: -(1n << 63n), max: 1n << 63n }).map(cborInt),
      fc.string().map(cborText),
      fc.uint8Array({ maxLength: 40 }).map(cborBytes),
      fc.constant(cborText(policyId)),
      fc.constant(cborText('Art')),
      fc.constant(cborText('image')),
    );
    const { tree } = fc.letrec<{ tree: Uint8Array }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.array(tie('tree'), { maxLength: 3 }).map(cborArray),
        fc.array(fc.tuple(leaf, tie('tree')), { maxLength: 3 }).map(cborMap),
        tie('tree').map((item) => cborTag(121, item)),
      ),
    }));
    fc.assert(
      fc.property(tree, (bytes) => {
        metadataOf(transaction({ metadata: [[721n, readCbor(bytes)]] }), ART);
        metadataOf(
          cip25([
            [cborText('image'), bytes],
            [cborText('name'), bytes],
          ]),
          ART,
        );
      }),
    );
  });
});
