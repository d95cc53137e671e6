// Koios where it differs from the other source; what both must do is in conformance.ts.
import { bytesToHex } from '@noble/hashes/utils.js';
import { describe, expect, test } from 'vitest';
import { paymentKey, signedPayment } from '../devnet/payment.ts';
import { koiosChain, openKoios } from './koios.ts';

const slotConfig = { zeroTimeMs: 0, zeroSlot: 0, slotLengthMs: 1_000 };
const url = 'https://source.example/api/v1';
const key = paymentKey(new Uint8Array(32).fill(7));
const address = key.address;
const payment = (txId: string, lovelace: bigint) =>
  signedPayment(key, {
    inputs: [{ txId, index: 0 }],
    available: 9_000_000n,
    outputs: [{ address, lovelace, assets: [] }],
    mint: [],
  });
const made = payment('ab'.repeat(32), 2_000_000n);
const spending = payment(made.id, 1_500_000n);
const stranger = payment('cd'.repeat(32), 1_000_000n);
const cborRow = ({ id, cbor }: typeof made, change: object = {}) => ({
  tx_hash: id,
  cbor: bytesToHex(cbor),
  valid_contract: true,
  ...change,
});

type Asked = { path: string; query: URLSearchParams; body: Record<string, unknown>; init: RequestInit };
type Answer = (asked: Asked) => Response | Promise<Response>;

function source(answer: Answer, token?: string) {
  const requests: Asked[] = [];
  const fetch = (async (input: URL, init: RequestInit) => {
    const isJson = typeof init.body === 'string';
    const asked = {
      path: input.pathname.split('/').at(-1) ?? '',
      query: input.searchParams,
      body: isJson ? (JSON.parse(init.body as string) as Record<string, unknown>) : {},
      init,
    };
    requests.push(asked);
    return answer(asked);
  }) as typeof globalThis.fetch;
  const options = { url, slotConfig, fetch, timeoutMs: 200, retryDelaysMs: [1, 1], ...(token === undefined ? {} : { projectId: token }) };
  return { requests, fetch, chain: koiosChain(options) };
}

const json = (body: unknown, status = 200): Response => Response.json(body, { status });
const tip = (height: number) => json([{ hash: String(height).padStart(64, '0'), epoch_no: 1, abs_slot: height, block_height: height }]);
const row = (index: number, change: object = {}) => ({
  tx_hash: 'cd'.repeat(32),
  tx_index: index,
  address,
  value: '5',
  datum_hash: null,
  inline_datum: null,
  reference_script: null,
  asset_list: [],
  ...change,
});

describe('the outputs of an address', () => {
  test('cannot look empty of tokens when the service left the tokens away', async () => {
    await expect(source(() => json([row(0, { asset_list: null })])).chain.utxos(address)).rejects.toMatchObject({
      code: 'chain-unavailable',
    });
  });

  test('cannot be those of somebody else', async () => {
    const other = paymentKey(new Uint8Array(32)).address;
    await expect(source(() => json([row(0, { address: other })])).chain.utxos(address)).rejects.toMatchObject({
      code: 'chain-unavailable',
    });
  });

  test('cannot lose one that moved to an earlier page when a block came in between', async () => {
    let height = 1;
    const { chain } = source(({ path, query }) => {
      if (path === 'tip') return tip(height);
      const offset = Number(query.get('offset'));
      if (offset === 250) height = 2;
      const rows = Array.from({ length: 300 }, (_, index) => row(index)).slice(height === 2 ? 1 : 0);
      return json(rows.slice(offset, offset + Number(query.get('limit'))));
    });
    expect((await chain.utxos(address)).map(({ reference }) => reference.index)).toEqual(
      Array.from({ length: 299 }, (_, index) => index + 1),
    );
  });

  test('names a datum by its hash only where it is not inline', async () => {
    const hash = 'ef'.repeat(32);
    const rows = [row(0, { datum_hash: hash, inline_datum: { bytes: '182a', value: { int: 42 } } }), row(1, { datum_hash: hash })];
    const [inline, hashed] = await source(() => json(rows)).chain.utxos(address);
    expect(inline).toMatchObject({ inlineDatum: '182a' });
    expect(inline).not.toHaveProperty('datumHash');
    expect(hashed).toMatchObject({ datumHash: hash });
  });

  test('cannot be asked for with anything but an address', async () => {
    const { chain, requests } = source(() => json([]));
    await expect(chain.utxos('addr_test1/../tip')).rejects.toMatchObject({ code: 'chain-request-invalid' });
    expect(requests).toHaveLength(0);
  });
});

