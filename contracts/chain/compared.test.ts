// Two sources over one real ledger, one of them behind, hiding, lying or down.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NunetError } from '@nunet/shared/errors.ts';
import { AMOUNT, startRehearsal, type Rehearsal } from '../rehearsal.ts';
import { buildSettle } from '../settle.ts';
import { PARAMETERS } from '../devnet/parameters.ts';
import type { Source, TransactionStatus, Utxo } from './chain.ts';
import { agreedOutput, agreedParameters, agreedStatus, comparedChain, type Said, type SeenOutput } from './compared.ts';
import { openKoios } from './koios.ts';
import { openChain } from './open.ts';
import { COMPARE_ABOVE, sourceAddress } from './source-address.ts';
import { unavailable } from './source-request.ts';

const said = <Thing>(thing: Thing, height: number, name = 'one'): Said<Thing> => ({ name, height, thing });
const inBlock = (blockHeight: number, confirmations: number): TransactionStatus => ({
  state: 'confirmed',
  blockHeight,
  slot: blockHeight * 2,
  timeMs: 0,
  confirmations,
});

describe('a transaction', () => {
  const unknown: TransactionStatus = { state: 'unknown' };
  test('is as deep as the less deep of two sources says', () => {
    expect(agreedStatus('t', said(inBlock(5, 9), 14), said(inBlock(5, 3), 8))).toEqual(inBlock(5, 3));
    expect(agreedStatus('t', said(inBlock(5, 3), 8), said(inBlock(5, 9), 14))).toEqual(inBlock(5, 3));
    expect(agreedStatus('t', said(unknown, 8), said(unknown, 9))).toEqual(unknown);
  });
  test('waits for a source whose tip is not there yet', () => {
    expect(agreedStatus('t', said(inBlock(5, 0), 5), said(unknown, 4))).toEqual(unknown);
    expect(agreedStatus('t', said(unknown, 4), said(inBlock(5, 0), 5))).toEqual(unknown);
    expect(agreedStatus('t', said({ state: 'pending' }, 4), said(inBlock(5, 0), 5))).toEqual({ state: 'pending' });
  });
  test('cannot be believed when one source has passed its block and lacks it, or has it in another', () => {
    for (const two of [said(unknown, 5, 'two'), said(inBlock(6, 0), 6, 'two')]) {
      expect(() => agreedStatus('t', said(inBlock(5, 1), 6), two)).toThrow(/one says block 5.*two says/);
      expect(() => agreedStatus('t', two, said(inBlock(5, 1), 6))).toThrow(/two says.*one says block 5/);
    }
  });
});

describe('an output', () => {
  const utxo: Utxo = { reference: { txId: 'aa'.repeat(32), index: 0 }, address: 'addr_test1', lovelace: 5n, assets: [] };
  const seen = (change: Partial<SeenOutput> = {}): SeenOutput => ({ utxo, spentBy: null, madeAt: 5, spentAt: null, ...change });
  const spent = (by = 'bb', at = 7): SeenOutput => seen({ spentBy: by, spentAt: at });
  test('is what both say, or what the one that is behind says', () => {
    expect(agreedOutput('o', said(seen(), 9), said(seen(), 9))).toEqual(seen());
    expect(agreedOutput('o', said(null, 9), said(null, 9))).toBeNull();
    expect(agreedOutput('o', said(seen(), 5), said(null, 4))).toBeNull();
    expect(agreedOutput('o', said(spent(), 7), said(seen(), 6))).toEqual(seen());
    expect(agreedOutput('o', said(seen(), 6), said(spent(), 7))).toEqual(seen());
    expect(agreedOutput('o', said(spent(), 7), said(spent(), 8))).toEqual(spent());
  });
  test.each<[string, Said<SeenOutput | null>, Said<SeenOutput | null>]>([
    ['one hides it', said(seen(), 5), said(null, 5)],
    ['one hides that it is spent', said(seen(), 7), said(spent(), 7)],
    ['one invents a spend that is in no block', said(seen(), 7), said(seen({ spentBy: 'bb' }), 7)],
    ['each has its own spender', said(spent('bb'), 9), said(spent('cc'), 3)],
    ['one gives it another value', said(seen(), 9), said(seen({ utxo: { ...utxo, lovelace: 6n } }), 9)],
  ])('cannot be believed when %s', (_what, one, two) => {
    expect(() => agreedOutput('o', one, two)).toThrow(expect.objectContaining({ code: 'chain-disagrees' }));
    expect(() => agreedOutput('o', two, one)).toThrow(expect.objectContaining({ code: 'chain-disagrees' }));
  });
});

