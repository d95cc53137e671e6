import { afterEach, describe, expect, test } from 'vitest';
import { referenceText } from '@nunet/shared/fields.ts';
import { bytesToHex } from '@noble/hashes/utils.js';
import { settleBytes } from '@nunet/shared/lock.ts';
import { fixtureCase, keyOf, type FixtureCase } from './fixtures.ts';
import { bundleOf, reportWhen, testWorld, type World } from './test-world.ts';
import { graceOf, replayUntil, standbyUntil } from './verdict.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});
const signal = () => AbortSignal.timeout(10_000);

async function withLock(options: Parameters<typeof fixtureCase>[0] = {}): Promise<{ w: World; c: FixtureCase }> {
  const w = (world = await testWorld());
  const c = await fixtureCase(options);
  w.chain.put(c.locked());
  w.chain.block();
  w.chain.block();
  return { w, c };
}
const [first, second, third] = [0, 1, 2].map((i) => (w: World) => {
  const one = w.oracles[i];
  if (one === undefined) throw new Error('no such oracle');
  return one;
}) as [(w: World) => World['oracles'][number], (w: World) => World['oracles'][number], (w: World) => World['oracles'][number]];
const settled = (w: World, c: FixtureCase) =>
  Promise.all(w.oracles.map((one) => reportWhen(one, c.lock, ({ state }) => state === 'settled')));

