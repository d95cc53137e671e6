// Previews of transactions that real builders make and the devnet's ledger takes: lock, reclaim, agreement, settlement, and what is shown of each.
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeDatum } from '@nunet/contracts/datum.ts';
import { buildLock } from '@nunet/contracts/lock.ts';
import { datumOf } from '@nunet/contracts/quote-datum.ts';
import { buildReclaim } from '@nunet/contracts/reclaim.ts';
import { AMOUNT, startRehearsal, type Rehearsal } from '@nunet/contracts/rehearsal.ts';
import { ESCROW } from '@nunet/contracts/script.ts';
import { buildSettle } from '@nunet/contracts/settle.ts';
import { transactionId } from '@nunet/contracts/sign.ts';
import { publicKeyOf } from '@nunet/contracts/thefts/cast.ts';
import type { Utxo } from '@nunet/contracts/chain/chain.ts';
import type { NetworkRecord } from '@nunet/shared/network-record.ts';
import type { Quote } from '@nunet/shared/quote.ts';
import { sampleQuote, sampleRecord, sampleSigner } from '@nunet/shared/samples.ts';
import { signStatement, type Signed } from '@nunet/shared/signature.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hashesOf, prepare } from '../vault/prepared.ts';
import { previewGround, type GroundParts } from './ground.ts';
import type { TransactionPreview } from './preview.ts';
import { previewTransactions } from './preview-transactions.ts';

let on: Rehearsal;
let record: NetworkRecord;
let parts: GroundParts;

beforeAll(async () => {
  on = await startRehearsal();
  const settleLovelace = on.datum().settleLovelace;
  record = {
    ...sampleRecord,
    asset: on.devnet.asset,
    escrows: [{ scriptHash: ESCROW.hash, referenceScript: null }],
    oracles: on.cast.oracles.map(({ publicKey }, i) => ({ key: publicKey, url: `http://127.0.0.1:${9_000 + i}` })),
    k: 2,
    settleLovelace,
  };
  const { serviceProvider } = on.cast;
  parts = {
    chain: on.chain,
    account: {
      index: 0,
      name: 'Main',
      address: serviceProvider.address,
      stakeAddress: '',
      payment: publicKeyOf(serviceProvider.secret),
      stake: publicKeyOf(serviceProvider.stakeSecret),
      drep: 'ab'.repeat(32),
    },
    record,
    network: 'devnet',
    ntx: on.devnet.asset,
    balance: { lovelace: 1_005_000_000n, baseUnits: 1_000n * AMOUNT },
    known: [],
    quoteOf: () => null,
  };
}, 120_000);
afterAll(() => on.stop());

async function see(cbor: string, change: Partial<GroundParts> = {}): Promise<TransactionPreview> {
  const ground = await previewGround({ ...parts, ...change }, [cbor], AbortSignal.timeout(20_000));
  const [preview] = previewTransactions([cbor], ground);
  if (preview === undefined) throw new Error('no preview');
  return preview;
}

const stops = ({ risks }: TransactionPreview): string[] => risks.filter(({ level }) => level !== 'warn').map(({ code }) => code);

async function quoteFor(change: Partial<Quote> = {}): Promise<Signed<Quote>> {
  const now = Date.now();
  const datum = on.datum();
  const body: Quote = {
    ...sampleQuote,
    serviceProvider: { ...sampleQuote.serviceProvider, address: datum.serviceProvider },
    computeProvider: { ...sampleQuote.computeProvider, address: datum.computeProvider },
    voucherKey: datum.voucherKey,
    closeKey: datum.closeKey,
    oracleKeys: datum.oracleKeys,
    asset: datum.asset,
    amountBaseUnits: AMOUNT,
    settleLovelace: datum.settleLovelace,
    issuedAt: now,
    expiresAt: now + 90_000,
    startBy: now + 120_000,
    finishBy: now + 200_000,
    disputeBy: now + 210_000,
    reclaimAfter: now + 230_000,
    ...change,
  };
  return await signStatement('quote', body, sampleSigner('agent'));
}

