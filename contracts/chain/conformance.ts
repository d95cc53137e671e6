// What every chain source must do, over a real ledger and on its service's bad days: one suite, run for each kind.
import { expect, describe, test, beforeAll, afterAll } from 'vitest';
import type { OutputReference } from '@nunet/shared/fields.ts';
import { buildReclaim } from '../reclaim.ts';
import { buildLock } from '../lock.ts';
import { buildSettle } from '../settle.ts';
import { AMOUNT, startRehearsal, type Rehearsal } from '../rehearsal.ts';
import { ESCROW, ESCROW_ADDRESS, PARKING_ADDRESS } from '../script.ts';
import { signTransaction } from '../sign.ts';
import type { Source } from './chain.ts';
import { changed, FAULTS, limited, lostAnswer, lostRequest, startFaultyServer, type FaultyServer } from '../devnet/faulty-server.ts';
import type { Timing } from './retry.ts';
import type { SourceOptions } from './source-request.ts';

export interface SourceCandidate {
  name: string;
  /** The path of its API below the devnet's address. */
  base: string;
  open(options: SourceOptions & { network: 'devnet' }): Promise<Source>;
  /** Where each thing is asked for: a part of the path that only this request has. */
  paths: {
    tip: string;
    parameters: string;
    utxos: string;
    spent: string;
    transaction: string;
    raw: string;
    history: string;
    script: string;
    submit: string;
    evaluate: string;
  };
}

/** All keys of a JSON value as paths; of a list the first entry stands for all. */
function keysOf(json: unknown, at: (string | number)[] = []): (string | number)[][] {
  if (Array.isArray(json)) return json.length === 0 ? [] : keysOf(json[0], [...at, 0]);
  if (typeof json !== 'object' || json === null) return [];
  return Object.entries(json).flatMap(([key, value]) => [[...at, key], ...keysOf(value, [...at, key])]);
}

function without(json: unknown, [key, ...rest]: (string | number)[]): unknown {
  if (key === undefined) return json;
  if (Array.isArray(json)) return json.map((entry, index) => (index === key ? without(entry, rest) : (entry as unknown)));
  const copy = { ...(json as Record<string, unknown>) };
  if (rest.length === 0) delete copy[key];
  else copy[key] = without(copy[key], rest);
  return copy;
}

const DAY_MS = 86_400_000;