describe('oracles pool, decide once and settle', () => {
  test('an acknowledgement given to one oracle settles at the billed pay, and the receipts are its', async () => {
    const { w, c } = await withLock();
    const m = await c.manifest();
    const { receipts, refused } = await w.client(first(w)).submitEvidence(
      bundleOf(c, [
        ['manifest', m],
        ['ack', await c.ack(m)],
      ]),
      signal(),
    );
    expect(refused).toEqual([]);
    expect(receipts.map(({ body }) => body.evidenceCid)).toContain(m.cid);
    expect(receipts.every(({ body }) => body.oracleKey === first(w).signer.publicKey && body.receivedAt === w.chain.timeMs)).toBe(true);
    const reports = await settled(w, c);
    expect(w.chain.submitted).toHaveLength(1);
    expect(w.chain.submitted[0]).toMatchObject({ paid: 3_000_000n, signatures: 2 });
    for (const report of reports)
      expect(report.attestations.filter((a) => a.rule === 'acknowledged' && a.paidBaseUnits === '3000000').length).toBeGreaterThanOrEqual(
        2,
      );
    expect(reports.every((report) => report.settleTxId === w.chain.submitted[0]?.txId)).toBe(true);
  });

  test('ack and dispute sent to different oracles end the same way, as acknowledged', async () => {
    const { w, c } = await withLock();
    for (const one of w.oracles) one.replay = 'unavailable';
    const m = await c.manifest();
    await w.client(first(w)).submitEvidence(
      bundleOf(c, [
        ['manifest', m],
        ['dispute', await c.dispute(m)],
      ]),
      signal(),
    );
    await w.client(second(w)).submitEvidence(
      bundleOf(c, [
        ['manifest', m],
        ['ack', await c.ack(m)],
      ]),
      signal(),
    );
    const reports = await settled(w, c);
    for (const { attestations } of reports) expect(new Set(attestations.map((a) => a.paidBaseUnits))).toEqual(new Set(['3000000']));
  });

  test('a refusal by the agent gives the money back at once', async () => {
    const { w, c } = await withLock();
    await w.client(third(w), c.agent).submitEvidence(bundleOf(c, [['lock-refusal', await c.refusal()]]), signal());
    await settled(w, c);
    expect(w.chain.submitted.map(({ paid }) => paid)).toEqual([0n]);
  });

  test('a missed deadline is refunded by chain time alone', async () => {
    const { w, c } = await withLock();
    await w.client(first(w)).submitEvidence(bundleOf(c, []), signal());
    await reportWhen(first(w), c.lock, ({ detail }) => detail.includes('finishBy'));
    expect(w.chain.submitted).toEqual([]);
    w.chain.at(c.quote.body.finishBy + graceOf(c.quote.body) + 1);
    const reports = await settled(w, c);
    expect(reports[0]?.attestations[0]).toMatchObject({ verdict: 'refund', rule: 'missed', paidBaseUnits: '0' });
  });

  test('beyond the first k, an oracle replays only when those do not settle it in time', async () => {
    const { w, c } = await withLock();
    const [a, b] = w.oracles;
    for (const one of w.oracles) one.replay = 'rejected';
    if (a !== undefined && b !== undefined) [a.replay, b.replay] = ['rejected', 'unavailable'];
    const m = await c.manifest();
    await w.client(third(w)).submitEvidence(
      bundleOf(c, [
        ['manifest', m],
        ['dispute', await c.dispute(m)],
      ]),
      signal(),
    );
    await expect.poll(() => second(w).replayed.length, { timeout: 10_000 }).toBeGreaterThan(1);
    await reportWhen(third(w), c.lock, ({ detail }) => detail.includes('first'));
    expect(third(w).replayed).toEqual([]);
    w.chain.at(standbyUntil(c.quote.body, w.chain.timeMs) + 1);
    await settled(w, c);
    expect(third(w).replayed).toHaveLength(1);
  });

  test.each([
    ['upheld', 'outputs-disproved', 0n],
    ['rejected', 'dispute-rejected', 3_000_000n],
  ] as const)('a disputed public job is replayed: %s', async (outcome, rule, paid) => {
    const { w, c } = await withLock();
    for (const one of w.oracles) one.replay = outcome;
    const m = await c.manifest();
    const addresses = [`/ip4/127.0.0.1/tcp/1/p2p/${c.quote.body.serviceProvider.peerId}`];
    await w.client(first(w), c.serviceProvider).submitEvidence(
      bundleOf(
        c,
        [
          ['manifest', m],
          ['dispute', await c.dispute(m)],
        ],
        { sources: addresses },
      ),
      signal(),
    );
    const reports = await settled(w, c);
    expect(reports[0]?.attestations.every((a) => a.rule === rule)).toBe(true);
    expect(w.chain.submitted.map((one) => one.paid)).toEqual([paid]);
    expect(first(w).replayed[0]).toMatchObject({ spec: c.specBytes, sources: addresses, manifest: m.envelope });
  });

  describe('disputed, and the outputs are not served', () => {
    /** Disputed at every oracle, the compute provider's addresses told to one of them alone. */
    async function disputed(): Promise<{ w: World; c: FixtureCase; address: string }> {
      const { w, c } = await withLock();
      for (const one of w.oracles) one.replay = 'withheld';
      const m = await c.manifest();
      const address = `/ip4/127.0.0.1/tcp/7/p2p/${c.quote.body.computeProvider.peerId}`;
      await w.client(first(w), c.agent).submitEvidence(bundleOf(c, [['manifest', m]], { sources: [address] }), signal());
      await w.client(second(w), c.serviceProvider).submitEvidence(bundleOf(c, [['dispute', await c.dispute(m)]]), signal());
      await expect.poll(() => Math.min(first(w).replayed.length, second(w).replayed.length), { timeout: 10_000 }).toBeGreaterThan(2);
      return { w, c, address };
    }

    test('cannot be paid for outputs that it withholds: asked again to the end, then refunded', async () => {
      const { w, c } = await disputed();
      expect((await first(w).oracle.report(c.lock)).attestations).toEqual([]);
      w.chain.at(replayUntil(c.quote.body) - 1);
      const asked = first(w).replayed.length;
      await expect.poll(() => Math.min(first(w).replayed.length - asked, third(w).replayed.length), { timeout: 10_000 }).toBeGreaterThan(0);
      // What was answered is kept: a restart does not turn it into pay.
      await first(w).restart();
      expect(w.chain.submitted).toEqual([]);
      w.chain.at(replayUntil(c.quote.body) + 1);
      const reports = await settled(w, c);
      expect(new Set(reports[0]?.attestations.map((a) => a.rule))).toEqual(new Set(['outputs-withheld']));
      expect(w.chain.submitted.map(({ paid }) => paid)).toEqual([0n]);
    });

    test('a compute provider that was away for a while is paid once its outputs are there', async () => {
      const { w, c, address } = await disputed();
      for (const one of w.oracles) {
        expect(one === third(w) || one.replayed.at(-1)?.sources[0] === address).toBe(true);
        one.replay = 'rejected';
      }
      const reports = await settled(w, c);
      expect(reports[0]?.attestations.map((a) => a.rule)).toContain('dispute-rejected');
      expect(w.chain.submitted.map(({ paid }) => paid)).toEqual([3_000_000n]);
    });

    test('cannot be refunded by taking the inputs away after a pause of the outputs: the last answer counts', async () => {
      const { w, c } = await disputed();
      const before = w.oracles.map((one) => one.replayed.length);
      for (const one of w.oracles) one.replay = 'unavailable';
      await expect
        .poll(() => [first(w), second(w)].every((one, i) => one.replayed.length > (before[i] ?? 0) + 2), { timeout: 10_000 })
        .toBe(true);
      w.chain.at(replayUntil(c.quote.body) + 1);
      const reports = await settled(w, c);
      expect(reports[0]?.attestations.map((a) => a.rule)).toContain('dispute-undecidable');
    });

    test("cannot crowd out the compute provider's addresses as service provider", async () => {
      const { w, c, address } = await disputed();
      const { peerId } = c.quote.body.computeProvider;
      for (let round = 0; round < 3; round++) {
        const sources = Array.from({ length: 8 }, (_, i) => `/ip4/127.0.0.1/tcp/${100 * (round + 1) + i}/p2p/${peerId}`);
        await w.client(first(w), c.serviceProvider).submitEvidence(bundleOf(c, [], { sources }), signal());
      }
      const asked = first(w).replayed.length;
      await expect.poll(() => first(w).replayed.length, { timeout: 10_000 }).toBeGreaterThan(asked + 1);
      expect(first(w).replayed.at(-1)?.sources[0]).toBe(address);
    });
  });

  test('one oracle that is away does not hold up the other two; back in time it learns the end', async () => {
    const { w, c } = await withLock();
    third(w).reachable = false;
    const m = await c.manifest();
    await w.client(first(w)).submitEvidence(
      bundleOf(c, [
        ['manifest', m],
        ['ack', await c.ack(m)],
      ]),
      signal(),
    );
    await Promise.all([first(w), second(w)].map((one) => reportWhen(one, c.lock, ({ state }) => state === 'settled')));
    expect((await third(w).oracle.report(c.lock)).state).toBe('unknown');
    third(w).reachable = true;
    await reportWhen(third(w), c.lock, ({ state }) => state === 'settled');
  });

  test('a rolled-back settlement is submitted again', async () => {
    const { w, c } = await withLock();
    const m = await c.manifest();
    await w.client(first(w)).submitEvidence(
      bundleOf(c, [
        ['manifest', m],
        ['ack', await c.ack(m)],
      ]),
      signal(),
    );
    await settled(w, c);
    w.chain.rollBackSpends();
    // Not the state in between: an oracle that settles at its next step shows it for less than a look at the report takes.
    await expect.poll(() => w.chain.submitted.length, { timeout: 20_000 }).toBeGreaterThan(1);
    const { txId } = w.chain.submitted.at(-1) ?? { txId: '' };
    await Promise.all(
      w.oracles.map((one) => reportWhen(one, c.lock, ({ state, settleTxId }) => state === 'settled' && settleTxId === txId)),
    );
    expect(w.chain.locks.get(referenceText(c.lock))?.spentBy).toBe(txId);
    expect(new Set(w.chain.submitted.map(({ paid }) => paid))).toEqual(new Set([3_000_000n]));
  });

  test('cannot be stuck with a settlement whose inputs a rollback took: another one is built', async () => {
    const { w, c } = await withLock();
    const m = await c.manifest();
    await w.client(first(w)).submitEvidence(
      bundleOf(c, [
        ['manifest', m],
        ['ack', await c.ack(m)],
      ]),
      signal(),
    );
    await settled(w, c);
    const lost = w.chain.submitted.map(({ txId }) => txId);
    for (const txId of lost) w.chain.refused.add(txId);
    w.chain.rollBackSpends();
    await expect.poll(() => w.chain.submitted.length, { timeout: 20_000 }).toBeGreaterThan(lost.length);
    const { txId } = w.chain.submitted.at(-1) ?? { txId: '' };
    expect(lost).not.toContain(txId);
    await Promise.all(
      w.oracles.map((one) => reportWhen(one, c.lock, ({ state, settleTxId }) => state === 'settled' && settleTxId === txId)),
    );
    // What was decided stays decided, whichever transaction brings it.
    expect(new Set(w.chain.submitted.map(({ paid }) => paid))).toEqual(new Set([3_000_000n]));
  });

  test('a chain that is down delays and is reported; nothing is decided meanwhile', async () => {
    const { w, c } = await withLock();
    const m = await c.manifest();
    await w.client(first(w)).submitEvidence(bundleOf(c, [['manifest', m]]), signal());
    await reportWhen(first(w), c.lock, ({ detail }) => detail.includes('delivered'));
    w.chain.down = true;
    const client = w.client(first(w));
    await expect(client.submitEvidence(bundleOf(await fixtureCase({ nonce: 7 }), []), signal())).rejects.toThrow(/chain-unavailable/);
    await expect.poll(async () => (await first(w).oracle.status()).chainProblem, { timeout: 10_000 }).toContain('down');
    w.chain.down = false;
    w.chain.at(c.quote.body.disputeBy + graceOf(c.quote.body) + 1);
    expect((await settled(w, c))[0]?.attestations[0]?.rule).toBe('silent');
  });

  test('a lock that is not as quoted goes back when its agent refuses it', async () => {
    const w = (world = await testWorld());
    const c = await fixtureCase();
    w.chain.put(c.locked({ amountBaseUnits: 5_999_999n }));
    w.chain.block();
    await w.client(first(w)).submitEvidence(bundleOf(c, [['lock-refusal', await c.refusal()]]), signal());
    await settled(w, c);
    expect(w.chain.submitted.map(({ paid }) => paid)).toEqual([0n]);
  });

  test('a lock that is not deep enough is not decided yet', async () => {
    const w = (world = await testWorld());
    const c = await fixtureCase();
    w.chain.put(c.locked());
    await w.client(first(w)).submitEvidence(bundleOf(c, [['lock-refusal', await c.refusal()]]), signal());
    await reportWhen(first(w), c.lock, ({ detail }) => detail.includes('0 of 1'));
    expect(w.chain.submitted).toEqual([]);
    w.chain.block();
    await settled(w, c);
  });
});

