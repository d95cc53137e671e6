import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Signed } from '@nunet/shared/signature.ts';
import type { Manifest } from '@nunet/shared/manifest.ts';
import { NO_KEY_HASH } from '@nunet/shared/lock.ts';
import { keyBy } from '@nunet/shared/sealed/key-deadline.ts';
import { sealedFixture } from '@nunet/shared/sealed/fixtures.ts';
import { fixtureCase, type FixtureCase } from './fixtures.ts';
import { graceOf, replayUntil, RULES, verdict, type CaseFacts, type Held, type Pool, type Step } from './verdict.ts';

const held = <T>({ body, cid }: Signed<T>, receivedAt: number): Held<T> => ({ body, cid, receivedAt });
let c: FixtureCase;
let never: FixtureCase;
let m: Signed<Manifest>;
beforeAll(async () => {
  c = await fixtureCase();
  never = await fixtureCase({ replay: 'never' });
  m = await c.manifest();
});
const times = () => c.quote.body;
const AMOUNT = 6_000_000n;

const facts = (pool: Partial<Pool>, over: Partial<CaseFacts> = {}, of = c): CaseFacts => ({
  pool: { quote: of.quote, refusals: [], manifests: [], acks: [], disputes: [], vouchers: [], keys: [], disproved: [], ...pool },
  lock: { amountBaseUnits: AMOUNT, fits: true },
  chainTimeMs: times().issuedAt + 60_000,
  replay: null,
  ...over,
});
const line = (step: Step): string => (step.type === 'verdict' ? `${step.rule} ${step.kind} ${step.paidBaseUnits}` : step.type);
const inTime = () => times().issuedAt + 50_000;
const late = (time: number) => ({ chainTimeMs: time + graceOf(times()) + 1 });

