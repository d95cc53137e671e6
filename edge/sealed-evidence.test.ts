// Vouchers, keys and proofs as evidence: kept so that nobody can crowd them out, checked before they count, shown to the parties alone.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EvidenceKind } from '@nunet/shared/evidence.ts';
import { referenceText } from '@nunet/shared/fields.ts';
import { cidOf, decode, encode } from '@nunet/shared/encoding.ts';
import type { Manifest } from '@nunet/shared/manifest.ts';
import { cheatingFixture, opened, sealedFixture, type SealedFixture } from '@nunet/shared/sealed/fixtures.ts';
import { keyBy } from '@nunet/shared/sealed/key-deadline.ts';
import { MAX_WRONG_PLAINTEXT_BYTES, wrongPlaintext } from '@nunet/shared/sealed/wrong-plaintext.ts';
import type { Signed } from '@nunet/shared/signature.ts';
import { fixtureCase, type FixtureCase } from './fixtures.ts';
import { bundleOf, reportWhen, testWorld, type TestOracle, type World } from './test-world.ts';
import { graceOf } from './verdict.ts';

const K = '5a'.repeat(32);
const plain = { 'out.npy': Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7) & 255) };
const signal = () => AbortSignal.timeout(10_000);
let w: World;
let c: FixtureCase;
let one: TestOracle;
let sealed: SealedFixture;
let m: Signed<Manifest>;

beforeEach(async () => {
  w = await testWorld();
  c = await fixtureCase({ over: { delivery: 'sealed' } });
  w.chain.put(c.locked());
  w.chain.block();
  w.chain.block();
  one = w.oracles[0] as TestOracle;
  sealed = await sealedFixture(K, plain, c.quote.body.jobId);
  m = await c.manifest({ outputs: sealed.manifest.outputs, delivery: sealed.manifest.delivery });
});
afterEach(() => w.close());

const hand = async (pieces: [EvidenceKind, Signed<unknown>][], to = one): Promise<string[]> => {
  const { refused } = await w.client(to).submitEvidence(bundleOf(c, pieces), signal());
  return refused.map(({ kind, code }) => `${kind} ${code}`);
};
const keyed = (paid: bigint) => c.voucher(paid, m.body.delivery.keyHash);
const held = async (kind: EvidenceKind): Promise<number> =>
  (await one.store.evidenceOf(referenceText(c.lock))).filter((row) => row.kind === kind).length;
const end = (rule: string) =>
  reportWhen(one, c.lock, ({ state, attestations }) => state === 'settled' && attestations.some((a) => a.rule === rule));

describe('vouchers', () => {
  test('cannot be crowded out by low ones: of each key the highest is kept, in whatever order they come', async () => {
    for (const paid of [5n, 1n, 2n, 3n, 4n, 1_000_000n, 6n]) expect(await hand([['voucher', await c.voucher(paid)]])).toEqual([]);
    expect(await held('voucher')).toBe(1);
    w.chain.at(c.quote.body.finishBy + graceOf(c.quote.body) + 1);
    await end('missed');
    expect(w.chain.submitted).toMatchObject([{ paid: 1_000_000n }]);
  });
  test('cannot fill the database with key hashes that no manifest names', async () => {
    expect(await hand([['voucher', await c.voucher(5n, '11'.repeat(32))]])).toEqual(['voucher manifest-missing']);
    expect(
      await hand([
        ['voucher', await keyed(5n)],
        ['manifest', m],
      ]),
    ).toEqual([]);
    expect(await held('voucher')).toBe(1);
  });
  test('cannot be signed by anybody but the job key', async () => {
    expect(await hand([['voucher', await c.voucher(5n, undefined, c.agent)]])).toEqual(['voucher signature-invalid']);
  });
  test('reach the other oracles, which settle at them', async () => {
    await hand([['voucher', await c.voucher(2_000_000n)]], w.oracles[2]);
    w.chain.at(c.quote.body.finishBy + graceOf(c.quote.body) + 1);
    await end('missed');
    expect(w.chain.submitted).toMatchObject([{ paid: 2_000_000n, signatures: 2 }]);
  });
});