describe('sign once', () => {
  test('cannot sign two outcomes for one lock: a restart keeps the first, whatever comes later', async () => {
    const { w, c } = await withLock();
    for (const other of [second(w), third(w)]) other.reachable = false;
    await w.client(first(w)).submitEvidence(bundleOf(c, [['lock-refusal', await c.refusal()]]), signal());
    await reportWhen(first(w), c.lock, ({ state }) => state === 'attested');
    await first(w).restart();
    const m = await c.manifest();
    await w.client(first(w)).submitEvidence(
      bundleOf(c, [
        ['manifest', m],
        ['ack', await c.ack(m)],
      ]),
      signal(),
    );
    const { attestations } = await reportWhen(first(w), c.lock, ({ evidence }) => evidence.length === 4);
    expect(attestations).toHaveLength(1);
    expect(attestations[0]).toMatchObject({ verdict: 'refund', paidBaseUnits: '0' });
  });

  test('cannot sign two outcomes for one lock: the log on disk outlives a database that lost the decision', async () => {
    const { w, c } = await withLock();
    const one = first(w);
    for (const other of [second(w), third(w)]) other.reachable = false;
    await one.decisions.append({ lock: referenceText(c.lock), verdict: 'refund', rule: 'refused', paid: 0n, decidedAt: 1 });
    const m = await c.manifest();
    await w.client(one).submitEvidence(
      bundleOf(c, [
        ['manifest', m],
        ['ack', await c.ack(m)],
      ]),
      signal(),
    );
    const { attestations } = await reportWhen(one, c.lock, ({ state }) => state === 'attested');
    expect(attestations[0]).toMatchObject({ verdict: 'refund', paidBaseUnits: '0' });
    await one.restart();
    expect(await one.store.decisionOf(referenceText(c.lock))).toMatchObject({ paid: 0n });
  });

  test('cannot sign two outcomes for one lock: a lost database and log learn the own decision back from another oracle', async () => {
    const { w, c } = await withLock();
    third(w).reachable = false;
    await w.client(first(w)).submitEvidence(bundleOf(c, []), signal());
    await w.client(second(w)).submitEvidence(bundleOf(c, []), signal());
    const lost = { lock: referenceText(c.lock), verdict: 'refund' as const, rule: 'refused', paid: 0n };
    const signature = bytesToHex(await first(w).signer.sign(settleBytes(c.lock, 0n)));
    await second(w).store.addAttestation({ ...lost, oracleKey: first(w).signer.publicKey, signature });
    const m = await c.manifest();
    await w.client(first(w)).submitEvidence(
      bundleOf(c, [
        ['manifest', m],
        ['ack', await c.ack(m)],
      ]),
      signal(),
    );
    const { attestations } = await reportWhen(first(w), c.lock, ({ state }) => state === 'attested');
    expect(attestations.find(({ oracleKey }) => oracleKey === first(w).signer.publicKey)?.paidBaseUnits).toBe('0');
    expect(first(w).decisions.entries.get(referenceText(c.lock))).toMatchObject({ paid: 0n });
  });

  test('after a kill between decision and signature the same decision is signed', async () => {
    const { w, c } = await withLock();
    const one = first(w);
    await one.store.decide({ lock: referenceText(c.lock), verdict: 'refund', rule: 'refused', paid: 0n, decidedAt: 1 });
    await w.client(one).submitEvidence(bundleOf(c, []), signal());
    const { attestations } = await reportWhen(one, c.lock, ({ attestations: all }) => all.length > 0);
    expect(attestations[0]).toMatchObject({ oracleKey: one.signer.publicKey, paidBaseUnits: '0' });
    expect(one.decisions.entries.get(referenceText(c.lock))).toMatchObject({ paid: 0n });
  });
});