describe('the verdict table', () => {
  test('acknowledged work is paid at once, at the billed pay', async () => {
    const pool = { manifests: [held(m, inTime())], acks: [held(await c.ack(m), inTime())] };
    expect(line(verdict(facts(pool)))).toBe('acknowledged withdraw 3000000');
  });
  test('an ack outweighs the dispute of the same key', async () => {
    const pool = {
      manifests: [held(m, inTime())],
      acks: [held(await c.ack(m), inTime())],
      disputes: [held(await c.dispute(m), inTime())],
    };
    expect(line(verdict(facts(pool, { replay: { manifestCid: m.cid, outcome: 'upheld' } })))).toBe('acknowledged withdraw 3000000');
  });
  test('cannot be paid less than billed by an ack below it; it is no ack', async () => {
    const pool = { manifests: [held(m, inTime())], acks: [held(await c.ack(m, { payBaseUnits: 2_999_999n }), inTime())] };
    expect(line(verdict(facts(pool)))).toBe('wait');
  });
  test('a refused lock is refunded at once, also when its agent signed a manifest too', async () => {
    const refusals = [held(await c.refusal(), inTime())];
    expect(line(verdict(facts({ refusals })))).toBe('refused refund 0');
    expect(line(verdict(facts({ refusals, manifests: [held(m, inTime())] })))).toBe('refused refund 0');
  });
  test('a missed deadline is refunded after finishBy and the grace, not before', () => {
    expect(verdict(facts({}))).toMatchObject({ type: 'wait', until: times().finishBy + graceOf(times()) });
    expect(line(verdict(facts({}, { chainTimeMs: times().finishBy + graceOf(times()) })))).toBe('wait');
    expect(line(verdict(facts({}, late(times().finishBy))))).toBe('missed refund 0');
  });
  test('cannot be paid for a manifest that came after finishBy, unless the service provider acknowledges it', async () => {
    const manifests = [held(m, times().finishBy + 1)];
    expect(line(verdict(facts({ manifests }, late(times().finishBy))))).toBe('missed refund 0');
    const acks = [held(await c.ack(m), times().finishBy + 2)];
    expect(line(verdict(facts({ manifests, acks }, late(times().finishBy))))).toBe('acknowledged withdraw 3000000');
  });
  test('cannot be paid more than billed: a manifest with another pay is none', async () => {
    const greedy = await c.manifest({ payBaseUnits: 3_000_001n });
    const pool = { manifests: [held(greedy, inTime())], acks: [held(await c.ack(greedy), inTime())] };
    expect(line(verdict(facts(pool, late(times().finishBy))))).toBe('missed refund 0');
  });
  test('cannot be paid for two different manifests, one to show and one to be paid for', async () => {
    const other = await c.manifest({ metrics: [{ name: 'accuracy', value: 1 }] });
    const manifests = [held(m, inTime()), held(other, inTime())];
    expect(line(verdict(facts({ manifests })))).toBe('contradicted refund 0');
    expect(line(verdict(facts({ manifests, acks: [held(await c.ack(other), inTime())] })))).toBe('acknowledged withdraw 3000000');
  });
  test("a compute provider's own fault is refunded at once", async () => {
    const broken = await c.manifest({ exit: { kind: 'computeProviderFault', code: 'disk', message: 'full' }, payBaseUnits: 0n });
    expect(line(verdict(facts({ manifests: [held(broken, inTime())] })))).toBe('compute-provider-fault refund 0');
  });
  test.each([
    [29_999, 'job-fault-early refund 0', true],
    [30_000, 'job-fault-from-half distribute 3000000', false],
    [44_999, 'job-fault-from-half distribute 3000000', false],
    [45_000, 'job-fault-from-three-quarters distribute 4500000', false],
    [60_000, 'job-fault-from-three-quarters distribute 4500000', false],
  ])("the job's own fault after %i of 60000 ms: %s", async (billedMs, expected, atOnce) => {
    const failed = await c.manifest({ exit: { kind: 'jobFault', code: 'nan', message: 'loss is NaN' }, billedMs });
    const manifests = [held(failed, inTime())];
    expect(line(verdict(facts({ manifests })))).toBe(atOnce ? expected : 'wait');
    expect(line(verdict(facts({ manifests }, late(times().disputeBy))))).toBe(expected);
    if (!atOnce) {
      const disputes = [held(await c.dispute(failed), inTime())];
      expect(line(verdict(facts({ manifests, disputes }, { replay: { manifestCid: failed.cid, outcome: 'upheld' } })))).toBe(
        'outputs-disproved refund 0',
      );
      expect(line(verdict(facts({ manifests, disputes }, { replay: { manifestCid: failed.cid, outcome: 'rejected' } })))).toBe(expected);
    }
  });
  test('a dispute over a public job is replayed; the replay decides', async () => {
    const pool = { manifests: [held(m, inTime())], disputes: [held(await c.dispute(m), inTime())] };
    expect(verdict(facts(pool))).toMatchObject({ type: 'replay', manifestCid: m.cid });
    expect(line(verdict(facts(pool, { replay: { manifestCid: m.cid, outcome: 'upheld' } })))).toBe('outputs-disproved refund 0');
    expect(line(verdict(facts(pool, { replay: { manifestCid: m.cid, outcome: 'rejected' } })))).toBe('dispute-rejected withdraw 3000000');
  });
  test('what a replay found counts whenever it is looked at, also after the time for replays; of another manifest it says nothing', async () => {
    const pool = { manifests: [held(m, inTime())], disputes: [held(await c.dispute(m), inTime())] };
    const chainTimeMs = replayUntil(times()) + 1;
    const upheld = { manifestCid: m.cid, outcome: 'upheld' as const };
    expect(line(verdict(facts(pool, { chainTimeMs, replay: upheld })))).toBe('outputs-disproved refund 0');
    expect(line(verdict(facts(pool, { replay: { ...upheld, manifestCid: c.quote.cid } })))).toBe('replay');
  });
  test('an unavailable replay is tried until the middle of the claim window, then the work is paid', async () => {
    const pool = { manifests: [held(m, inTime())], disputes: [held(await c.dispute(m), inTime())] };
    const replay = { manifestCid: m.cid, outcome: 'unavailable' as const };
    expect(line(verdict(facts(pool, { replay, chainTimeMs: replayUntil(times()) - 1 })))).toBe('replay');
    expect(line(verdict(facts(pool, { replay, chainTimeMs: replayUntil(times()) })))).toBe('dispute-undecidable withdraw 3000000');
  });
  test('cannot be paid for outputs that it withholds: refunded, after it had until the middle of the claim window to serve them', async () => {
    const pool = { manifests: [held(m, inTime())], disputes: [held(await c.dispute(m), inTime())] };
    const replay = { manifestCid: m.cid, outcome: 'withheld' as const };
    expect(line(verdict(facts(pool, { replay, chainTimeMs: replayUntil(times()) - 1 })))).toBe('replay');
    expect(line(verdict(facts(pool, { replay, chainTimeMs: replayUntil(times()) })))).toBe('outputs-withheld refund 0');
    const acked = { ...pool, acks: [held(await c.ack(m), inTime())] };
    expect(line(verdict(facts(acked, { replay, chainTimeMs: replayUntil(times()) })))).toBe('acknowledged withdraw 3000000');
    expect(line(verdict(facts({ manifests: pool.manifests }, { replay, ...late(times().disputeBy) })))).toBe('silent withdraw 3000000');
  });
  test('a dispute where nobody may look is paid after disputeBy', async () => {
    const delivered = await never.manifest();
    const pool = { manifests: [held(delivered, inTime())], disputes: [held(await never.dispute(delivered), inTime())] };
    expect(line(verdict(facts(pool, {}, never)))).toBe('wait');
    expect(line(verdict(facts(pool, late(times().disputeBy), never)))).toBe('dispute-undecidable withdraw 3000000');
  });
  test('cannot dispute after disputeBy, or a manifest that nobody delivered', async () => {
    const manifests = [held(m, inTime())];
    const tooLate = { manifests, disputes: [held(await c.dispute(m), times().disputeBy + 1)] };
    expect(line(verdict(facts(tooLate, late(times().disputeBy))))).toBe('silent withdraw 3000000');
    const foreign = { manifests, disputes: [held(await c.dispute(m, { manifestCid: c.quote.cid }), inTime())] };
    expect(line(verdict(facts(foreign, late(times().disputeBy))))).toBe('silent withdraw 3000000');
  });
  test('cannot keep outputs and money by silence', () => {
    const manifests = [held(m, inTime())];
    expect(verdict(facts({ manifests }))).toMatchObject({ type: 'wait', until: times().disputeBy + graceOf(times()) });
    expect(line(verdict(facts({ manifests }, late(times().disputeBy))))).toBe('silent withdraw 3000000');
  });
  test('a lock that is not as quoted only ever goes back', async () => {
    const lock = { amountBaseUnits: AMOUNT, fits: false };
    const pool = { manifests: [held(m, inTime())], acks: [held(await c.ack(m), inTime())] };
    expect(line(verdict(facts(pool, { lock })))).toBe('wait');
    expect(line(verdict(facts(pool, { lock, ...late(times().finishBy) })))).toBe('lock-unfit refund 0');
    expect(line(verdict(facts({ refusals: [held(await c.refusal(), inTime())] }, { lock })))).toBe('refused refund 0');
  });
});