describe('an output', () => {
  const info = (change: object = {}) => json([{ tx_hash: made.id, tx_index: 0, address, block_height: 5, is_spent: false, ...change }]);
  const listed = (...ids: string[]) => json(ids.map((tx_hash) => ({ tx_hash, block_height: 6 })));
  const chainWith = (info_: Response, list: string[], rows: object[]) =>
    source(({ path, body }) => {
      if (path === 'utxo_info') return info_.clone();
      if (path === 'address_txs') return listed(...list);
      const wanted = body['_tx_hashes'] as string[];
      return json(rows.filter((entry) => wanted.includes((entry as { tx_hash: string }).tx_hash)));
    });
  const reference = { txId: made.id, index: 0 };

  test('comes from the raw transaction, whatever else the service says of it', async () => {
    const { chain } = chainWith(info({ value: '999' }), [], [cborRow(made)]);
    expect(await chain.output(reference)).toMatchObject({ utxo: { lovelace: 2_000_000n, address }, spentBy: null });
  });

  test('cannot be forged by bytes that hash to another id', async () => {
    const { chain } = chainWith(info(), [], [cborRow(made, { cbor: bytesToHex(stranger.cbor) })]);
    await expect(chain.output(reference)).rejects.toMatchObject({ code: 'chain-unavailable', message: expect.stringContaining('hash to') });
  });

  test('is spent by the transaction whose bytes spend it, found among those of its address in few requests', async () => {
    const many = Array.from({ length: 30 }, (_, index) => payment(index.toString(16).padStart(64, '0'), 1_000_000n + BigInt(index)));
    const all = [made, ...many, spending];
    const { chain, requests } = chainWith(
      info({ is_spent: true }),
      all.map(({ id }) => id),
      all.map((entry) => cborRow(entry)),
    );
    expect(await chain.output(reference)).toMatchObject({ spentBy: spending.id });
    // One for the output itself, then 14 transactions at a time, below the 1 kB that the public service takes.
    const loads = requests.filter(({ path }) => path === 'tx_cbor');
    expect(loads).toHaveLength(1 + 3);
    expect(Math.max(...loads.map(({ init }) => (init.body as string).length))).toBeLessThan(1_024);
    expect(await chain.output(reference)).toMatchObject({ spentBy: spending.id });
    expect(requests.filter(({ path }) => path === 'tx_cbor')).toHaveLength(4);
  });

  test('cannot be called spent by a service that shows no spender', async () => {
    const { chain } = chainWith(info({ is_spent: true }), [made.id, stranger.id], [cborRow(made), cborRow(stranger)]);
    await expect(chain.output(reference)).rejects.toMatchObject({
      code: 'chain-unavailable',
      message: expect.stringContaining('lists no'),
    });
  });

  test('cannot be taken for another one, nor from a transaction whose script failed', async () => {
    await expect(chainWith(info({ tx_index: 1 }), [], [cborRow(made)]).chain.output(reference)).rejects.toMatchObject({
      code: 'chain-unavailable',
    });
    await expect(chainWith(info(), [], [cborRow(made, { valid_contract: false })]).chain.output(reference)).rejects.toMatchObject({
      code: 'chain-unavailable',
    });
  });

  test('cannot be read from an instance that keeps no raw transactions, and the message says so', async () => {
    const { chain } = chainWith(info(), [], [cborRow(made, { cbor: null })]);
    await expect(chain.output(reference)).rejects.toMatchObject({ message: expect.stringContaining('keeps no bytes') });
  });
});

describe('submit and evaluate', () => {
  const cbor = bytesToHex(made.cbor);

  test('cannot take a submit service without a node for a ledger that refuses', async () => {
    const lost = { tag: 'TxSubmitFail', contents: { tag: 'TxCmdTxSubmitConnectionError', contents: 'does not exist' } };
    const { chain } = source(({ path }) => (path === 'submittx' ? json(lost, 400) : json([])));
    await expect(chain.submit(cbor)).rejects.toMatchObject({ code: 'chain-unavailable' });
    const refused = source(() => new Response('ConwayUtxoFailure (FeeTooSmallUTxO)', { status: 400 }));
    await expect(refused.chain.submit(cbor)).rejects.toMatchObject({
      code: 'chain-rejected',
      message: expect.stringContaining('FeeTooSmall'),
    });
  });

  test('cannot take a node that has not caught up for a script that refuses', async () => {
    const { chain } = source(() => json({ jsonrpc: '2.0', error: { code: 3003, message: 'node tip is too old' } }, 400));
    await expect(chain.evaluate(cbor)).rejects.toMatchObject({ code: 'chain-unavailable' });
  });

  test('says what to do when the request is larger than the account may send', async () => {
    const { chain } = source(() => new Response('', { status: 413 }));
    await expect(chain.evaluate(cbor)).rejects.toMatchObject({ code: 'chain-unavailable', message: expect.stringContaining('registered') });
  });
});

describe('an account', () => {
  test('cannot leak its token: not in errors, not over an open line, not along a redirect', async () => {
    const { chain, requests } = source(() => json({ message: 'Invalid token' }, 401), 'koiosSecret');
    const error: unknown = await chain.tip().catch((reason: unknown) => reason);
    expect(String(error)).not.toContain('koiosSecret');
    expect(requests[0]?.init.redirect).toBe('error');
    expect(new Headers(requests[0]?.init.headers).get('authorization')).toBe('Bearer koiosSecret');
    expect(() => koiosChain({ url: 'http://source.example/api/v1', slotConfig })).toThrow('not encrypted');
  });
});

describe('opening a source', () => {
  const open = (magic: string, network: 'devnet' | 'preprod') =>
    openKoios({
      url,
      network,
      fetch: source(() => json([{ networkmagic: magic, systemstart: 1_654_041_600, slotlength: '1' }])).fetch,
    });

  test('takes the slot config of a public network from here, of a devnet from its genesis', async () => {
    expect((await open('1', 'preprod')).slotConfig).toEqual({ zeroTimeMs: 1_655_769_600_000, zeroSlot: 86_400, slotLengthMs: 1_000 });
    expect((await open('4711', 'devnet')).slotConfig).toEqual({ zeroTimeMs: 1_654_041_600_000, zeroSlot: 0, slotLengthMs: 1_000 });
  });

  test.each([
    ['764824073', 'devnet'],
    ['764824073', 'preprod'],
    ['1', 'devnet'],
    ['2', 'preprod'],
  ] as const)('cannot take magic %s for %s', async (magic, network) => {
    await expect(open(magic, network)).rejects.toMatchObject({ code: 'chain-wrong-network' });
  });
});
