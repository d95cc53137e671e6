// Bad orders are refused with a reason before anything is signed; and money that is locked all the same comes back by Reclaim.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addressBytes } from './chain/address.ts';
import { bech32 } from '@scure/base';
import { NO_KEY_HASH, type EscrowDatum } from '@nunet/shared/lock.ts';
import type { NetworkRecord } from '@nunet/shared/network-record.ts';
import type { Quote } from '@nunet/shared/quote.ts';
import { sampleQuote, sampleRecord, sampleSigner } from '@nunet/shared/samples.ts';
import { signStatement } from '@nunet/shared/signature.ts';
import { addressOf } from './address.ts';
import { balance } from './balance.ts';
import type { AssetQuantity, Utxo } from './chain/chain.ts';
import { encodeDatum } from './datum.ts';
import { lockLovelace, lockOutput } from './lock-output.ts';
import { buildLock, type LockRequest } from './lock.ts';
import { jobEscrow } from './job-escrow.ts';
import { foreignQuote, lockProblem } from './lock-order.ts';
import { buildReclaim } from './reclaim.ts';
import { AMOUNT, startRehearsal, type Rehearsal } from './rehearsal.ts';
import { ESCROW, ESCROW_ADDRESS } from './script.ts';
import { newOracle } from './thefts/cast.ts';
import { leastLovelace, quantityOf } from './value.ts';

const ADA = 1_000_000n;
const DAY_MS = 86_400_000;
const CENTURY_MS = 36_525 * DAY_MS;

let on: Rehearsal;
beforeAll(async () => {
  on = await startRehearsal();
}, 120_000);
afterAll(() => on.stop());

const tipMs = (): number => on.devnet.ledger.blockTimeMs(on.devnet.ledger.tip);
const keys = (count: number): string[] => Array.from({ length: count }, () => newOracle().publicKey).sort();

/** The same address as mainnet writes it. */
function onMainnet(address: string): string {
  const bytes = Uint8Array.from(addressBytes(address));
  bytes[0] = (bytes[0] ?? 0) | 1;
  return bech32.encode('addr', bech32.toWords(bytes), false);
}

interface BadOrder {
  datum?: (honest: EscrowDatum) => Partial<EscrowDatum>;
  order?: Partial<LockRequest>;
  code: string;
  /** How it would lie on chain; absent where it could not. */
  raw?: { assets?: AssetQuantity[]; lovelace?: bigint; address?: string };
}

const BAD: Record<string, BadOrder> = {
  nothing: { order: { amountBaseUnits: 0n }, code: 'amount-invalid', raw: { assets: [] } },
  'less than nothing': { order: { amountBaseUnits: -1n }, code: 'amount-invalid' },
  '2^63 base units': { order: { amountBaseUnits: 1n << 63n }, code: 'amount-invalid' },
  '2^64 base units and more': { order: { amountBaseUnits: 1n << 70n }, code: 'amount-invalid' },
  'for a service provider on mainnet': {
    datum: ({ serviceProvider }) => ({ serviceProvider: onMainnet(serviceProvider) }),
    code: 'datum-invalid',
  },
  'for a compute provider on mainnet': {
    datum: ({ computeProvider }) => ({ computeProvider: onMainnet(computeProvider) }),
    code: 'datum-invalid',
  },
  'for a service provider that is a script': {
    datum: () => ({ serviceProvider: addressOf({ payment: { kind: 'script', hash: '42'.repeat(28) } }) }),
    code: 'datum-invalid',
  },
  'for a compute provider that is the escrow itself': {
    datum: () => ({ computeProvider: ESCROW_ADDRESS }),
    code: 'datum-invalid',
    raw: {},
  },
  'an asset whose policy is cut short': {
    datum: ({ asset }) => ({ asset: { ...asset, policyId: asset.policyId.slice(2) } }),
    code: 'datum-invalid',
    raw: {},
  },
  'ADA in place of the asset': { datum: () => ({ asset: { policyId: '', assetName: '' } }), code: 'datum-invalid', raw: { assets: [] } },
  'an asset with a name of 33 bytes': {
    datum: ({ asset }) => ({ asset: { ...asset, assetName: '00'.repeat(33) } }),
    code: 'datum-invalid',
    raw: {},
  },
  'an asset that the wallet does not hold': {
    datum: ({ asset }) => ({ asset: { ...asset, assetName: 'ff' } }),
    code: 'funds-insufficient',
    raw: {},
  },
  'until a time that is past': { datum: () => ({ reclaimAfter: tipMs() - DAY_MS }), code: 'deadline-invalid', raw: {} },
  'until now': { datum: () => ({ reclaimAfter: tipMs() }), code: 'deadline-invalid', raw: {} },
  'until a time before 1970': { datum: () => ({ reclaimAfter: -1 }), code: 'datum-invalid', raw: {} },
  'on a quote that has expired': { order: { expiresAt: 1 }, code: 'quote-expired' },
  'on a quote that never expires': { order: { expiresAt: Number.POSITIVE_INFINITY }, code: 'quote-expired' },
  'under an oracle key that is named twice': {
    datum: () => {
      const [a = '', b = ''] = keys(2);
      return { oracleKeys: [a, a, b] };
    },
    code: 'datum-invalid',
    raw: {},
  },
  'under oracle keys in falling order': {
    datum: ({ oracleKeys }) => ({ oracleKeys: oracleKeys.toReversed() }),
    code: 'datum-invalid',
    raw: {},
  },
  'under an oracle key of 31 bytes': { datum: () => ({ oracleKeys: ['00'.repeat(31)], k: 1 }), code: 'datum-invalid', raw: {} },
  'for no oracle signature (k = 0)': { datum: () => ({ k: 0 }), code: 'datum-invalid', raw: {} },
  'for more signatures than oracles (k > n)': { datum: () => ({ k: 4 }), code: 'datum-invalid', raw: {} },
  'under no oracle (n = 0)': { datum: () => ({ oracleKeys: [], k: 1 }), code: 'datum-invalid', raw: {} },
  'under ten oracles (n = 10)': { datum: () => ({ oracleKeys: keys(10) }), code: 'datum-invalid', raw: {} },
  'with a settleLovelace below nothing': { datum: () => ({ settleLovelace: -1n }), code: 'datum-invalid', raw: {} },
  'with a settleLovelace of 2^63': { datum: () => ({ settleLovelace: 1n << 63n }), code: 'datum-invalid', raw: {} },
  'with a settleLovelace of 101 ADA': { datum: () => ({ settleLovelace: 101n * ADA }), code: 'datum-invalid', raw: {} },
  'with a quote hash of 31 bytes': { datum: () => ({ quoteHash: NO_KEY_HASH.slice(2) }), code: 'datum-invalid', raw: {} },
  'with a voucher key of 31 bytes': { datum: () => ({ voucherKey: NO_KEY_HASH.slice(2) }), code: 'datum-invalid', raw: {} },
};

