import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { randomBytes } from 'node:crypto';
import { encode } from '@nunet/shared/encoding.ts';
import { encodeBundle, MAX_EVIDENCE_BYTES, type EvidenceBundle } from '@nunet/shared/evidence.ts';
import { signRequest } from '@nunet/shared/http-signature.ts';
import { signedRequest } from '@nunet/shared/oracle-client.ts';
import type { Signer } from '@nunet/shared/signature.ts';
import { encodeExchange, MAX_EXCHANGE_BYTES, type Exchange } from './exchange.ts';
import { fixtureCase, keyOf, type FixtureCase } from './fixtures.ts';
import { bundleOf, testWorld, type TestOracle, type World } from './test-world.ts';

let world: World;
let oracle: TestOracle;
let c: FixtureCase;
beforeAll(async () => {
  world = await testWorld(2, { start: false });
  const [first] = world.oracles;
  if (first === undefined) throw new Error('no oracle');
  oracle = first;
  c = await fixtureCase();
  world.chain.put(c.locked());
});
afterAll(() => world.close());

const io = (signer: Signer = keyOf(9)) => ({
  fetch: world.fetch,
  signer,
  now: Date.now,
  random: (n: number) => new Uint8Array(randomBytes(n)),
});

async function post(
  path: string,
  body: Uint8Array,
  options: {
    signer?: Signer;
    createdMs?: number;
    nonce?: Uint8Array;
    signedUrl?: string;
    headers?: Record<string, string>;
    signedBody?: Uint8Array;
  } = {},
): Promise<{ status: number; problem: { code?: string; detail?: string }; response: Response }> {
  const url = `${oracle.url}${path}`;
  const headers = { 'content-type': 'application/cbor' };
  const signature = await signRequest(
    { method: 'POST', url: options.signedUrl ?? url, headers, body: options.signedBody ?? body },
    options.signer ?? keyOf(9),
    { createdMs: options.createdMs ?? Date.now(), nonce: options.nonce ?? new Uint8Array(randomBytes(16)) },
  );
  const response = await oracle.app.request(url, {
    method: 'POST',
    headers: { ...headers, ...signature, ...options.headers },
    body: body.slice(),
  });
  const isProblem = response.headers.get('content-type') === 'application/problem+json';
  return { status: response.status, problem: isProblem ? ((await response.clone().json()) as object) : {}, response };
}
const refused = async (...args: Parameters<typeof post>): Promise<string> => {
  const { status, problem } = await post(...args);
  return `${status} ${problem.code}`;
};
const bundle = (over: Partial<EvidenceBundle> = {}): Uint8Array => encodeBundle(bundleOf(c, [], over));