describe('evidence counts only from the keys that the quote names', () => {
  test('cannot hand in a manifest, ack or dispute of another key', async () => {
    const { w, c } = await withLock();
    const m = await c.manifest();
    const stranger = keyOf(77);
    const { refused } = await w.client(first(w)).submitEvidence(
      bundleOf(c, [
        ['manifest', await c.manifest({}, stranger)],
        ['ack', await c.ack(m, {}, stranger)],
        ['dispute', await c.dispute(m, {}, c.agent)],
      ]),
      signal(),
    );
    expect(refused.map(({ kind, code }) => `${kind} ${code}`)).toEqual([
      'manifest signature-invalid',
      'ack signature-invalid',
      'dispute signature-invalid',
    ]);
  });

  test('cannot use the manifest of another job or lock', async () => {
    const { w, c } = await withLock();
    const other = await fixtureCase({ nonce: 5 });
    const elsewhere = await c.manifest({ lock: { txId: c.lock.txId, index: 1 } });
    const { refused } = await w.client(first(w)).submitEvidence(
      bundleOf(c, [
        ['manifest', await other.manifest()],
        ['manifest', elsewhere],
      ]),
      signal(),
    );
    expect(refused.map(({ code }) => code)).toEqual(['evidence-foreign', 'evidence-foreign']);
  });

  test('cannot file a foreign quote under a lock, or one for a lock that does not exist', async () => {
    const { w, c } = await withLock();
    const other = await fixtureCase({ nonce: 5 });
    await expect(w.client(first(w)).submitEvidence({ ...bundleOf(other, []), lock: c.lock }, signal())).rejects.toThrow(/lock-other-quote/);
    await expect(w.client(first(w)).submitEvidence(bundleOf(other, []), signal())).rejects.toThrow(/lock-unknown/);
  });

  test('cannot involve an oracle that quote or datum do not name', async () => {
    const { w } = await withLock();
    const named = await fixtureCase({ oracles: [keyOf(61), keyOf(62)].sort((a, b) => (a.publicKey < b.publicKey ? -1 : 1)), nonce: 3 });
    w.chain.put(named.locked());
    await expect(w.client(first(w)).submitEvidence(bundleOf(named, []), signal())).rejects.toThrow(/oracle-not-named/);
    const c = await fixtureCase({ nonce: 4 });
    w.chain.put(c.locked({ datum: { ...c.locked().datum, oracleKeys: named.quote.body.oracleKeys } }));
    await expect(w.client(first(w)).submitEvidence(bundleOf(c, []), signal())).rejects.toThrow(/oracle-not-named/);
  });

  test('cannot hand in another job spec', async () => {
    const { w, c } = await withLock();
    const other = await fixtureCase({ nonce: 5 });
    const { refused } = await w.client(first(w)).submitEvidence({ ...bundleOf(c, []), spec: other.specBytes }, signal());
    expect(refused.map(({ kind, code }) => `${kind} ${code}`)).toEqual(['spec evidence-foreign']);
  });

  test('cannot fill the database with one lock: four pieces a kind, then no more', async () => {
    const { w, c } = await withLock();
    const client = w.client(first(w));
    const m = await c.manifest();
    for (let i = 0; i < 4; i++) await client.submitEvidence(bundleOf(c, [['dispute', await c.dispute(m, { reason: `r${i}` })]]), signal());
    const { refused } = await client.submitEvidence(bundleOf(c, [['dispute', await c.dispute(m, { reason: 'r5' })]]), signal());
    expect(refused.map(({ code }) => code)).toEqual(['evidence-full']);
  });
});