const badDatum = (change: BadOrder['datum']): EscrowDatum => {
  const honest = on.datum({ reclaimAfter: tipMs() + DAY_MS });
  return { ...honest, ...change?.(honest) };
};

/** Locks past every check, as a hostile or broken program would. */
async function lockRaw({
  address = ESCROW_ADDRESS,
  lovelace = 5n * ADA,
  assets,
  datum,
}: {
  address?: string;
  lovelace?: bigint;
  assets?: AssetQuantity[];
  datum: string;
}): Promise<Utxo> {
  const { serviceProvider } = on.cast;
  const output = { address, lovelace, assets: assets ?? [{ ...on.devnet.asset, quantity: AMOUNT }], inlineDatum: datum };
  const built = await balance({
    action: 'lock',
    inputs: [],
    outputs: () => [output],
    payer: await on.payer(serviceProvider),
    parameters: on.parameters,
  });
  const { txId } = await on.send(built, [serviceProvider.secret]);
  const state = await on.chain.output({ txId, index: 0 });
  if (state === null) throw new Error('the raw lock is not on chain');
  return state.utxo;
}

/** Takes it back; what came, beside the fee. */
async function reclaimed(lock: Utxo): Promise<void> {
  const { serviceProvider } = on.cast;
  const held = async () => {
    const utxos = await on.chain.utxos(serviceProvider.address);
    return {
      lovelace: utxos.reduce((sum, utxo) => sum + utxo.lovelace, 0n),
      ntx: utxos.reduce((sum, utxo) => sum + quantityOf(utxo, on.devnet.asset), 0n),
    };
  };
  const before = await held();
  const built = await buildReclaim(
    {
      locks: [lock],
      payer: await on.payer(serviceProvider),
      parameters: on.parameters,
      slotConfig: on.chain.slotConfig,
      run: await on.run(serviceProvider),
    },
    tipMs(),
  );
  await on.send(built, [serviceProvider.secret]);
  const after = await held();
  expect(after.lovelace - before.lovelace).toBe(lock.lovelace - built.fee);
  expect(after.ntx - before.ntx).toBe(quantityOf(lock, on.devnet.asset));
  expect(await on.chain.output(lock.reference)).toMatchObject({ spentBy: expect.any(String) });
}

