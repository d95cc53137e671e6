// The source against a service that lies, stalls, floods and breaks; the honest one is in devnet.test.ts.
import { bytesToHex } from '@noble/hashes/utils.js';
import { describe, expect, test } from 'vitest';
import { addressOf } from '../address.ts';
import { paymentKey, signedPayment } from '../devnet/payment.ts';
import { blockfrostChain, openBlockfrost } from './blockfrost.ts';

const slotConfig = { zeroTimeMs: 0, zeroSlot: 0, slotLengthMs: 1_000 };
const url = 'https://source.example/api/v0';
const key = paymentKey(new Uint8Array(32).fill(7));
const address = key.address;
const signed = signedPayment(key, {
  inputs: [{ txId: 'ab'.repeat(32), index: 0 }],
  available: 9_000_000n,
  outputs: [{ address, lovelace: 2_000_000n, assets: [] }],
  mint: [],
});
const cbor = bytesToHex(signed.cbor);

type Answer = (url: URL, init: RequestInit) => Response | Promise<Response>;

function source(answer: Answer) {
  const requests: { url: URL; init: RequestInit }[] = [];
  const fetch = (async (input: URL, init: RequestInit) => {
    requests.push({ url: input, init });
    return answer(input, init);
  }) as typeof globalThis.fetch;
  return {
    requests,
    fetch,
    chain: blockfrostChain({ url, slotConfig, projectId: 'preprodSecret', fetch, timeoutMs: 200, retryDelaysMs: [1, 1] }),
  };
}

const json = (body: unknown, status = 200): Response => Response.json(body, { status });
const notFound = () => json({ status_code: 404, error: 'Not Found', message: 'The requested component has not been found.' }, 404);
const row = (index: number, change: object = {}) => ({
  address,
  tx_hash: 'cd'.repeat(32),
  output_index: index,
  amount: [{ unit: 'lovelace', quantity: '5' }],
  data_hash: null,
  inline_datum: null,
  reference_script_hash: null,
  ...change,
});

describe('an address', () => {
  test('is empty only when the service says so in its own words', async () => {
    expect(await source(notFound).chain.utxos(address)).toEqual([]);
    expect(await source(() => json([])).chain.utxos(address)).toEqual([]);
  });

  test.each<[string, Answer]>([
    ['a 404 page of somebody else', () => new Response('<h1>Not found</h1>', { status: 404 })],
    ['a 404 in another shape', () => json({ detail: 'no such path' }, 404)],
    ['an HTML page with status 200', () => new Response('<html></html>')],
    ['half of an answer', () => new Response(JSON.stringify([row(0)]).slice(0, 40))],
    ['an object in place of a list', () => json({ rows: [] })],
    ['null', () => json(null)],
    ['status 500', () => json({}, 500)],
    ['a used up quota', () => json({ status_code: 402, message: 'Usage limit reached' }, 402)],
    ['a negative quantity', () => json([row(0, { amount: [{ unit: 'lovelace', quantity: '-5' }] })])],
    ['outputs of another address', () => json([row(0, { address: paymentKey(new Uint8Array(32)).address })])],
    ['more rows than a page has', () => json(Array.from({ length: 101 }, (_, index) => row(index)))],
    ['a failure of the network', () => Promise.reject(new TypeError('fetch failed'))],
  ])('cannot be mistaken for empty after %s', async (_what, answer) => {
    await expect(source(answer).chain.utxos(address)).rejects.toMatchObject({ code: 'chain-unavailable' });
  });

  const block = (height: number) => json({ height, slot: height, hash: String(height).padStart(64, '0') });
  const page = ({ searchParams }: URL) => Number(searchParams.get('page'));
  const rows = (from: number, count: number) => json(Array.from({ length: count }, (_, index) => row(from + index)));

  test('cannot be shortened: pages are read to the end, and endless pages are an error', async () => {
    const pages = source((asked) => (asked.pathname.endsWith('latest') ? block(1) : rows(page(asked) * 100, page(asked) < 4 ? 100 : 7)));
    expect(await pages.chain.utxos(address)).toHaveLength(307);
    const endless = source((asked) => (asked.pathname.endsWith('latest') ? block(1) : rows(page(asked) * 100, 100)));
    await expect(endless.chain.utxos(address)).rejects.toMatchObject({ code: 'chain-unavailable' });
    expect(endless.requests.length).toBeLessThanOrEqual(202);
  });

  test('cannot lose an output that moved to an earlier page when a block came in between', async () => {
    let height = 1;
    // Between the pages of the first reading a block spends output 0: 100 is now on page 1, which was read already.
    const moving = source((asked) => {
      if (asked.pathname.endsWith('latest')) return block(height);
      if (page(asked) === 2) height = 2;
      const spent = height === 2 ? 1 : 0;
      return page(asked) === 1 ? rows(spent, 100) : rows(100 + spent, 50 - spent);
    });
    const found = await moving.chain.utxos(address);
    expect(found.map(({ reference }) => reference.index)).toEqual(Array.from({ length: 149 }, (_, index) => index + 1));
    const restless = source((asked) => (asked.pathname.endsWith('latest') ? block(height++) : rows(0, page(asked) === 1 ? 100 : 1)));
    await expect(restless.chain.utxos(address)).rejects.toMatchObject({ code: 'chain-unavailable' });
  });

  test('cannot smuggle a path: it is checked before anything is asked', async () => {
    const { chain, requests } = source(notFound);
    await expect(chain.utxos('addr_test1/../../x')).rejects.toMatchObject({ code: 'chain-request-invalid' });
    expect(requests).toHaveLength(0);
  });

  test('names a datum by its hash only where it is not inline', async () => {
    const both = { data_hash: 'ef'.repeat(32), inline_datum: '182a' };
    const [inline, hashed] = await source(() => json([row(0, both), row(1, { data_hash: both.data_hash })])).chain.utxos(address);
    expect(inline).toMatchObject({ inlineDatum: '182a' });
    expect(inline).not.toHaveProperty('datumHash');
    expect(hashed).toMatchObject({ datumHash: both.data_hash });
  });
});

