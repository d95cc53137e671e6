import { describe, expect, test } from 'vitest';
import { verifyRequest } from '@nunet/shared/http-signature.ts';
import { openTelemetry, TELEMETRY_EVERY_MS } from '@nunet/shared/telemetry-report.ts';
import { peerKeyOfSeed } from '../network/identity.ts';
import { keepReporting, reportOf, sendReport, type ReportParts } from './reports.ts';
import { sampleFigures } from './sample-figures.ts';

const NOW = 1_800_000_000_000;
const key = peerKeyOfSeed(new Uint8Array(32).fill(3));

function setUp(changes: Partial<ReportParts> = {}) {
  const seen = { isAllowed: true, looked: 0, sent: [] as { url: string; init: RequestInit }[] };
  const stop = new AbortController();
  const parts: ReportParts = {
    fetch: (url, init) => {
      seen.sent.push({ url, init });
      return Promise.resolve(new Response(null, { status: 204 }));
    },
    signer: key.signer,
    now: () => NOW,
    random: (bytes) => new Uint8Array(bytes).fill(128),
    network: 'devnet',
    peerId: key.peerId,
    operators: () => ['http://one.test/', 'http://two.test'],
    isAllowed: () => seen.isAllowed,
    figures: () => {
      seen.looked += 1;
      return Promise.resolve(sampleFigures);
    },
    sleep: () => Promise.resolve(),
    signal: stop.signal,
    ...changes,
  };
  return { seen, parts, stop };
}

describe('reports to operators', () => {
  test('are signed, rounded, and go to each of them', async () => {
    const { seen, parts } = setUp();
    await sendReport(parts);
    expect(seen.sent.map(({ url }) => url)).toEqual(['http://one.test/v1/telemetry', 'http://two.test/v1/telemetry']);
    const [{ url, init } = { url: '', init: {} }] = seen.sent;
    const body = new Uint8Array(init.body as Uint8Array<ArrayBuffer>);
    const headers = Object.fromEntries(new Headers(init.headers));
    const { peerId } = verifyRequest({ method: 'POST', url, headers, body }, { nowMs: NOW, authorities: ['one.test'] });
    expect(peerId).toBe(key.peerId);
    expect(openTelemetry(body, 'devnet').body).toEqual({
      v: 1,
      network: 'devnet',
      peerId: key.peerId,
      at: NOW,
      cpus: 8,
      cpuBusyPercent: 25,
      memoryUsedPercent: 40,
      gpus: 2,
      gpuBusyPercent: 75,
      temperatureC: 72,
      jobsRunning: 2,
    });
  });

  test('cannot be sent without the consent of the owner: nothing is even measured', async () => {
    const { seen, parts } = setUp();
    seen.isAllowed = false;
    await sendReport(parts);
    expect(seen).toMatchObject({ sent: [], looked: 0 });
  });

  test('cannot go on after consent was taken back, and begin again with it', async () => {
    const { seen, parts, stop } = setUp();
    const slept: number[] = [];
    /** What the owner wants, report by report. */
    const wanted = [false, true, false, false, true];
    parts.sleep = (ms) => {
      slept.push(ms);
      const next = wanted.shift();
      if (next === undefined) stop.abort();
      seen.isAllowed = next ?? false;
      return Promise.resolve();
    };
    await keepReporting(parts);
    expect(seen.sent).toHaveLength(4);
    // None at once: each start of the agent would be told.
    expect(slept[0]).toBeGreaterThan(TELEMETRY_EVERY_MS * 0.8);
  });

  test('an operator that does not answer keeps nobody from being told, and stops nothing', async () => {
    const { seen, parts } = setUp();
    const { fetch } = parts;
    parts.fetch = (url, init) => (url.startsWith('http://one') ? Promise.reject(new TypeError('refused')) : fetch(url, init));
    await sendReport(parts);
    expect(seen.sent.map(({ url }) => url)).toEqual(['http://two.test/v1/telemetry']);
  });

  test('a machine that tells little is told of so', () => {
    const little = { ...sampleFigures, machine: { cpuBusyPercent: null, memoryUsedPercent: 1, temperatureC: null }, gpus: [] };
    expect(reportOf(little, { network: 'devnet', peerId: key.peerId, at: NOW })).toMatchObject({
      gpuBusyPercent: null,
      temperatureC: null,
    });
  });
});