describe('vouchers and sealed outputs', () => {
  const K = '5a'.repeat(32);
  let s: FixtureCase;
  let sealed: Signed<Manifest>;
  beforeAll(async () => {
    s = await fixtureCase({ over: { delivery: 'sealed' } });
    const { outputs, delivery } = (await sealedFixture(K, { 'out.npy': new Uint8Array(1000) }, s.quote.body.jobId)).manifest;
    sealed = await s.manifest({ outputs, delivery });
  });
  const keyAt = async (receivedAt: number, key = K) => [held(await s.sealedKey(sealed, key), receivedAt)];
  const paidFor = async (paid: bigint) => [held(await s.voucher(paid, sealed.body.delivery.keyHash), inTime())];
  const pool = () => ({ manifests: [held(sealed, inTime())] });
  const of = (more: Partial<Pool>, over: Partial<CaseFacts> = {}) => line(verdict(facts({ ...pool(), ...more }, over, s)));

  test('cannot be refunded below the highest voucher, when everybody is silent from then on', async () => {
    const vouchers = [held(await c.voucher(1_000_000n), inTime())];
    expect(line(verdict(facts({ vouchers }, late(times().finishBy))))).toBe('missed distribute 1000000');
    expect(line(verdict(facts({ vouchers: [held(await c.voucher(9_000_000n), inTime())] }, late(times().finishBy))))).toBe(
      'missed distribute 6000000',
    );
  });
  test('cannot be paid for outputs that nobody can open: without the key in time a silent service provider pays nothing', async () => {
    expect(verdict(facts(pool(), {}, s))).toMatchObject({ type: 'wait', until: keyBy(times()) + graceOf(times()) });
    expect(of({}, late(keyBy(times())))).toBe('key-withheld refund 0');
    expect(of({}, late(times().disputeBy))).toBe('key-withheld refund 0');
    expect(of({ keys: await keyAt(keyBy(times()) + 1) }, late(times().disputeBy))).toBe('key-withheld refund 0');
    expect(of({ keys: await keyAt(inTime(), '5b'.repeat(32)) }, late(times().disputeBy))).toBe('key-withheld refund 0');
    expect(of({ vouchers: [held(await s.voucher(2n), inTime())] }, late(times().disputeBy))).toBe('key-withheld distribute 2');
  });
  test('with the key at an oracle in time a sealed result is judged as an open one: silent, disputed, acknowledged', async () => {
    const keys = await keyAt(inTime());
    expect(of({ keys })).toBe('wait');
    expect(of({ keys }, late(times().disputeBy))).toBe('silent withdraw 3000000');
    const disputes = [held(await s.dispute(sealed), inTime())];
    expect(of({ keys, disputes })).toBe('replay');
    const replay = { manifestCid: sealed.cid, outcome: 'upheld' as const };
    expect(of({ keys, disputes }, { replay })).toBe('outputs-disproved refund 0');
    expect(of({ acks: [held(await s.ack(sealed), inTime())] })).toBe('acknowledged withdraw 3000000');
  });
  test('a voucher for the key pays at once when the key is with an oracle, also late; without the key it pays nothing', async () => {
    const vouchers = await paidFor(3_000_000n);
    expect(of({ vouchers, keys: await keyAt(inTime()) })).toBe('bought withdraw 3000000');
    expect(of({ vouchers, keys: await keyAt(keyBy(times()) + 1) })).toBe('bought withdraw 3000000');
    expect(of({ vouchers })).toBe('wait');
    expect(of({ vouchers }, late(keyBy(times())))).toBe('key-withheld refund 0');
  });
  test('cannot be bought below what is due; what was offered for the key is then the least that is paid', async () => {
    const vouchers = await paidFor(2_999_999n);
    const keys = await keyAt(inTime());
    expect(of({ vouchers, keys })).toBe('wait');
    const disputes = [held(await s.dispute(sealed), inTime())];
    const replay = { manifestCid: sealed.cid, outcome: 'upheld' as const };
    expect(of({ vouchers, keys, disputes }, { replay })).toBe('outputs-disproved distribute 2999999');
  });
  test('cannot be paid for a plaintext other than the committed one: refunded at once, down to what was paid for no key', async () => {
    const vouchers = [...(await paidFor(3_000_000n)), held(await s.voucher(500_000n), inTime())];
    const keys = await keyAt(inTime());
    expect(of({ vouchers, keys, disproved: [sealed.cid] })).toBe('plaintext-disproved distribute 500000');
    expect(of({ keys, disproved: [sealed.cid] })).toBe('plaintext-disproved refund 0');
    expect(of({ keys, disproved: [sealed.cid], acks: [held(await s.ack(sealed), inTime())] })).toBe('acknowledged withdraw 3000000');
    expect(of({ keys, disproved: [m.cid] })).toBe('wait');
  });
  test('cannot be paid for sealed outputs where open ones were quoted, or for a sealed manifest that commits to nothing', async () => {
    const { outputs, delivery } = sealed.body;
    const ransom = [held(await c.manifest({ outputs, delivery }), inTime())];
    expect(line(verdict(facts({ manifests: ransom }, late(times().finishBy))))).toBe('missed refund 0');
    const { leaves: _, ...bare } = delivery;
    const empty = [held(await s.manifest({ outputs, delivery: bare }), inTime())];
    expect(line(verdict(facts({ manifests: empty }, late(times().finishBy), s)))).toBe('missed refund 0');
  });
});

