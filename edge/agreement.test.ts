// What both parties signed goes before what oracles would decide: taken from anybody, checked against the chain, kept, submitted once.
import { afterEach, describe, expect, test } from 'vitest';
import type { Agreement } from '@nunet/shared/agreement.ts';
import { referenceText } from '@nunet/shared/fields.ts';
import { closeBytes } from '@nunet/shared/lock.ts';
import { bytesToHex } from '@noble/hashes/utils.js';
import { fixtureCase, keyOf, type FixtureCase } from './fixtures.ts';
import { bundleOf, reportWhen, testWorld, type TestOracle, type World } from './test-world.ts';
import { graceOf } from './verdict.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});
const signal = () => AbortSignal.timeout(10_000);
const K = '5a'.repeat(32);

async function withLock(options: { start?: boolean } = {}): Promise<{ w: World; c: FixtureCase; one: TestOracle }> {
  const w = (world = await testWorld(3, options));
  const c = await fixtureCase();
  w.chain.put(c.locked());
  w.chain.block();
  w.chain.block();
  const [one] = w.oracles;
  if (one === undefined) throw new Error('no oracle');
  return { w, c, one };
}
const agree = (w: World, c: FixtureCase, one: TestOracle, agreement: Agreement): Promise<void> =>
  w.client(one).agree(c.lock, agreement, c.quote.envelope, signal());

