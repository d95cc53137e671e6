// The advert book: what is believed, what is ignored, and what counts against whoever passed it on.
import * as fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import type { Advert } from './advert.ts';
import { SAMPLE_TIME_MS, sampleAdvert, samplePeerId, sampleSigner } from './samples.ts';
import { signStatement } from './signature.ts';
import { AdvertBook } from './advert-book.ts';

let now: number;
let book: AdvertBook;
beforeEach(() => {
  now = SAMPLE_TIME_MS + 1_000;
  book = new AdvertBook({ network: 'devnet', now: () => now, maxAdverts: 3, isRevoked: (peerId) => peerId === samplePeerId('revoked') });
});

/** An advert of the named agent, signed by it unless told otherwise. */
async function advertOf(name: string, changes: Partial<Advert> = {}, signer = name): Promise<Uint8Array> {
  return (await signStatement('advert', { ...sampleAdvert, peerId: samplePeerId(name), ...changes }, sampleSigner(signer))).envelope;
}
const at = (issuedAt: number): Partial<Advert> => ({ issuedAt, expiresAt: issuedAt + 60_000 });
const names = (): string[] => book.current().map((entry) => entry.body.peerId);

test('keeps the newest advert of each agent, newest agent first', async () => {
  expect(book.offer(await advertOf('a')).type).toBe('taken');
  expect(book.offer(await advertOf('b', at(SAMPLE_TIME_MS + 500))).type).toBe('taken');
  const newer = { ...at(SAMPLE_TIME_MS + 900), free: { ...sampleAdvert.free, cpus: 1 } };
  expect(book.offer(await advertOf('a', newer)).type).toBe('taken');
  expect(names()).toEqual([samplePeerId('a'), samplePeerId('b')]);
  expect(book.current()[0]?.body.free.cpus).toBe(1);
});

test('cannot be led back to an older advert, nor be busied with the same one', async () => {
  const first = await advertOf('a');
  book.offer(await advertOf('a', at(SAMPLE_TIME_MS + 800)));
  expect(book.offer(first).type).toBe('unneeded');
  expect(book.offer(await advertOf('a', at(SAMPLE_TIME_MS + 800))).type).toBe('unneeded');
  expect(book.current()[0]?.body.issuedAt).toBe(SAMPLE_TIME_MS + 800);
});

test('cannot be given an advert that another key signed, that was altered, or that is of another network', async () => {
  expect(book.offer(await advertOf('a', {}, 'b')).type).toBe('invalid');
  const altered = Uint8Array.from(await advertOf('a'));
  altered[100] = (altered[100] ?? 0) ^ 1;
  expect(book.offer(altered).type).toBe('invalid');
  expect(book.offer(await advertOf('a', { network: 'preprod' })).type).toBe('invalid');
  expect(names()).toEqual([]);
});

test('cannot be given an expired advert, one from the future, or one that never ends', async () => {
  expect(book.offer(await advertOf('a', at(now - 60_000))).type).toBe('unneeded');
  expect(book.offer(await advertOf('a', at(now - 120_000))).type).toBe('invalid');
  expect(book.offer(await advertOf('a', at(now + 31_000))).type).toBe('invalid');
  expect(book.offer(await advertOf('a', { issuedAt: now, expiresAt: now + 60_001 })).type).toBe('invalid');
  expect(book.offer(await advertOf('a', { issuedAt: now, expiresAt: now })).type).toBe('invalid');
  expect(names()).toEqual([]);
});

test('forgets an agent when its advert ends', async () => {
  book.offer(await advertOf('a'));
  now = SAMPLE_TIME_MS + 59_999;
  expect(names()).toHaveLength(1);
  now = SAMPLE_TIME_MS + 60_000;
  expect(names()).toEqual([]);
});

test('cannot be filled with made-up names so that agents that work are pushed out', async () => {
  for (const name of ['a', 'b', 'c']) book.offer(await advertOf(name));
  expect(book.offer(await advertOf('d', at(now))).type).toBe('unneeded');
  expect(book.offer(await advertOf('a', at(now))).type).toBe('taken');
  expect(names()).toHaveLength(3);
  // Room comes back as adverts end.
  now = SAMPLE_TIME_MS + 60_500;
  expect(book.offer(await advertOf('d', at(now))).type).toBe('taken');
});

test('cannot be used by a revoked peer', async () => {
  expect(book.offer(await advertOf('revoked')).type).toBe('unneeded');
  expect(names()).toEqual([]);
});

test('cannot be crashed by random, cut or padded bytes', async () => {
  const good = await advertOf('a');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(good.length - 1), (bytes, cut) => {
      expect(book.offer(bytes).type).toBe('invalid');
      expect(book.offer(good.subarray(0, cut)).type).toBe('invalid');
      expect(book.offer(Uint8Array.from([...good, ...bytes, 0])).type).toBe('invalid');
    }),
    { numRuns: 30 },
  );
  expect(book.offer(new Uint8Array(1_000_000)).type).toBe('invalid');
  expect(book.offer(good).type).toBe('taken');
});