describe('properties', () => {
  const subset = async () => {
    const fault = await c.manifest({ exit: { kind: 'jobFault', code: 'nan', message: '' }, billedMs: 50_000 });
    const manifests = [m, fault, await c.manifest({ payBaseUnits: 5n })];
    const acks = await Promise.all(manifests.flatMap((one) => [c.ack(one), c.ack(one, { payBaseUnits: AMOUNT })]));
    const disputes = await Promise.all(manifests.map((one) => c.dispute(one)));
    const time = fc.integer({ min: times().issuedAt, max: times().reclaimAfter + 1 });
    const some = <T>(all: Signed<T>[]) => fc.subarray(all).chain((list) => fc.tuple(...list.map((one) => time.map((t) => held(one, t)))));
    const refusal = await c.refusal();
    return fc.record({
      manifests: some(manifests),
      acks: some(acks),
      disputes: some(disputes),
      refusals: fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, some([refusal])),
      chainTimeMs: time,
      replay: fc.constantFrom(
        null,
        ...(['upheld', 'rejected', 'unavailable', 'withheld'] as const).map((outcome) => ({ manifestCid: m.cid, outcome })),
      ),
      vouchers: some(await Promise.all([1n, AMOUNT / 2n, AMOUNT, 2n * AMOUNT].map((paid) => c.voucher(paid)))),
    });
  };
  type Drawn = Pick<Pool, 'manifests' | 'acks' | 'disputes' | 'refusals' | 'vouchers'> & Omit<CaseFacts, 'pool' | 'lock'>;
  const of = ({ manifests, acks, disputes, refusals, vouchers, ...rest }: Drawn): CaseFacts =>
    facts({ manifests, acks, disputes, refusals, vouchers }, rest);
  const highest = ({ vouchers }: Drawn): bigint =>
    vouchers.reduce((most, { body }) => (body.paidBaseUnits > most ? body.paidBaseUnits : most), 0n);

  test('order of arrival never matters, pay stays within the lock and above the voucher, the rule is in the table', async () => {
    fc.assert(
      fc.property(await subset(), (drawn) => {
        const step = verdict(of(drawn));
        const turned = { ...drawn };
        for (const key of ['manifests', 'acks', 'disputes', 'refusals', 'vouchers'] as const)
          turned[key] = [...drawn[key]].reverse() as never;
        expect(verdict(of(turned))).toEqual(step);
        if (step.type !== 'verdict') return;
        expect(RULES).toContain(step.rule);
        expect(step.paidBaseUnits >= 0n && step.paidBaseUnits <= AMOUNT).toBe(true);
        expect(step.paidBaseUnits >= (highest(drawn) < AMOUNT ? highest(drawn) : AMOUNT)).toBe(true);
        expect(step.kind === 'refund').toBe(step.paidBaseUnits === 0n && step.kind === 'refund');
      }),
      { numRuns: 2000 },
    );
  });

  test('an acknowledgement of the one manifest never lowers the pay', async () => {
    const ack = await c.ack(m);
    fc.assert(
      fc.property(await subset(), (drawn) => {
        const one = { ...drawn, manifests: drawn.manifests.filter((x) => x.cid === m.cid), acks: [] };
        const before = verdict(of(one));
        const after = verdict(of({ ...one, acks: [held(ack, one.chainTimeMs)] }));
        if (before.type === 'verdict' && after.type === 'verdict') expect(after.paidBaseUnits >= before.paidBaseUnits).toBe(true);
        else expect(before.type !== 'verdict' || after.type === 'verdict').toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test('cannot be paid for sealed outputs without their key or an acknowledgement, beyond the vouchers that ask for no key; order never matters', async () => {
    const key = '5a'.repeat(32);
    const sealed = await fixtureCase({ over: { delivery: 'sealed' } });
    const made = (await sealedFixture(key, { 'out.npy': new Uint8Array(9) }, sealed.quote.body.jobId)).manifest;
    const one = await sealed.manifest({ outputs: made.outputs, delivery: made.delivery });
    const two = await sealed.manifest({ outputs: made.outputs, delivery: made.delivery, billedMs: 40_000 });
    const time = fc.integer({ min: times().issuedAt, max: times().reclaimAfter + 1 });
    const some = <T>(all: Signed<T>[]) => fc.subarray(all).chain((list) => fc.tuple(...list.map((x) => time.map((t) => held(x, t)))));
    const { keyHash } = made.delivery;
    const pools = fc.record({
      manifests: fc.oneof({ weight: 4, arbitrary: some([one]) }, some([one, two])),
      acks: fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, some([await sealed.ack(one)])),
      disputes: some([await sealed.dispute(one)]),
      vouchers: some([await sealed.voucher(1_000n), await sealed.voucher(2_000_000n), await sealed.voucher(3_000_000n, keyHash)]),
      keys: some([await sealed.sealedKey(one, key), await sealed.sealedKey(one, '5b'.repeat(32)), await sealed.sealedKey(two, key)]),
      disproved: fc.subarray([one.cid, two.cid]),
    });
    const outcomes = fc.constantFrom(
      null,
      ...(['upheld', 'rejected', 'withheld'] as const).map((outcome) => ({ manifestCid: one.cid, outcome })),
    );
    fc.assert(
      fc.property(pools, time, outcomes, (pool, chainTimeMs, replay) => {
        const step = verdict(facts(pool, { chainTimeMs, replay }, sealed));
        const turned = Object.fromEntries(
          Object.entries(pool).map(([kind, list]) => [kind, [...list].reverse()]),
        ) as unknown as Partial<Pool>;
        expect(verdict(facts(turned, { chainTimeMs, replay }, sealed))).toEqual(step);
        if (step.type !== 'verdict') return;
        const forNoKey = pool.vouchers.filter(({ body }) => body.keyHash === NO_KEY_HASH).map(({ body }) => body.paidBaseUnits);
        const floor = forNoKey.reduce((most, paid) => (paid > most ? paid : most), 0n);
        expect(step.paidBaseUnits).toBeGreaterThanOrEqual(floor);
        const hasKey = pool.keys.some(({ body }) => body.key === key && !pool.disproved.includes(body.manifestCid));
        if (!hasKey && pool.acks.length === 0) expect(step.paidBaseUnits).toBe(floor);
      }),
      { numRuns: 3000 },
    );
  });
});