describe('POST /v1/evidence', () => {
  test('a signed bundle is answered with receipts', async () => {
    const { status, response } = await post('/v1/evidence', bundle());
    expect(status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/cbor');
  });

  test('cannot replay a request: its nonce works once', async () => {
    const nonce = new Uint8Array(16).fill(5);
    expect((await post('/v1/evidence', bundle(), { nonce })).status).toBe(200);
    expect(await refused('/v1/evidence', bundle(), { nonce })).toBe('401 request-replayed');
    expect((await post('/v1/evidence', bundle(), { nonce, signer: keyOf(8) })).status).toBe(200);
  });

  test('cannot use an unsigned, old, altered or misdirected request', async () => {
    const plain = await oracle.app.request(`${oracle.url}/v1/evidence`, {
      method: 'POST',
      headers: { 'content-type': 'application/cbor' },
      body: bundle().slice(),
    });
    expect(plain.status).toBe(401);
    expect(await refused('/v1/evidence', bundle(), { createdMs: Date.now() - 61_000 })).toBe('401 request-expired');
    expect(await refused('/v1/evidence', bundle(), { signedBody: Uint8Array.of(1) })).toBe('401 request-forged');
    expect(await refused('/v1/evidence', bundle(), { signedUrl: 'http://oracle-1.test/v1/evidence' })).toBe('401 request-forged');
    const elsewhere = await oracle.app.request('http://evil.test/v1/evidence', {
      method: 'POST',
      headers: {
        'content-type': 'application/cbor',
        ...(await signRequest({ method: 'POST', url: 'http://evil.test/v1/evidence', headers: {}, body: bundle() }, keyOf(9), {
          createdMs: Date.now(),
          nonce: new Uint8Array(randomBytes(16)),
        })),
      },
      body: bundle().slice(),
    });
    expect(((await elsewhere.json()) as { code: string }).code).toBe('request-misdirected');
  });

  test('cannot send another content type, too many bytes, or bytes that are no bundle', async () => {
    expect(await refused('/v1/evidence', bundle(), { headers: { 'content-type': 'application/json' } })).toBe('415 content-type');
    expect(await refused('/v1/evidence', new Uint8Array(MAX_EVIDENCE_BYTES + 1))).toBe('413 bytes-too-large');
    expect(await refused('/v1/evidence', new Uint8Array(0))).toBe('400 bytes-invalid');
    expect(await refused('/v1/evidence', Uint8Array.of(0xff, 1, 2))).toBe('400 bytes-invalid');
    const { problem } = await post('/v1/evidence', encode({ v: 1, lock: { txId: 'no', index: 0 }, items: [], spec: null, sources: [] }));
    expect(problem).toMatchObject({ code: 'message-invalid', detail: expect.stringContaining('lock.txId: must be 32 bytes') as string });
  });

  test('cannot hide too many bytes behind a missing length', async () => {
    let sent = 0;
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1;
        controller.enqueue(new Uint8Array(16 * 1024));
      },
    });
    const response = await oracle.app.request(`${oracle.url}/v1/evidence`, {
      method: 'POST',
      headers: { 'content-type': 'application/cbor' },
      body: stream,
      duplex: 'half',
    } as RequestInit);
    expect(response.status).toBe(413);
    expect(sent * 16 * 1024).toBeLessThan(MAX_EVIDENCE_BYTES + 128 * 1024);
  });

  test('cannot flood: a peer and an address are slowed down, others are not', async () => {
    const flooder = keyOf(99);
    const codes: string[] = [];
    for (let i = 0; i < 400 && codes.at(-1) !== '429 rate-limited'; i++)
      codes.push(await refused('/v1/evidence', Uint8Array.of(1), { signer: flooder }));
    expect(codes.at(-1)).toBe('429 rate-limited');
    expect(await refused('/v1/evidence', Uint8Array.of(1), { signer: keyOf(98), headers: { 'x-test-address': 'b' } })).not.toBe(
      '429 rate-limited',
    );
    let status = 200;
    for (let i = 0; i < 200 && status !== 429; i++) {
      status = (await oracle.app.request(`${oracle.url}/status`, { headers: { 'x-test-address': 'flood' } })).status;
    }
    expect(status).toBe(429);
    expect((await oracle.app.request(`${oracle.url}/status`, { headers: { 'x-test-address': 'c' } })).status).toBe(200);
  });
});

describe('bytes of strangers', () => {
  test('cannot make the edge fail: random, cut and flipped bundles are refused or answered, never an internal error', async () => {
    const m = await c.manifest();
    const whole = encodeBundle(
      bundleOf(c, [
        ['manifest', m],
        ['ack', await c.ack(m)],
      ]),
    );
    const mutated = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.nat(whole.length).map((cut) => whole.slice(0, cut)),
      fc
        .tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }))
        .map(([at, bits]) => whole.map((byte, i) => (i === at ? byte ^ bits : byte))),
    );
    let n = 0;
    await fc.assert(
      fc.asyncProperty(mutated, fc.constantFrom('/v1/evidence', '/v1/exchange'), async (bytes, path) => {
        n += 1;
        const { status } = await post(path, bytes, { signer: keyOf(100 + (n % 100)), headers: { 'x-test-address': `fuzz-${n % 10}` } });
        expect([200, 400, 403, 409, 422]).toContain(status);
      }),
      { numRuns: 300 },
    );
  });
});