describe('the key of a sealed result', () => {
  test('with a voucher that asks for it, pays at once', async () => {
    expect(
      await hand([
        ['manifest', m],
        ['voucher', await keyed(3_000_000n)],
      ]),
    ).toEqual([]);
    expect(await hand([['sealed-key', await c.sealedKey(m, K)]], w.oracles[1])).toEqual([]);
    await end('bought');
    expect(w.chain.submitted).toMatchObject([{ paid: 3_000_000n }]);
  });
  test('is given to the two parties and to nobody else; opens what was delivered', async () => {
    await hand([['manifest', m]]);
    expect(await w.client(one, c.serviceProvider).sealedKey(c.lock, signal())).toBeNull();
    await hand([['sealed-key', await c.sealedKey(m, K)]]);
    const key = await w.client(one, c.serviceProvider).sealedKey(c.lock, signal());
    expect(key).toBe(K);
    expect(Buffer.compare((await opened(sealed, key ?? '')).files['out.npy'] ?? Buffer.of(), plain['out.npy'])).toBe(0);
    await expect(w.client(one).sealedKey(c.lock, signal())).rejects.toThrow(/not-a-party/);
  });
  test('cannot be kept from the service provider to the end and be paid for: refunded once it is too late', async () => {
    await hand([['manifest', m]]);
    w.chain.at(keyBy(c.quote.body) + graceOf(c.quote.body) + 1);
    await end('key-withheld');
    expect(w.chain.submitted).toMatchObject([{ paid: 0n }]);
  });
  test('goes with a dispute to the replayer', async () => {
    for (const oracle of w.oracles) oracle.replay = 'upheld';
    await hand([
      ['manifest', m],
      ['sealed-key', await c.sealedKey(m, K)],
      ['dispute', await c.dispute(m)],
    ]);
    await end('outputs-disproved');
    expect(w.oracles.flatMap(({ replayed }) => replayed).every(({ key }) => key === K)).toBe(true);
  });
  test('cannot be told by anybody but the compute provider', async () => {
    expect(
      await hand([
        ['manifest', m],
        ['sealed-key', await c.sealedKey(m, K, c.serviceProvider)],
      ]),
    ).toEqual(['sealed-key signature-invalid']);
  });
});

describe('a proof of a wrong plaintext', () => {
  const proofOf = async (fixture: SealedFixture): Promise<Signed<unknown>> => {
    const { opening } = await opened(fixture, K);
    if (opening.type !== 'wrong') throw new Error('nothing is wrong');
    return { body: null, cid: cidOf(opening.proof), envelope: opening.proof };
  };
  test('gives the money back at once, down to the pay for no key, whoever brings it; one is enough', async () => {
    const cheat = await cheatingFixture(K, plain, 11, 'commitment', c.quote.body.jobId);
    const bad = await c.manifest({ outputs: cheat.manifest.outputs, delivery: cheat.manifest.delivery });
    const fixture = { ...cheat, manifest: bad.body };
    const proof = await proofOf(fixture);
    expect(await hand([['wrong-plaintext', proof]])).toEqual(['wrong-plaintext manifest-missing']);
    const vouchers: [EvidenceKind, Signed<unknown>][] = [['voucher', await c.voucher(400_000n)]];
    expect(await hand([['wrong-plaintext', proof], ['manifest', bad], ...vouchers])).toEqual([]);
    expect(await hand([['wrong-plaintext', proof]])).toEqual([]);
    expect(await held('wrong-plaintext')).toBe(1);
    await end('plaintext-disproved');
    expect(w.chain.submitted).toMatchObject([{ paid: 400_000n }]);
  });
  test('cannot be made up against an honest manifest, or reused from another job', async () => {
    const cheat = await cheatingFixture(K, plain, 11, 'commitment', c.quote.body.jobId);
    const bad = await c.manifest({ outputs: cheat.manifest.outputs, delivery: cheat.manifest.delivery });
    const { envelope } = await proofOf({ ...cheat, manifest: bad.body });
    const body = decode(wrongPlaintext, envelope, { name: 'proof', maxBytes: MAX_WRONG_PLAINTEXT_BYTES });
    const moved = encode({ ...body, manifestCid: m.cid });
    expect(
      await hand([
        ['manifest', m],
        ['wrong-plaintext', { body: null, cid: '', envelope: moved }],
      ]),
    ).toEqual(['wrong-plaintext proof-invalid']);
    const elsewhere = encode({ ...body, lock: { ...body.lock, index: 3 } });
    expect(await hand([['wrong-plaintext', { body: null, cid: '', envelope: elsewhere }]])).toEqual(['wrong-plaintext evidence-foreign']);
    expect(await held('wrong-plaintext')).toBe(0);
  });
});