describe('cannot lock', () => {
  test.each(Object.entries(BAD))('%s', async (_, { datum, order, code }) => {
    const request: LockRequest = {
      datum: badDatum(datum),
      amountBaseUnits: AMOUNT,
      payer: await on.payer(on.cast.serviceProvider),
      parameters: on.parameters,
      slotConfig: on.chain.slotConfig,
      expiresAt: tipMs() + 90_000,
      ...order,
    };
    await expect(buildLock(request, tipMs())).rejects.toMatchObject({ code, message: expect.stringMatching(/^Cannot lock.{10,}/) });
  });

  test('until a time a century ahead', async () => {
    const order = { datum: badDatum(() => ({ reclaimAfter: tipMs() + CENTURY_MS })), amountBaseUnits: AMOUNT, expiresAt: tipMs() + 90_000 };
    expect(lockProblem(order, tipMs())).toMatchObject({ code: 'deadline-invalid', message: expect.stringContaining('at most 366 days') });
  });

  test('dust: whatever the order, the lock holds more than the ledger and a settle ask for', async () => {
    for (const quantity of [1n, AMOUNT, (1n << 63n) - 1n]) {
      for (const settleLovelace of [0n, 1n, 2n * ADA]) {
        const datum = on.datum({ settleLovelace });
        const output = lockOutput(datum, quantity, lockLovelace(datum, quantity, on.parameters));
        expect(output.lovelace).toBeGreaterThanOrEqual(leastLovelace(output, on.parameters.coinsPerUtxoByte));
        expect(output.lovelace).toBeGreaterThanOrEqual(settleLovelace + 1_500_000n);
      }
    }
  });

  test('dust past the checks: the ledger itself refuses an output below its minimum', async () => {
    await expect(lockRaw({ lovelace: ADA, datum: encodeDatum(on.datum()) })).rejects.toMatchObject({ code: 'chain-rejected' });
  });
});

describe('cannot lock on a quote', () => {
  const record: NetworkRecord = { ...sampleRecord, escrows: [{ scriptHash: ESCROW.hash, referenceScript: null }] };
  const quote: Quote = { ...sampleQuote, asset: record.asset, oracleKeys: record.oracles.map(({ key }) => key).toSorted() };

  test.each<[string, Partial<Quote>, Partial<NetworkRecord>, string]>([
    ['of another network', { network: 'preprod' }, {}, 'network-mismatch'],
    ['in another asset', { asset: { ...record.asset, assetName: 'ff' } }, {}, 'asset-foreign'],
    ['under an oracle that the network does not know', { oracleKeys: [newOracle().publicKey], k: 1 }, {}, 'oracle-foreign'],
    [
      'at an escrow that this build does not know',
      {},
      { escrows: [{ scriptHash: '00'.repeat(28), referenceScript: null }] },
      'escrow-unknown',
    ],
  ])('%s, and nothing is built or signed', async (_, quoteChange, recordChange, code) => {
    const never = (): never => {
      throw new Error('it was built or signed');
    };
    const escrow = jobEscrow({
      chain: on.chain,
      wallet: { address: on.cast.serviceProvider.address, sign: never },
      record: { ...record, ...recordChange },
      builders: { lock: never, reclaim: never, settle: never },
    });
    const signed = await signStatement('quote', { ...quote, ...quoteChange }, sampleSigner('agent'));
    await expect(escrow.buildLock(signed, new AbortController().signal)).rejects.toMatchObject({ code });
  });

  test('of this network, in NTX, under its oracles there is nothing to complain of', () => {
    expect(foreignQuote(quote, record)).toBeNull();
  });
});

describe('cannot bury money that is locked all the same', () => {
  test.each(Object.entries(BAD).flatMap(([name, bad]) => (bad.raw === undefined ? [] : [[name, bad, bad.raw] as const])))(
    '%s',
    async (_, bad, raw) => {
      // Its owner may take it back now, so that the test need not wait.
      const honest = badDatum(bad.datum);
      const datum = encodeDatum({ ...honest, reclaimAfter: Math.min(honest.reclaimAfter, tipMs() - 1) });
      await reclaimed(await lockRaw({ ...raw, datum }));
    },
  );

  test('with too little ADA for any settle', async () => {
    await reclaimed(await lockRaw({ lovelace: 3n * ADA, datum: encodeDatum(on.datum({ reclaimAfter: tipMs() - 1 })) }));
  });

  test('under the address of a stranger’s stake', async () => {
    const address = addressOf({ payment: { kind: 'script', hash: ESCROW.hash }, stake: { kind: 'key', hash: '66'.repeat(28) } });
    await reclaimed(await lockRaw({ address, datum: encodeDatum(on.datum({ reclaimAfter: tipMs() - 1 })) }));
  });

  test('until a century from now: not a moment before, and then it comes back', async () => {
    const lock = await lockRaw({ datum: encodeDatum(on.datum({ reclaimAfter: tipMs() + CENTURY_MS })) });
    await expect(reclaimed(lock)).rejects.toMatchObject({ code: 'reclaim-too-early' });
    on.devnet.ledger.advance({ slots: CENTURY_MS / 1000 + 60, blocks: 1 });
    await reclaimed(lock);
  });
});