describe('POST /v1/exchange', () => {
  const message = (over: Partial<Exchange> = {}): Uint8Array =>
    encodeExchange({ v: 1, lock: c.lock, quote: c.quote.envelope, items: [], spec: null, sources: [], attestations: [], ...over });
  const peer = () => world.oracles[1]?.signer ?? keyOf(0);
  const at = { headers: { 'x-test-address': 'peer' } };

  test('an oracle of the quote hears what this one holds', async () => {
    expect((await post('/v1/exchange', message(), { signer: peer(), ...at })).status).toBe(200);
  });
  test('cannot exchange as a stranger, or as an oracle that the quote does not name', async () => {
    expect(await refused('/v1/exchange', message(), at)).toBe('403 oracle-foreign');
    const two = await fixtureCase({ nonce: 2, oracles: [oracle.signer], k: 1 });
    world.chain.put(two.locked());
    expect(await refused('/v1/exchange', message({ lock: two.lock, quote: two.quote.envelope }), { signer: peer(), ...at })).toBe(
      '403 oracle-foreign',
    );
  });
  test('cannot plant a piece with a receipt of a stranger, or an attestation that its oracle did not sign', async () => {
    const m = await c.manifest();
    const client = world.client(oracle, c.agent);
    const { receipts } = await client.submitEvidence(
      bundleOf(c, [['manifest', await c.manifest({ billedMs: 1_000 })]]),
      AbortSignal.timeout(5_000),
    );
    const foreign = receipts.find(({ body }) => body.evidenceCid !== c.quote.cid)?.envelope ?? new Uint8Array();
    const before = await oracle.oracle.report(c.lock);
    const forged = {
      v: 1 as const,
      network: 'devnet' as const,
      lock: c.lock,
      oracleKey: peer().publicKey,
      verdict: 'refund' as const,
      rule: 'missed',
      paidBaseUnits: 0n,
      signature: '00'.repeat(64),
    };
    await post('/v1/exchange', message({ items: [{ kind: 'manifest', envelope: m.envelope, receipt: foreign }], attestations: [forged] }), {
      signer: peer(),
      ...at,
    });
    expect(await oracle.oracle.report(c.lock)).toEqual(before);
  });
  test('cannot send more than an exchange may hold', async () => {
    expect(await refused('/v1/exchange', new Uint8Array(MAX_EXCHANGE_BYTES + 1), { signer: peer(), ...at })).toBe('413 bytes-too-large');
  });
});

