import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { encode } from '@nunet/shared/encoding.ts';
import { signRequest } from '@nunet/shared/http-signature.ts';
import { peerIdOfKey } from '@nunet/shared/peer-id.ts';
import { signStatement, type Signer } from '@nunet/shared/signature.ts';
import { MAX_TELEMETRY_BYTES, telemetryReport, type TelemetryReport } from '@nunet/shared/telemetry-report.ts';
import { createTelemetryStore } from './db/telemetry-store.ts';
import { telemetry as table } from './db/schema.ts';
import { keyOf } from './fixtures.ts';
import { createTelemetry } from './telemetry.ts';
import { memoryDb, testWorld, type TestOracle, type World } from './test-world.ts';

let world: World;
let oracle: TestOracle;
beforeAll(async () => {
  world = await testWorld(1, { start: false });
  const [first] = world.oracles;
  if (first === undefined) throw new Error('no oracle');
  oracle = first;
});
beforeEach(() => oracle.db.delete(table));
afterAll(() => world.close());

const report = (of: Signer, changes: Partial<TelemetryReport> = {}): TelemetryReport => ({
  v: 1,
  network: 'devnet',
  peerId: peerIdOfKey(of.publicKey),
  at: Date.now(),
  cpus: 8,
  cpuBusyPercent: 50,
  memoryUsedPercent: 20,
  gpus: 1,
  gpuBusyPercent: null,
  temperatureC: 61,
  jobsRunning: 2,
  ...changes,
});

/** `signer` signs the statement, `sender` the request around it. */
async function post(
  body: object | Uint8Array,
  signer: Signer,
  sender = signer,
  nonce: Uint8Array = new Uint8Array(randomBytes(16)),
): Promise<string> {
  const bytes = body instanceof Uint8Array ? body : (await signStatement('telemetry', body as TelemetryReport, signer)).envelope;
  const url = `${oracle.url}/v1/telemetry`;
  const headers = { 'content-type': 'application/cbor' };
  const signature = await signRequest({ method: 'POST', url, headers, body: bytes }, sender, { createdMs: Date.now(), nonce });
  const response = await oracle.app.request(url, { method: 'POST', headers: { ...headers, ...signature }, body: bytes.slice() });
  if (response.status === 204) return '204';
  return `${response.status} ${((await response.json()) as { code: string }).code}`;
}
let next = 100;
/** An agent that nobody has heard yet. */
const fresh = (): Signer => keyOf(next++);
const sums = async () => ((await (await oracle.app.request(`${oracle.url}/status`)).json()) as { saidByAgents: object }).saidByAgents;
const NONE = { machines: 0, cpus: 0, cpusBusy: 0, gpus: 0, jobsRunning: 0 };