async function lockOn(quote: Signed<Quote>): Promise<string> {
  const built = await buildLock(
    {
      datum: datumOf(quote),
      amountBaseUnits: quote.body.amountBaseUnits,
      payer: await on.payer(on.cast.serviceProvider),
      parameters: on.parameters,
      slotConfig: on.chain.slotConfig,
      expiresAt: quote.body.expiresAt,
    },
    Date.now(),
  );
  return built.cbor;
}

const quoteOf = (quote: Signed<Quote>): Partial<GroundParts> => ({
  quoteOf: (hash) => (encodeDatum(datumOf(quote)).endsWith(hash) ? { envelope: quote.envelope, title: 'digits' } : null),
});

describe('the lock of a job', () => {
  test('is recognised as the builder makes it, and the hash shown is the one that the vault signs', async () => {
    const quote = await quoteFor();
    const cbor = await lockOn(quote);
    const seen = await see(cbor, quoteOf(quote));
    expect(seen.intent).toMatchObject({ kind: 'lock', amountBaseUnits: AMOUNT, jobTitle: 'digits', oracles: 3, k: 2 });
    expect(seen.risks).toEqual([]);
    expect(seen.effect.tokens).toMatchObject([{ isNtx: true, quantity: -AMOUNT }]);
    expect(seen.effect.lovelace).toBe(-(seen.outputs[0]!.lovelace + seen.feeLovelace));
    const what = { kind: 'transactions', transactions: [{ cbor, roles: seen.keys }] } as const;
    const prepared = prepare(
      { origin: null, frame: '1', account: 0, network: 'devnet', what: { ...what, transactions: [...what.transactions] } },
      parts.account,
      () => '',
    );
    expect([seen.hash, transactionId(cbor)]).toEqual([...hashesOf(prepared), ...hashesOf(prepared)]);
  });

  test('cannot be recognised on a quote that says something else', async () => {
    const quote = await quoteFor();
    const other = await quoteFor({ amountBaseUnits: AMOUNT + 1n });
    const seen = await see(await lockOn(quote), { quoteOf: () => ({ envelope: other.envelope, title: 'digits' }) });
    expect(seen.intent).toEqual({ kind: 'unrecognised', because: 'script-like-ours' });
    expect(stops(seen)).toContain('quote-missing');
  });

  test('cannot be recognised when the source lies about what is spent', async () => {
    const quote = await quoteFor();
    const lying: GroundParts['chain'] = {
      slotConfig: on.chain.slotConfig,
      parameters: (signal) => on.chain.parameters(signal),
      tip: (signal) => on.chain.tip(signal),
      // Another transaction than was asked for.
      rawTransaction: async (_, signal) => on.chain.rawTransaction(on.deployed.txId, signal),
    };
    const seen = await see(await lockOn(quote), { ...quoteOf(quote), chain: lying });
    expect(seen.intent).toEqual({ kind: 'unrecognised', because: 'unresolved' });
    expect(stops(seen)).toContain('unresolved-inputs');
    // The loss is still all that does not come back.
    expect(seen.effect.lovelace).toBe(-(seen.outputs[0]!.lovelace + seen.feeLovelace));
    expect(seen.effect.tokens).toMatchObject([{ quantity: -AMOUNT }]);
  });
});