describe('GET /v1/locks/{txId}/{index}/manifest', () => {
  const signal = () => AbortSignal.timeout(5_000);
  let job: FixtureCase;
  beforeAll(async () => {
    job = await fixtureCase({ nonce: 20 });
    world.chain.put(job.locked());
    await world.client(oracle, job.serviceProvider).submitEvidence(bundleOf(job, []), signal());
  });
  async function ask(signer: Signer, lock = job.lock, nonce = new Uint8Array(randomBytes(16))): Promise<Response> {
    const url = `${oracle.url}/v1/locks/${lock.txId}/${lock.index}/manifest`;
    const signature = await signRequest({ method: 'GET', url, headers: {}, body: new Uint8Array() }, signer, {
      createdMs: Date.now(),
      nonce,
    });
    return oracle.app.request(url, { headers: { ...signature, 'x-test-address': 'parties' } });
  }
  const answered = async (...args: Parameters<typeof ask>): Promise<string> => {
    const response = await ask(...args);
    return response.ok ? '200' : `${response.status} ${((await response.json()) as { code: string }).code}`;
  };

  test('says that there is none, of a lock without one and of an unknown lock', async () => {
    const nowhere = { txId: '0'.repeat(64), index: 0 };
    expect(await answered(job.serviceProvider)).toBe('404 manifest-unknown');
    expect(await answered(job.serviceProvider, nowhere)).toBe('404 manifest-unknown');
    const client = world.client(oracle, job.serviceProvider);
    expect(await client.manifest(job.lock, signal())).toBeNull();
    expect(await client.manifest(nowhere, signal())).toBeNull();
  });

  test('gives both parties the manifest that the agent filed, byte for byte', async () => {
    const manifest = await job.manifest();
    await world.client(oracle, job.agent).submitEvidence(bundleOf(job, [['manifest', manifest]]), signal());
    for (const party of [job.serviceProvider, job.agent]) {
      expect(await world.client(oracle, party).manifest(job.lock, signal())).toEqual(manifest.envelope);
    }
    const response = await ask(job.serviceProvider);
    expect(response.headers.get('content-type')).toBe('application/cbor');
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  test('cannot be read by a stranger: not unsigned, not by another peer, an oracle or the job key, not by a replayed request', async () => {
    const plain = await oracle.app.request(`${oracle.url}/v1/locks/${job.lock.txId}/${job.lock.index}/manifest`);
    expect(plain.status).toBe(401);
    for (const stranger of [keyOf(9), job.jobKey, world.oracles[1]?.signer ?? keyOf(0)]) {
      expect(await answered(stranger)).toBe('403 not-a-party');
      await expect(world.client(oracle, stranger).manifest(job.lock, signal())).rejects.toMatchObject({
        code: 'oracle-refused',
        message: expect.stringContaining('not-a-party') as string,
      });
    }
    const nonce = new Uint8Array(randomBytes(16));
    expect(await answered(job.serviceProvider, job.lock, nonce)).toBe('200');
    expect(await answered(job.serviceProvider, job.lock, nonce)).toBe('401 request-replayed');
  });

  test('cannot be asked for without end: a peer is slowed down', async () => {
    // At once, so that a slow machine does not give its allowance back meanwhile.
    const all = await Promise.all(Array.from({ length: 100 }, () => answered(keyOf(97))));
    expect(all).toContain('429 rate-limited');
  });
});

describe('reading', () => {
  const get = (path: string) => oracle.app.request(`${oracle.url}${path}`, { headers: { 'x-test-address': 'reader' } });
  test('a lock that nobody told of is unknown, not an error', async () => {
    const response = await get(`/v1/locks/${'0'.repeat(64)}/0`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ state: 'unknown', evidence: [] });
  });
  test.each([
    ['/v1/locks/zz/0'],
    [`/v1/locks/${'0'.repeat(64)}/65536`],
    [`/v1/locks/${'0'.repeat(64)}/-1`],
    [`/v1/locks/${'0'.repeat(64)}/01`],
  ])('cannot ask for %s', async (path) => {
    const response = await get(path);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'message-invalid' });
  });
  test('status and page say what happened and hold nothing secret', async () => {
    const status = await (await get('/status')).text();
    expect(JSON.parse(status)).toMatchObject({
      network: 'devnet',
      oracleKey: oracle.signer.publicKey,
      openCases: expect.any(Number) as number,
    });
    const response = await get('/');
    const page = await response.text();
    expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/);
    expect(page).toContain('learned of a lock');
    for (const text of [status, page]) expect(text).not.toContain('33'.repeat(32));
  });
  test('cannot put markup into the page', async () => {
    await oracle.store.addEvent({ at: 1, kind: '<script>', lock: null, detail: '<img src=x onerror=alert(1)>' });
    await expect.poll(async () => (await get('/')).text(), { timeout: 10_000 }).toContain('&lt;img src=x');
    expect(await (await get('/')).text()).not.toContain('<img');
  });
  test('the API describes itself, and unknown paths are problems', async () => {
    const openapi = (await (await get('/openapi.json')).json()) as { paths: Record<string, unknown> };
    expect(Object.keys(openapi.paths).sort()).toEqual([
      '/status',
      '/v1/evidence',
      '/v1/exchange',
      '/v1/locks/{txId}/{index}',
      '/v1/locks/{txId}/{index}/agreement',
      '/v1/locks/{txId}/{index}/manifest',
      '/v1/locks/{txId}/{index}/sealed-key',
      '/v1/telemetry',
    ]);
    const missing = await get('/nowhere');
    expect(missing.status).toBe(404);
    expect(missing.headers.get('content-type')).toBe('application/problem+json');
    expect(missing.headers.get('x-content-type-options')).toBe('nosniff');
    // What a stranger asked for is not sent back at any length.
    expect((await (await get(`/${'a'.repeat(6_000)}`)).text()).length).toBeLessThan(500);
    expect(missing.headers.get('content-security-policy')).toContain("default-src 'none'");
  });
});

describe('OracleClient', () => {
  const client = () => world.client(oracle, keyOf(42));
  test('cannot be given receipts of another key', async () => {
    const wrong = world.client({ ...oracle, signer: keyOf(1) });
    await expect(wrong.submitEvidence(bundleOf(c, []), AbortSignal.timeout(5_000))).rejects.toMatchObject({ code: 'signature-invalid' });
  });
  test('an oracle that is down is unavailable, a refusal says why', async () => {
    await expect(client().submitEvidence(bundleOf(await fixtureCase({ nonce: 9 }), []), AbortSignal.timeout(5_000))).rejects.toMatchObject({
      code: 'oracle-refused',
      message: expect.stringContaining('lock-unknown') as string,
    });
    oracle.reachable = false;
    await expect(client().lock(c.lock, AbortSignal.timeout(5_000))).rejects.toMatchObject({ code: 'oracle-unavailable' });
    oracle.reachable = true;
  });
  test('cannot be drowned by an endless answer', async () => {
    const endless = new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(new Uint8Array(65_536)) });
    const fetch = () => Promise.resolve(new Response(endless));
    await expect(
      signedRequest(
        { ...io(), fetch },
        { method: 'GET', url: 'http://oracle-0.test/x', maxResponseBytes: 100_000 },
        AbortSignal.timeout(5_000),
      ),
    ).rejects.toMatchObject({ code: 'oracle-unavailable' });
  });
});