const SCRIPT = '5a'.repeat(28);
const scriptAddress = (stake?: string): string =>
  addressOf({
    payment: { kind: 'script', hash: SCRIPT },
    ...(stake === undefined ? {} : { stake: { kind: 'key' as const, hash: stake } }),
  });

describe('a script', () => {
  test('has its outputs listed under every stake credential', async () => {
    const rows = [row(0, { address: scriptAddress() }), row(1, { address: scriptAddress('77'.repeat(28)) })];
    const { chain, requests } = source(() => json(rows));
    expect((await chain.scriptUtxos(SCRIPT))?.map(({ reference }) => reference.index)).toEqual([0, 1]);
    expect(requests[0]?.url.pathname).toMatch(/\/addresses\/script1[a-z0-9]+\/utxos$/);
  });

  test('is said to be unreadable, not empty, where the source knows no credentials', async () => {
    const malformed = () => json({ status_code: 400, error: 'Bad Request', message: 'Invalid address for this network' }, 400);
    expect(await source(malformed).chain.scriptUtxos(SCRIPT)).toBeNull();
  });

  test('cannot be given outputs of a key with the same hash, or of another script', async () => {
    for (const wrong of [
      addressOf({ payment: { kind: 'key', hash: SCRIPT } }),
      addressOf({ payment: { kind: 'script', hash: '5b'.repeat(28) } }),
    ])
      await expect(source(() => json([row(0, { address: wrong })])).chain.scriptUtxos(SCRIPT)).rejects.toMatchObject({
        code: 'chain-unavailable',
      });
  });
});

describe('a history', () => {
  const ids = (from: number, count: number) =>
    Array.from({ length: count }, (_, index) => ({ tx_hash: (from + index).toString(16).padStart(64, '0'), block_height: 1 }));

  test('is read newest first, page by page, and a row that moved to the next page counts once', async () => {
    const pages = [ids(0, 100), ids(99, 40)];
    const { chain, requests } = source((asked) => json(pages[Number(asked.searchParams.get('page')) - 1] ?? []));
    const { txIds, more } = await chain.history(address, { limit: 500 });
    expect(txIds).toHaveLength(139);
    expect(more).toBe(false);
    expect(requests.every((request) => request.url.searchParams.get('order') === 'desc')).toBe(true);
  });

  test('cannot grow past its bound, and says that there is more', async () => {
    const { chain, requests } = source((asked) => json(ids(100 * Number(asked.searchParams.get('page')), 100)));
    expect(await chain.history(address, { limit: 150 })).toMatchObject({ more: true, txIds: { length: 150 } });
    expect(requests).toHaveLength(2);
  });

  test('cannot be empty because the source failed', async () => {
    await expect(source(() => json({}, 500)).chain.history(address, { limit: 10 })).rejects.toMatchObject({ code: 'chain-unavailable' });
    expect(await source(notFound).chain.history(address, { limit: 10 })).toEqual({ txIds: [], more: false });
  });
});