test('cannot take parameters that only one source has; the number of the epoch alone is no difference', () => {
  const newer = { ...PARAMETERS, epoch: 1 };
  expect(agreedParameters(said(newer, 9), said(PARAMETERS, 9))).toEqual(PARAMETERS);
  const costModels = { ...PARAMETERS.costModels, plutusV3: [...PARAMETERS.costModels.plutusV3, 1] };
  expect(() => agreedParameters(said(PARAMETERS, 9), said({ ...newer, costModels }, 9))).toThrow(/costModels/);
  expect(() => agreedParameters(said(PARAMETERS, 9), said({ ...newer, minFeeA: 45n }, 9))).toThrow(/minFeeA/);
});

describe('two sources over one ledger', () => {
  let stage: Rehearsal;
  let koios: Source;
  beforeAll(async () => {
    stage = await startRehearsal();
    koios = await openKoios({ url: `${stage.devnet.url}/koios/api/v1`, network: 'devnet' });
  });
  afterAll(() => stage.stop());

  /** `second` hears how often it was asked. */
  const pair = (above: bigint, change: { first?: Partial<Source>; second?: Partial<Source> } = {}) => {
    let asked = 0;
    const source = { ...koios, ...change.second };
    const counted = Object.fromEntries(
      Object.entries(source).map(([name, value]) => [
        name,
        typeof value === 'function'
          ? (...given: unknown[]) => {
              asked += 1;
              return (value as (...args: unknown[]) => unknown)(...given);
            }
          : value,
      ]),
    ) as unknown as Source;
    const chain = comparedChain({
      first: { name: 'alpha', source: { ...stage.chain, ...change.first } },
      second: { name: 'beta', open: async () => counted },
      asset: stage.devnet.asset,
      aboveBaseUnits: above,
    });
    return { chain, asked: () => asked };
  };
  const down: Partial<Source> = Object.fromEntries(
    ['tip', 'output', 'transaction', 'rawTransaction', 'parameters', 'submit'].map((name) => [
      name,
      async () => {
        throw unavailable('beta is down');
      },
    ]),
  );
  const settled = async (utxo: Utxo) => {
    const signatures = stage.attest(utxo, AMOUNT);
    const built = await buildSettle({
      locks: [{ by: 'oracles', utxo, paid: AMOUNT, signatures }],
      payer: await stage.payer(stage.operator),
      parameters: stage.parameters,
      run: await stage.run(stage.operator),
    });
    return (await stage.send(built, [stage.operator.secret])).txId;
  };

  test('agree on a lock, its spend and the parameters', async () => {
    const { utxo } = await stage.lock(stage.datum());
    const { chain, asked } = pair(AMOUNT - 1n);
    expect(await chain.output(utxo.reference)).toEqual(await stage.chain.output(utxo.reference));
    expect(await chain.transaction(utxo.reference.txId)).toEqual(await stage.chain.transaction(utxo.reference.txId));
    expect(await chain.parameters()).toEqual(stage.parameters);
    const spentBy = await settled(utxo);
    expect(await chain.output(utxo.reference)).toMatchObject({ spentBy });
    expect((await chain.rawTransaction(spentBy))?.id).toBe(spentBy);
    expect(asked()).toBeGreaterThan(8);
  });

  test('an amount up to the limit does not wait for the second source, also while it is down', async () => {
    const { utxo } = await stage.lock(stage.datum());
    const { chain, asked } = pair(1_000n * AMOUNT, { second: down });
    expect(await chain.output(utxo.reference)).toMatchObject({ spentBy: null });
    expect(await chain.transaction(utxo.reference.txId)).toMatchObject({ state: 'confirmed' });
    expect(asked()).toBe(0);
  });

  test('cannot decide a larger amount while the second source is down', async () => {
    const { utxo } = await stage.lock(stage.datum());
    const { chain } = pair(AMOUNT - 1n, { second: down });
    await expect(chain.output(utxo.reference)).rejects.toMatchObject({ code: 'chain-unavailable' });
    await expect(chain.transaction(utxo.reference.txId)).rejects.toMatchObject({ code: 'chain-unavailable' });
  });

  test('what is not there yet, and parameters that both agreed on, do not wait for a second source that is down', async () => {
    let isDown = false;
    const flaky: Partial<Source> = Object.fromEntries(
      (['tip', 'output', 'transaction', 'parameters'] as const).map((name) => [
        name,
        async (...given: never[]) => {
          if (isDown) throw unavailable('beta is down');
          return (koios[name] as (...args: never[]) => unknown)(...given);
        },
      ]),
    );
    let minFeeB = stage.parameters.minFeeB;
    const first: Partial<Source> = { parameters: async () => ({ ...(await stage.chain.parameters()), minFeeB }) };
    const { chain } = pair(AMOUNT - 1n, { first, second: flaky });
    const nobody = { txId: '77'.repeat(32), index: 0 };
    isDown = true;
    await expect(chain.parameters()).rejects.toMatchObject({ code: 'chain-unavailable' });
    isDown = false;
    expect(await chain.parameters()).toEqual(stage.parameters);
    isDown = true;
    expect(await chain.parameters()).toEqual(stage.parameters);
    expect(await chain.transaction(nobody.txId)).toEqual({ state: 'unknown' });
    expect(await chain.output(nobody)).toBeNull();
    // A fee that only one source names is not paid.
    minFeeB = 900_000_000n;
    await expect(chain.parameters()).rejects.toMatchObject({ code: 'chain-disagrees' });
  });

  test('cannot be told by one source alone that a lock is not there, is spent, or is deeper than it is', async () => {
    const { utxo } = await stage.lock(stage.datum());
    const { reference } = utxo;
    const hides = pair(AMOUNT - 1n, { first: { output: async () => null, transaction: async () => ({ state: 'unknown' }) } }).chain;
    await expect(hides.output(reference)).rejects.toMatchObject({
      code: 'chain-disagrees',
      message: expect.stringMatching(/alpha says no such output.*beta says unspent/),
    });
    await expect(hides.transaction(reference.txId)).rejects.toMatchObject({ code: 'chain-disagrees' });
    const invents = pair(AMOUNT - 1n, { first: { output: async () => ({ utxo, spentBy: reference.txId }) } }).chain;
    await expect(invents.output(reference)).rejects.toMatchObject({ code: 'chain-disagrees' });
    const honest = await stage.chain.transaction(reference.txId);
    const deepens = pair(AMOUNT - 1n, {
      first: { transaction: async () => ({ ...honest, confirmations: 500 }) as TransactionStatus },
    }).chain;
    expect(await deepens.transaction(reference.txId)).toEqual(honest);
  });

  test('cannot be told by one source alone what a settlement paid', async () => {
    const { utxo } = await stage.lock(stage.datum());
    const spentBy = await settled(utxo);
    const forged = await stage.chain.rawTransaction(spentBy);
    if (forged === null) throw new Error('no settlement');
    const redeemers = forged.redeemers.map((redeemer) => ({ ...redeemer, data: 'd87a80' }));
    const { chain } = pair(AMOUNT - 1n, { first: { rawTransaction: async () => ({ ...forged, redeemers }) } });
    await expect(chain.rawTransaction(spentBy)).rejects.toMatchObject({ code: 'chain-disagrees' });
  });

  test('the younger tip waits for the older', async () => {
    const old = await koios.tip();
    const { utxo } = await stage.lock(stage.datum());
    const behind: Partial<Source> = { tip: async () => old, output: async () => null, transaction: async () => ({ state: 'unknown' }) };
    for (const change of [{ second: behind }, { first: behind }]) {
      const { chain } = pair(AMOUNT - 1n, change);
      expect(await chain.output(utxo.reference)).toBeNull();
      expect(await chain.transaction(utxo.reference.txId)).toEqual({ state: 'unknown' });
    }
  });

  test('cannot keep a transaction back: it is sent to both, and one that takes it is enough', async () => {
    const swallows: Partial<Source> = { submit: async () => 'ab'.repeat(32) };
    const calls: string[] = [];
    const takes: Partial<Source> = {
      submit: async (cbor) => {
        calls.push(cbor);
        return 'ab'.repeat(32);
      },
    };
    await pair(0n, { first: swallows, second: takes }).chain.submit('00');
    await pair(0n, { first: down, second: takes }).chain.submit('01');
    await pair(0n, { first: takes, second: down }).chain.submit('02');
    expect(calls).toEqual(['00', '01', '02']);
    await expect(pair(0n, { first: down, second: down }).chain.submit('03')).rejects.toMatchObject({ code: 'chain-unavailable' });
    const refuses: Partial<Source> = {
      submit: async () => {
        throw new NunetError('chain-rejected', 'Missing inputs');
      },
    };
    for (const change of [
      { first: refuses, second: down },
      { first: down, second: refuses },
    ])
      await expect(pair(0n, change).chain.submit('04')).rejects.toMatchObject({ code: 'chain-rejected' });
  });

  test('are opened from what a configuration says, the second only when it is needed', async () => {
    const { utxo } = await stage.lock(stage.datum());
    const first = { source: `koios:${stage.devnet.url}/koios/api/v1` };
    const second = { source: 'http://127.0.0.1:9' };
    const common = { network: 'devnet' as const, first, second, asset: stage.devnet.asset };
    expect(AMOUNT).toBeLessThan(COMPARE_ABOVE.devnet);
    expect(await (await openChain(common)).output(utxo.reference)).toMatchObject({ spentBy: null });
    const strict = await openChain({ ...common, compareAbove: 0n });
    await expect(strict.output(utxo.reference)).rejects.toMatchObject({ code: 'chain-unavailable' });
    const both = await openChain({ ...common, second: { source: stage.devnet.url }, compareAbove: 0n });
    expect(await both.output(utxo.reference)).toMatchObject({ spentBy: null });
    await expect(openChain({ ...common, first: { source: 'ftp://x' } })).rejects.toMatchObject({ code: 'chain-source-invalid' });
  });
});

test.each([
  ['https://cardano-preprod.blockfrost.io/api/v0', 'blockfrost', 'https://cardano-preprod.blockfrost.io/api/v0'],
  ['https://preprod.koios.rest/api/v1', 'koios', 'https://preprod.koios.rest/api/v1'],
  ['koios:http://127.0.0.1:4000/koios/api/v1', 'koios', 'http://127.0.0.1:4000/koios/api/v1'],
  ['blockfrost:https://preprod.koios.rest/api/v1', 'blockfrost', 'https://preprod.koios.rest/api/v1'],
  ['https://notkoios.rest/', 'blockfrost', 'https://notkoios.rest/'],
])('%s is a source of the kind %s', (text, kind, url) => {
  expect(sourceAddress(text)).toMatchObject({ kind, url });
});

test.each(['', 'koios', 'koios:', 'koios:ftp://x', 'ogmios:https://x', 'javascript:alert(1)', 'https://user:secret@example.org'])(
  'cannot take %j for a source',
  (text) => {
    expect(sourceAddress(text)).toBeNull();
  },
);