describe('an agreement', () => {
  test.each([
    ['over a pay', 2_500_000n, null],
    ['that reveals a key', 3_000_000n, K],
    ['that gives all back', 0n, null],
  ])(
    '%s ends the lock without any oracle signing, told by a stranger to an oracle that had not heard of the lock',
    async (_, paid, secret) => {
      const { w, c, one } = await withLock();
      await agree(w, c, one, await c.agreement(paid, secret));
      const report = await reportWhen(one, c.lock, ({ state }) => state === 'settled');
      expect(w.chain.submitted).toMatchObject([{ paid, signatures: 0 }]);
      expect(report.attestations).toEqual([]);
      expect(one.decisions.entries.size).toBe(0);
      expect((await one.oracle.status()).agreements).toBe(1);
    },
  );

  test('told to all oracles, and twice, is submitted once', async () => {
    const { w, c } = await withLock();
    const agreement = await c.agreement(1_000_000n);
    for (const oracle of [...w.oracles, ...w.oracles]) await agree(w, c, oracle, agreement);
    for (const oracle of w.oracles) await reportWhen(oracle, c.lock, ({ state }) => state === 'settled');
    expect(w.chain.submitted).toHaveLength(1);
  });

  test('told to one oracle alone reaches the others, and none signs another end', async () => {
    const { w, c } = await withLock();
    await agree(w, c, w.oracles[2] as TestOracle, await c.agreement(1_500_000n, K));
    for (const oracle of w.oracles) await reportWhen(oracle, c.lock, ({ state }) => state === 'settled');
    for (const oracle of w.oracles) {
      expect(await oracle.store.agreementOf(referenceText(c.lock))).toMatchObject({ paid: 1_500_000n, secret: K });
      expect(oracle.decisions.entries.size).toBe(0);
    }
    expect(w.chain.submitted).toHaveLength(1);
  });

  test('cannot be forged by another oracle: what it tells is checked against the chain too', async () => {
    const { w, c, one } = await withLock({ start: false });
    await w.client(one).submitEvidence(bundleOf(c, []), signal());
    const mine = await one.oracle.exchange(
      {
        v: 1,
        lock: c.lock,
        quote: c.quote.envelope,
        items: [],
        spec: null,
        sources: [],
        attestations: [],
        agreement: { ...(await c.agreement(1n)), paid: 2n },
      },
      (w.oracles[1] as TestOracle).signer.publicKey,
      signal(),
    );
    expect(mine.agreement).toBeUndefined();
    expect(await one.store.agreementOf(referenceText(c.lock))).toBeNull();
  });

  test('cannot be outvoted: an oracle that holds one signs no verdict, whatever evidence it has', async () => {
    const { w, c, one } = await withLock();
    const m = await c.manifest();
    await agree(w, c, one, await c.agreement(2_000_000n));
    await w.client(one).submitEvidence(
      bundleOf(c, [
        ['manifest', m],
        ['ack', await c.ack(m)],
      ]),
      signal(),
    );
    w.chain.at(c.quote.body.disputeBy + graceOf(c.quote.body) + 1);
    await reportWhen(one, c.lock, ({ state }) => state === 'settled');
    expect(one.decisions.entries.size).toBe(0);
    expect((await one.store.attestationsOf(referenceText(c.lock))).filter(({ oracleKey }) => oracleKey === one.signer.publicKey)).toEqual(
      [],
    );
  });

  test('is on disk before it is answered, and submitted after a restart', async () => {
    const { w, c, one } = await withLock({ start: false });
    await agree(w, c, one, await c.agreement(2_000_000n, K));
    expect(await one.store.agreementOf(referenceText(c.lock))).toMatchObject({ paid: 2_000_000n, secret: K });
    expect(w.chain.submitted).toEqual([]);
    const running = new AbortController();
    const loop = one.oracle.run(running.signal);
    await reportWhen(one, c.lock, ({ state }) => state === 'settled');
    running.abort();
    await loop;
    expect(w.chain.submitted).toMatchObject([{ paid: 2_000_000n }]);
  });

  test('of higher pay takes the place of a settle transaction that the chain does not have', async () => {
    const { w, c, one } = await withLock();
    const name = referenceText(c.lock);
    await w.client(one).submitEvidence(bundleOf(c, []), signal());
    await one.store.putSettlement({
      txId: 'ee'.repeat(32),
      lock: name,
      cbor: 'never',
      paid: 1n,
      fee: 1n,
      submittedAt: Date.now(),
      state: 'submitted',
    });
    await agree(w, c, one, await c.agreement(2_000_000n));
    await reportWhen(one, c.lock, ({ state }) => state === 'settled');
    expect(w.chain.submitted).toMatchObject([{ paid: 2_000_000n, signatures: 0 }]);
    expect((await one.store.settlementsOf(name)).find(({ txId }) => txId === 'ee'.repeat(32))?.state).toBe('lost');
  });

  test.each<[string, (a: Agreement, c: FixtureCase) => Agreement | Promise<Agreement>]>([
    ['above what is locked', (_, c) => c.agreement(6_000_001n)],
    ['with another pay than was signed', (a) => ({ ...a, paid: a.paid + 1n })],
    ['whose voucher is of a stranger', async (a) => ({ ...a, voucherSignature: a.closeSignature })],
    [
      'whose close is of a stranger',
      async (a, c) => ({ ...a, closeSignature: bytesToHex(await keyOf(77).sign(closeBytes(c.lock, a.paid))) }),
    ],
    ['with another key than the voucher names', (a) => ({ ...a, secret: '11'.repeat(32) })],
    ['without the key that the voucher names', async (_, c) => ({ ...(await c.agreement(1n, K)), secret: null })],
  ])('cannot be taken %s: nothing is kept', async (_, change) => {
    const { w, c, one } = await withLock({ start: false });
    await expect(agree(w, c, one, await change(await c.agreement(1_000_000n), c))).rejects.toThrow(/agreement-invalid/);
    expect(await one.store.agreementOf(referenceText(c.lock))).toBeNull();
  });

  test('cannot be taken over a lock that is not there, is spent, or belongs to another quote', async () => {
    const { w, c, one } = await withLock({ start: false });
    const other = await fixtureCase({ nonce: 5 });
    await expect(agree(w, other, one, await other.agreement(1n))).rejects.toThrow(/lock-unknown/);
    await expect(w.client(one).agree(c.lock, await c.agreement(1n), other.quote.envelope, signal())).rejects.toThrow(/lock-other-quote/);
    const entry = w.chain.locks.get(referenceText(c.lock));
    if (entry !== undefined) entry.spentBy = 'ff'.repeat(32);
    await expect(agree(w, c, one, await c.agreement(1n))).rejects.toThrow(/lock-spent/);
  });
});