describe('POST /v1/telemetry', () => {
  test('what agents say is summed up apart from what is known', async () => {
    const [a, b] = [fresh(), fresh()];
    expect(await post(report(a), a)).toBe('204');
    expect(await post(report(b, { cpus: 4, cpuBusyPercent: 100, gpus: 0, jobsRunning: 1 }), b)).toBe('204');
    // A newer report takes the place of the last one.
    expect(await post(report(b, { at: Date.now() + 10, cpus: 6, cpuBusyPercent: 100, gpus: 0, jobsRunning: 1 }), b)).toBe('204');
    expect(await createTelemetryStore(oracle.db).sums(0)).toEqual({ machines: 2, cpus: 14, cpusBusy: 10, gpus: 1, jobsRunning: 3 });
    const page = await (await oracle.app.request(`${oracle.url}/`)).text();
    expect(page).toContain('Nobody has checked it');
  });

  test('cannot be sent by one peer and signed by another, or carry a foreign or broken signature', async () => {
    const [a, b] = [fresh(), fresh()];
    expect(await post(report(a), a, b)).toBe('403 telemetry-foreign');
    // Signed by b in the name of a.
    expect(await post(report(a), b, a)).toBe('422 signature-invalid');
    const { envelope } = await signStatement('benchmark', report(a), a);
    expect(await post(envelope, a)).toBe('422 signature-invalid');
    expect(await post(report(a, { network: 'preprod' }), a)).toBe('422 network-mismatch');
  });

  test('cannot be replayed: neither the request, nor the statement in a new one', async () => {
    const a = fresh();
    const { envelope } = await signStatement('telemetry', report(a), a);
    const nonce = new Uint8Array(16).fill(7);
    expect(await post(envelope, a, a, nonce)).toBe('204');
    expect(await post(envelope, a, a, nonce)).toBe('401 request-replayed');
    expect(await post(envelope, a)).toBe('422 telemetry-stale');
  });

  test('cannot be old or from the future', async () => {
    const a = fresh();
    expect(await post(report(a, { at: Date.now() - 180_000 }), a)).toBe('422 telemetry-stale');
    expect(await post(report(a, { at: Date.now() + 180_000 }), a)).toBe('422 telemetry-stale');
  });

  test('cannot be oversized, carry more than it may, or figures that cannot be', async () => {
    const a = fresh();
    expect(await post(new Uint8Array(MAX_TELEMETRY_BYTES + 129), a)).toBe('413 bytes-too-large');
    const b = fresh();
    expect(await post({ ...report(b), hostname: 'cellar' }, b)).toMatch(/^4\d\d message-invalid$/);
    expect(await post(report(b, { cpuBusyPercent: 101 }), b)).toMatch(/^4\d\d message-invalid$/);
    const c = fresh();
    expect(await post(report(c, { jobsRunning: -1 }), c)).toMatch(/^4\d\d message-invalid$/);
    expect(await post(encode('nothing'), c)).toMatch(/^4\d\d message-invalid$/);
  });

  test('cannot be sent more often than an agent has reason to', async () => {
    const a = fresh();
    const answers: string[] = [];
    for (let turn = 0; turn < 5; turn++) answers.push(await post(report(a, { at: Date.now() + turn }), a));
    expect(answers.slice(0, 3)).toEqual(['204', '204', '204']);
    expect(answers.slice(3)).toEqual(['429 rate-limited', '429 rate-limited']);
  });

  test('cannot be unsigned', async () => {
    const response = await oracle.app.request(`${oracle.url}/v1/telemetry`, {
      method: 'POST',
      headers: { 'content-type': 'application/cbor' },
      body: new Uint8Array(10),
    });
    expect(response.status).toBe(401);
  });
});

describe('what is kept', () => {
  const at = 1_800_000_000_000;
  const clocked = async (revoked: string[] = [], maxAgents = 100) => {
    const clock = { now: at };
    const store = createTelemetryStore(await memoryDb(0), maxAgents);
    const kept = createTelemetry({ store, network: 'devnet', isRevoked: (peer) => revoked.includes(peer), now: () => clock.now });
    const take = async (signer: Signer, changes: Partial<TelemetryReport> = {}): Promise<void> => {
      const body = report(signer, { at: clock.now, ...changes });
      await kept.take((await signStatement('telemetry', body, signer)).envelope, body.peerId);
    };
    return { clock, kept, take };
  };

  test('counts while it is fresh, and is forgotten after a day', async () => {
    const { clock, kept, take } = await clocked([], 1);
    await take(keyOf(1));
    expect((await kept.sums()).machines).toBe(1);
    clock.now += 13 * 60_000;
    expect(await kept.sums()).toEqual(NONE);
    await expect(take(keyOf(2))).rejects.toMatchObject({ code: 'oracle-full' });
    clock.now += 24 * 3_600_000;
    await take(keyOf(2));
    expect((await kept.sums()).machines).toBe(1);
  });

  test('cannot come from a peer that the network record has revoked', async () => {
    const { kept, take } = await clocked([peerIdOfKey(keyOf(3).publicKey)]);
    await expect(take(keyOf(3))).rejects.toMatchObject({ code: 'peer-revoked' });
    expect(await kept.sums()).toEqual(NONE);
  });
});

test('a report holds no field that says where an agent is or for whom it works', () => {
  expect(Object.keys(telemetryReport.shape).toSorted()).toMatchInlineSnapshot(`
    [
      "at",
      "cpuBusyPercent",
      "cpus",
      "gpuBusyPercent",
      "gpus",
      "jobsRunning",
      "memoryUsedPercent",
      "network",
      "peerId",
      "temperatureC",
      "v",
    ]
  `);
});

test('the status tells the sums beside what it knows itself', async () => {
  const a = fresh();
  await post(report(a), a);
  // The status is made at most once a second.
  await vi.waitFor(async () => expect(await sums()).toEqual({ machines: 1, cpus: 8, cpusBusy: 4, gpus: 1, jobsRunning: 2 }), 5_000);
});