export function sourceConformance(candidate: SourceCandidate): void {
  const { paths } = candidate;
  let stage: Rehearsal;
  let server: FaultyServer;
  /** Straight to the devnet. */
  let honest: Source;
  /** Through the server that breaks answers. */
  let source: Source;
  let held: OutputReference;
  let spent: OutputReference;
  let spentBy: string;
  let settleCbor: string;
  const pauses: number[] = [];
  const timing: Timing = {
    now: () => 1_700_000_000_000,
    random: () => 0.5,
    pause: async (ms, signal) => {
      signal?.throwIfAborted();
      pauses.push(ms);
    },
  };

  beforeAll(async () => {
    stage = await startRehearsal((url) => candidate.open({ url: url + candidate.base, network: 'devnet' }));
    honest = await candidate.open({ url: stage.devnet.url + candidate.base, network: 'devnet' });
    server = await startFaultyServer(stage.devnet.url);
    source = await fresh();
    const first = await stage.lock(stage.datum());
    const second = await stage.lock(stage.datum());
    held = first.utxo.reference;
    spent = second.utxo.reference;
    const built = await settle(spent);
    settleCbor = built.cbor;
    spentBy = (await stage.send(built, [stage.operator.secret])).txId;
  });
  afterAll(async () => {
    await server.stop();
    await stage.stop();
  });

  const settle = async (reference: OutputReference, paid = AMOUNT) => {
    const state = await honest.output(reference);
    if (state === null) throw new Error('the lock is gone');
    return buildSettle({
      locks: [{ by: 'oracles', utxo: state.utxo, paid, signatures: stage.attest(state.utxo, paid) }],
      payer: await stage.payer(stage.operator),
      parameters: stage.parameters,
      run: await stage.run(stage.operator),
    });
  };
  const pay = async () => {
    const built = await buildLock(
      {
        datum: stage.datum(),
        amountBaseUnits: AMOUNT,
        payer: await stage.payer(stage.cast.serviceProvider),
        parameters: stage.parameters,
        slotConfig: honest.slotConfig,
        expiresAt: Date.now() + DAY_MS,
      },
      Date.now(),
    );
    return { reference: built.reference, unsigned: built.cbor, cbor: signTransaction(built.cbor, [stage.cast.serviceProvider.secret]) };
  };

  /** Every way of reading, with the path that it cannot do without. */
  const reads: Record<string, { path: string; ask: (from: Source, signal?: AbortSignal) => Promise<unknown> }> = {
    tip: { path: paths.tip, ask: (from, signal) => from.tip(signal) },
    parameters: { path: paths.parameters, ask: (from, signal) => from.parameters(signal) },
    'the outputs of an address': {
      path: paths.utxos,
      ask: (from, signal) => from.utxos(ESCROW_ADDRESS, signal === undefined ? {} : { signal }),
    },
    'the outputs of a script': { path: paths.script, ask: (from, signal) => from.scriptUtxos(ESCROW.hash, signal) },
    'the history of an address': { path: paths.history, ask: (from, signal) => from.history(ESCROW_ADDRESS, { limit: 50, signal }) },
    'an output': { path: paths.spent, ask: (from, signal) => from.output(held, signal) },
    'a spent output': { path: paths.spent, ask: (from, signal) => from.output(spent, signal) },
    'a transaction': { path: paths.transaction, ask: (from, signal) => from.transaction(held.txId, signal) },
    'a raw transaction': { path: paths.raw, ask: (from, signal) => from.rawTransaction(held.txId, signal) },
  };
  /** A source of its own each time: what was read before must not stand in for what is asked now. */
  const fresh = (timeoutMs = 5_000): Promise<Source> =>
    candidate.open({ url: server.url + candidate.base, network: 'devnet', timeoutMs, retryDelaysMs: [4, 8], timing });
  /** For faults that end with the time limit. */
  const IMPATIENT_MS = 150;

  describe(`${candidate.name} over a real ledger`, () => {
    test('tells a lock, its settlement and what decided about it', async () => {
      expect(await source.output(held)).toMatchObject({ utxo: { reference: held, address: ESCROW_ADDRESS }, spentBy: null });
      expect(await source.output(spent)).toMatchObject({ spentBy });
      expect((await source.utxos(ESCROW_ADDRESS)).map(({ reference }) => reference)).toContainEqual(held);
      const { height } = await source.tip();
      const made = await source.transaction(spentBy);
      expect(made).toMatchObject({ state: 'confirmed', confirmations: height - (made.state === 'confirmed' ? made.blockHeight : 0) });
      expect((await source.rawTransaction(spentBy))?.redeemers).toHaveLength(1);
      expect(await source.output({ ...held, index: 999 })).toBeNull();
      expect(await source.output({ txId: '77'.repeat(32), index: 0 })).toBeNull();
      expect(await source.transaction('77'.repeat(32))).toEqual({ state: 'unknown' });
      expect(await source.rawTransaction('77'.repeat(32))).toBeNull();
    });

    test('shows tokens, datums and reference scripts, and filters by token', async () => {
      const [lock] = await source.utxos(ESCROW_ADDRESS, { asset: stage.devnet.asset });
      expect(lock).toMatchObject({
        assets: [{ ...stage.devnet.asset, quantity: AMOUNT }],
        inlineDatum: expect.stringMatching(/^[0-9a-f]+$/),
      });
      expect(await source.utxos(ESCROW_ADDRESS, { asset: { policyId: 'ab'.repeat(28), assetName: '' } })).toEqual([]);
      const [parked] = await source.utxos(PARKING_ADDRESS);
      expect(parked?.referenceScriptHash).toMatch(/^[0-9a-f]{56}$/);
    });

    test('lists what a script holds, and the transactions of an address, newest first', async () => {
      const listed = (await source.scriptUtxos(ESCROW.hash))?.map(({ reference }) => reference);
      expect(listed).toEqual((await source.utxos(ESCROW_ADDRESS)).map(({ reference }) => reference));
      expect(await source.scriptUtxos('ab'.repeat(28))).toEqual([]);
      const { txIds, more } = await source.history(ESCROW_ADDRESS, { limit: 50 });
      expect([txIds.indexOf(spentBy), txIds.indexOf(spent.txId), txIds.indexOf(held.txId)]).toEqual([0, 1, 2]);
      expect(more).toBe(false);
      expect(await source.history(ESCROW_ADDRESS, { limit: 2 })).toEqual({ txIds: txIds.slice(0, 2), more: true });
    });

    test('gives the cost models live and whole', async () => {
      const { costModels, ...rest } = await source.parameters();
      expect(Object.values(costModels).map((model) => model.length)).toEqual([166, 175, 297]);
      expect(rest).toMatchObject({ coinsPerUtxoByte: 4_310n, priceMemory: 0.0577, priceSteps: 0.0000721, referenceScriptFeePerByte: 15 });
    });

    test('takes a cost model of 350 entries, as PreProd has', async () => {
      const longer = Array.from({ length: 350 }, (_, index) => index);
      const put = (json: unknown): unknown =>
        JSON.parse(JSON.stringify(json), (key, value: unknown) => (key === 'PlutusV3' ? longer : value));
      server.breakNext(paths.parameters, changed(put), 1);
      expect((await source.parameters()).costModels.plutusV3).toEqual(longer);
    });

    test('evaluates what the ledger will charge, and passes on why a script refuses', async () => {
      const built = await settle(held);
      expect(await source.evaluate(built.cbor)).toEqual([{ tag: 'spend', index: expect.any(Number), ...built.units }]);
      await expect(source.evaluate(settleCbor)).rejects.toMatchObject({ code: 'chain-rejected' });
    });

    test('locks and reclaims through it', async () => {
      const { ledger } = stage.devnet;
      const { utxo } = await stage.lock(stage.datum({ reclaimAfter: Math.max(Date.now(), ledger.blockTimeMs(ledger.tip)) + 60_000 }));
      ledger.advance({ slots: 600, blocks: 1 });
      const built = await buildReclaim(
        {
          locks: [utxo],
          payer: await stage.payer(stage.cast.serviceProvider),
          parameters: await source.parameters(),
          slotConfig: source.slotConfig,
          run: await stage.run(stage.cast.serviceProvider),
        },
        (await source.tip()).timeMs,
      );
      const txId = await source.submit(signTransaction(built.cbor, [stage.cast.serviceProvider.secret]));
      stage.devnet.ledger.makeBlock();
      expect(await source.output(utxo.reference)).toMatchObject({ spentBy: txId });
    });

    test('carries the reason of the ledger when it refuses a transaction', async () => {
      const { unsigned } = await pay();
      await expect(source.submit(unsigned)).rejects.toMatchObject({
        code: 'chain-rejected',
        message: expect.stringMatching(/witness|signature/i),
      });
    });
  });

  describe(`${candidate.name} after a rollback`, () => {
    test('cannot keep a transaction, an output or a spend that the chain let go', async () => {
      const { utxo } = await stage.lock(stage.datum());
      const paid = await stage.send(await settle(utxo.reference), [stage.operator.secret]);
      expect(await source.output(utxo.reference)).toMatchObject({ spentBy: paid.txId });
      stage.devnet.ledger.rollback(1, 'vanish');
      expect(await source.output(utxo.reference)).toMatchObject({ spentBy: null });
      expect(await source.transaction(paid.txId)).toEqual({ state: 'unknown' });
      const other = await stage.send(await settle(utxo.reference, 0n), [stage.operator.secret]);
      expect(await source.output(utxo.reference)).toMatchObject({ spentBy: other.txId });
      stage.devnet.ledger.rollback(4, 'vanish');
      expect(await source.output(utxo.reference)).toBeNull();
      expect(await source.transaction(utxo.reference.txId)).toEqual({ state: 'unknown' });
    });

    test('cannot count confirmations below zero when its tip lags behind', async () => {
      const { utxo } = await stage.lock(stage.datum());
      const old = { hash: 'ab'.repeat(32), slot: 5, abs_slot: 5, height: 3, block_height: 3 };
      const lag = (json: unknown): unknown =>
        Array.isArray(json) ? json.map((row: object) => ({ ...row, ...old })) : { ...(json as object), ...old };
      server.breakNext(paths.tip, changed(lag));
      expect(await source.tip()).toMatchObject({ height: 3 });
      expect(await source.transaction(utxo.reference.txId)).toMatchObject({ state: 'confirmed', confirmations: 0 });
      server.breakNext(paths.tip, changed(lag), 0);
    });
  });

  describe(`${candidate.name} on a bad day`, () => {
    const cases = Object.keys(reads).flatMap((what) => Object.keys(FAULTS).map((fault) => [what, fault] as const));

    test.each(cases)('cannot give %s after %s', async (what, fault) => {
      const read = reads[what];
      const chain = await fresh(IMPATIENT_MS);
      server.breakNext(read?.path ?? '', FAULTS[fault as keyof typeof FAULTS]);
      await expect(read?.ask(chain)).rejects.toMatchObject({ code: 'chain-unavailable' });
      expect(server.requests.length).toBeLessThanOrEqual(12);
      server.breakNext('', lostRequest, 0);
    });

    test.each(Object.keys(reads))('%s comes at the second or third try, after growing pauses', async (what) => {
      const chain = await fresh();
      pauses.length = 0;
      server.breakNext(reads[what]?.path ?? '', FAULTS['status 503 in plain text'], 2);
      expect(await reads[what]?.ask(chain)).toEqual(await reads[what]?.ask(honest));
      // Half of each pause is fixed, half random: here exactly the middle.
      expect(pauses).toEqual([3, 6]);
    });

    test('waits as long as the service asks, and cannot be made to wait for ever', async () => {
      pauses.length = 0;
      server.breakNext(paths.tip, limited('2'), 1);
      await source.tip();
      expect(pauses).toEqual([2_003]);
      server.breakNext(paths.tip, limited(new Date(timing.now() + 4_000).toUTCString()), 1);
      await source.tip();
      expect(pauses).toEqual([2_003, 4_003]);
      server.breakNext(paths.tip, limited('3600'), 1);
      await expect(source.tip()).rejects.toMatchObject({ code: 'chain-unavailable', message: expect.stringContaining('3600 s') });
      expect(pauses).toHaveLength(2);
    });

    test.each(Object.keys(reads))('cannot be told a different %s by leaving a field out', async (what) => {
      const read = reads[what];
      if (read === undefined) throw new Error(what);
      const wanted = await read.ask(await fresh());
      let keys: (string | number)[][] = [];
      server.breakNext(
        read.path,
        changed((json) => {
          keys = keysOf(json);
          return json;
        }),
        1,
      );
      await read.ask(await fresh());
      let refused = 0;
      for (const key of keys) {
        const chain = await fresh();
        server.breakNext(
          read.path,
          changed((json) => without(json, key)),
        );
        const given = await read.ask(chain).catch((error: unknown) => {
          expect(error, key.join('.')).toMatchObject({ code: 'chain-unavailable' });
          refused += 1;
          return wanted;
        });
        expect(given, key.join('.')).toEqual(wanted);
      }
      expect(refused).toBeGreaterThan(0);
      server.breakNext('', lostRequest, 0);
    });

    test('cannot go on when the caller gives up', async () => {
      const controller = new AbortController();
      server.breakNext(paths.tip, FAULTS.silence);
      const asked = source.tip(controller.signal);
      controller.abort();
      await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
      server.breakNext('', lostRequest, 0);
    });

    test('cannot take a failing evaluation for a script that refuses', async () => {
      const { cbor } = await settle(held);
      const impatient = await fresh(IMPATIENT_MS);
      for (const fault of ['status 500', 'half of the JSON', 'silence', 'an object of something else'] as const) {
        server.breakNext(paths.evaluate, FAULTS[fault]);
        await expect(impatient.evaluate(cbor), fault).rejects.toMatchObject({ code: 'chain-unavailable' });
      }
      server.breakNext('', lostRequest, 0);
    });
  });

  describe(`${candidate.name} when the answer to a submit is lost`, () => {
    const posts = (): number => server.requests.filter((line) => line.startsWith('POST') && line.includes(paths.submit)).length;

    test('finds the transaction on chain and gives its id, sent once', async () => {
      const { cbor, reference } = await pay();
      server.breakNext(
        paths.submit,
        lostAnswer(() => stage.devnet.ledger.makeBlock()),
        1,
      );
      expect(await source.submit(cbor)).toBe(reference.txId);
      expect(posts()).toBe(1);
      expect(await source.output(reference)).toMatchObject({ spentBy: null });
    });

    test.each(['status 500', 'status 503 in plain text', 'silence', 'an empty body'] as const)(
      'cannot send it again by itself after %s',
      async (fault) => {
        const { cbor, reference } = await pay();
        const impatient = await fresh(IMPATIENT_MS);
        server.breakNext(paths.submit, FAULTS[fault], 1);
        await expect(impatient.submit(cbor)).rejects.toMatchObject({
          code: 'chain-unavailable',
          message: expect.stringContaining(reference.txId),
        });
        expect(posts()).toBe(1);
        // Whoever holds it in a journal sends the same bytes again.
        expect(await source.submit(cbor)).toBe(reference.txId);
        stage.devnet.ledger.makeBlock();
      },
    );

    test('cannot be content with a source that names another transaction', async () => {
      const { cbor } = await pay();
      server.breakNext(
        paths.submit,
        changed(() => 'ff'.repeat(32)),
        1,
      );
      const answer = await source.submit(cbor).catch((error: unknown) => error);
      // Where the mempool shows it, it has arrived whatever the service called it.
      if (typeof answer !== 'string') expect(answer).toMatchObject({ code: 'chain-unavailable' });
      expect(posts()).toBe(1);
      stage.devnet.ledger.makeBlock();
    });
  });
}