describe('the end of a lock', () => {
  const common = async () => ({
    payer: await on.payer(on.cast.serviceProvider),
    parameters: on.parameters,
    run: await on.run(on.cast.serviceProvider),
  });
  const settleWith = async (utxo: Utxo, paid: bigint): Promise<string> =>
    (await buildSettle({ locks: [{ by: 'oracles', utxo, paid, signatures: on.attest(utxo, paid) }], ...(await common()) })).cbor;

  test('by reclaim brings everything home, with collateral at risk', async () => {
    const reclaimAfter = Date.now() + 1_000;
    const { utxo } = await on.lock(on.datum({ reclaimAfter }));
    await sleep(reclaimAfter + 1_000 - Date.now());
    const built = await buildReclaim({ locks: [utxo], slotConfig: on.chain.slotConfig, ...(await common()) }, Date.now());
    const seen = await see(built.cbor);
    expect(seen.intent).toEqual({ kind: 'reclaim', locks: 1, baseUnits: AMOUNT });
    expect(seen.effect).toMatchObject({ lovelace: utxo.lovelace - built.fee, tokens: [{ quantity: AMOUNT }] });
    expect(seen.effectIfScriptFails?.lovelace).toBeLessThan(0n);
    expect(seen.risks.map(({ code }) => code)).toEqual(['collateral-at-risk']);
  }, 60_000);

  test('by agreement says what is paid and what comes back', async () => {
    const { utxo } = await on.lock(on.datum());
    const paid = AMOUNT / 4n;
    const built = await buildSettle({ locks: [{ by: 'agreement', utxo, agreement: on.agree(utxo, paid) }], ...(await common()) });
    const seen = await see(built.cbor);
    expect(seen.intent).toEqual({ kind: 'agree', locks: 1, paidBaseUnits: paid, backBaseUnits: AMOUNT - paid });
    expect(seen.effect.tokens).toMatchObject([{ quantity: AMOUNT - paid }]);
    expect(stops(seen)).toEqual([]);
  });

  test('by the oracles says the same, for two locks at once too', async () => {
    const [first, second] = (await on.sweep([on.datum(), on.datum({ quoteHash: '33'.repeat(32) })])).utxos as [Utxo, Utxo];
    const locks = [first, second].map((utxo) => ({ by: 'oracles' as const, utxo, paid: 1_000n, signatures: on.attest(utxo, 1_000n) }));
    const seen = await see((await buildSettle({ locks, ...(await common()) })).cbor);
    expect(seen.intent).toEqual({ kind: 'settle', locks: 2, paidBaseUnits: 2_000n, backBaseUnits: 2n * AMOUNT - 2_000n });
    expect(stops(seen)).toEqual([]);
  });

  test('cannot be recognised at a script that the record does not name', async () => {
    const { utxo } = await on.lock(on.datum());
    const elsewhere = { ...record, escrows: [{ scriptHash: '11'.repeat(28), referenceScript: null }] };
    const seen = await see(await settleWith(utxo, 1n), { record: elsewhere });
    expect(seen.intent).toEqual({ kind: 'unrecognised', because: 'script' });
    expect(stops(seen)).toContain('unknown-script');
  });
});

describe('gathering what is known', () => {
  test('a source that is down leaves everything unresolved, and says nothing good', async () => {
    const down = (): Promise<never> => Promise.reject(new Error('down'));
    const chain = { slotConfig: on.chain.slotConfig, parameters: down, tip: down, rawTransaction: down };
    const cbor = await lockOn(await quoteFor());
    const ground = await previewGround({ ...parts, chain }, [cbor], AbortSignal.timeout(5_000));
    expect(ground).toMatchObject({ inputs: [], tipTimeMs: null, deposits: { key: 2_000_000n, pool: 500_000_000n } });
    expect(ground.unresolved.length).toBeGreaterThan(0);
  });

  test('a source that never answers is not waited for when the asker is gone', async () => {
    const never = (): Promise<never> => new Promise(() => undefined);
    const until = <Value>(_: unknown, signal?: AbortSignal): Promise<Value> =>
      new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)));
    const chain = { slotConfig: on.chain.slotConfig, parameters: never, tip: never, rawTransaction: until };
    const asking = previewGround(
      { ...parts, chain: { ...chain, parameters: (signal) => until(null, signal), tip: (signal) => until(null, signal) } },
      [await lockOn(await quoteFor())],
      AbortSignal.timeout(50),
    );
    await expect(asking).rejects.toThrow();
  });

  test('a chain of transactions asks for nothing that it makes itself', async () => {
    const quote = await quoteFor();
    const first = await lockOn(quote);
    const asked: string[] = [];
    const chain: GroundParts['chain'] = {
      slotConfig: on.chain.slotConfig,
      parameters: (signal) => on.chain.parameters(signal),
      tip: (signal) => on.chain.tip(signal),
      rawTransaction: (txId, signal) => {
        asked.push(txId);
        return on.chain.rawTransaction(txId, signal);
      },
    };
    await previewGround({ ...parts, chain }, [first, first], AbortSignal.timeout(20_000));
    expect(asked).not.toContain(transactionId(first));
    expect(new Set(asked).size).toBe(asked.length);
  });
});