describe('an output', () => {
  const utxos = (outputs: object[]) => json({ hash: signed.id, outputs });

  test('comes from the raw transaction, whatever the list of outputs says', async () => {
    const { chain } = source(({ pathname }) =>
      pathname.endsWith('/cbor')
        ? json({ cbor })
        : utxos([{ ...row(0, { amount: [{ unit: 'lovelace', quantity: '999' }] }), consumed_by_tx: null }]),
    );
    expect(await chain.output({ txId: signed.id, index: 0 })).toMatchObject({ utxo: { lovelace: 2_000_000n, address }, spentBy: null });
  });

  test('cannot be forged by bytes that hash to another id', async () => {
    const { chain } = source(({ pathname }) =>
      pathname.endsWith('/cbor') ? json({ cbor }) : utxos([{ output_index: 0, consumed_by_tx: null }]),
    );
    await expect(chain.output({ txId: '00'.repeat(32), index: 0 })).rejects.toMatchObject({
      code: 'chain-unavailable',
      message: expect.stringContaining('hash to'),
    });
  });

  test('cannot pass as unspent when the service leaves that out', async () => {
    const { chain } = source(({ pathname }) => (pathname.endsWith('/cbor') ? json({ cbor }) : utxos([{ output_index: 0 }])));
    await expect(chain.output({ txId: signed.id, index: 0 })).rejects.toMatchObject({ code: 'chain-unavailable' });
  });
});

describe('requests', () => {
  test('that read are tried three times, with a pause between', async () => {
    let asked = 0;
    const { chain, requests } = source(() => (asked++ < 2 ? json({}, 503) : json({ height: 7, slot: 9, hash: 'aa'.repeat(32) })));
    expect(await chain.tip()).toEqual({ height: 7, slot: 9, hash: 'aa'.repeat(32), timeMs: 9_000 });
    expect(requests).toHaveLength(3);
  });

  test.each<[string, Answer]>([
    ['the connection broke', () => Promise.reject(new TypeError('fetch failed'))],
    ['the service was down', () => json({}, 503)],
    ['the mempool was full', () => json({ status_code: 425, message: 'Mempool full' }, 425)],
    ['it named another transaction', () => json('ff'.repeat(32))],
  ])('cannot submit twice when %s', async (_what, answer) => {
    const { chain, requests } = source(answer);
    await expect(chain.submit(cbor)).rejects.toMatchObject({ code: 'chain-unavailable' });
    expect(requests.filter(({ init }) => init.method === 'POST')).toHaveLength(1);
  });

  test("carry the ledger's reason when it refuses", async () => {
    const { chain } = source(() =>
      json({ status_code: 400, error: 'Bad Request', message: 'transaction submit error FeeTooSmallUTxO' }, 400),
    );
    await expect(chain.submit(cbor)).rejects.toMatchObject({ code: 'chain-rejected', message: expect.stringContaining('FeeTooSmallUTxO') });
  });

  test('cannot wait for ever for a silent service, nor go on when the caller gave up', async () => {
    const silent: Answer = (_url, { signal }) =>
      new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)));
    await expect(source(silent).chain.tip()).rejects.toMatchObject({
      code: 'chain-unavailable',
      message: expect.stringContaining('200 ms'),
    });
    const { chain, requests } = source(silent);
    const controller = new AbortController();
    const asked = chain.tip(controller.signal);
    controller.abort();
    await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
    expect(requests).toHaveLength(1);
  });

  test('cannot be flooded, whether or not the length is announced', async () => {
    const flood = () => new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(new Uint8Array(65_536).fill(0x20)) });
    await expect(source(() => new Response(flood())).chain.tip()).rejects.toMatchObject({
      code: 'chain-unavailable',
      message: expect.stringContaining('more than'),
    });
    await expect(source(() => new Response('[]', { headers: { 'content-length': '99999999999' } })).chain.tip()).rejects.toMatchObject({
      code: 'chain-unavailable',
    });
  });

  test('cannot leak the project id: not in errors, not over an open line, not along a redirect', async () => {
    const { chain, requests } = source(() => json({ status_code: 403, message: 'Invalid project token.' }, 403));
    const error: unknown = await chain.tip().catch((reason: unknown) => reason);
    expect(String(error)).not.toContain('preprodSecret');
    expect(requests[0]?.init.redirect).toBe('error');
    expect(() => blockfrostChain({ url: 'http://source.example/api/v0', slotConfig })).toThrow('not encrypted');
  });
});

describe('opening a source', () => {
  const open = (magic: number, network: 'devnet' | 'preprod') =>
    openBlockfrost({
      url,
      network,
      fetch: source(() => json({ network_magic: magic, system_start: 1_654_041_600, slot_length: 1 })).fetch,
    });

  test('takes the slot config of a public network from here, of a devnet from its genesis', async () => {
    expect((await open(1, 'preprod')).slotConfig).toEqual({ zeroTimeMs: 1_655_769_600_000, zeroSlot: 86_400, slotLengthMs: 1_000 });
    expect((await open(4_711, 'devnet')).slotConfig).toEqual({ zeroTimeMs: 1_654_041_600_000, zeroSlot: 0, slotLengthMs: 1_000 });
  });

  test.each([
    [764_824_073, 'devnet'],
    [764_824_073, 'preprod'],
    [1, 'devnet'],
    [2, 'preprod'],
  ] as const)('cannot take magic %i for %s', async (magic, network) => {
    await expect(open(magic, network)).rejects.toMatchObject({ code: 'chain-wrong-network' });
  });
});
