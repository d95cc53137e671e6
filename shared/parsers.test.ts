// Every parser of strangers' bytes: what was written is read back, and nothing that arrives makes it fail with anything but a NunetError.
import { bytesToHex } from '@noble/hashes/utils.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { advert, MAX_ADVERT_BYTES } from './advert.ts';
import { decode, encode } from './encoding.ts';
import { NunetError } from './errors.ts';
import { encodeBundle, MAX_EVIDENCE_BYTES, openBundle, openEvidence, openQuote, openSpec } from './evidence.ts';
import { decodeFileNode, encodeFileNode, MAX_BLOCK_BYTES } from './file-dag.ts';
import { jobSpec, MAX_SPEC_BYTES } from './job-spec.ts';
import { manifest, MAX_MANIFEST_BYTES } from './manifest.ts';
import { openNetworkRecord, signNetworkRecord } from './network-record.ts';
import { MAX_QUOTE_BYTES, MAX_QUOTE_REQUEST_BYTES, quote, quoteRequest } from './quote.ts';
import { rawCidOf } from './encoding.ts';
import { openAgreement, encodeAgreement } from './agreement-post.ts';
import { NO_KEY_HASH, voucherBytes } from './lock.ts';
import * as samples from './samples.ts';
import { openTelemetry } from './telemetry-report.ts';
import { openVoucher, voucherEvidence } from './voucher.ts';
import { signStatement } from './signature.ts';
import { PROTOCOLS } from './wire.ts';

const agent = samples.sampleSigner('agent');
const signedQuote = await signStatement('quote', samples.sampleQuote, agent);
const signedManifest = await signStatement('manifest', samples.sampleManifest(signedQuote.cid), agent);
const pin = samples.sampleSigner('pin');
const recordBytes = await signNetworkRecord(samples.sampleRecord, [pin]);
const bundleBytes = encodeBundle({
  v: 1,
  lock: samples.sampleLock,
  items: [{ kind: 'quote', envelope: signedQuote.envelope }],
  spec: encode(samples.sampleSpec),
  sources: [],
});
const jobKey = samples.sampleSigner('job key');
const signatureOf = async (paid: bigint): Promise<string> => bytesToHex(await jobKey.sign(voucherBytes(samples.sampleLock, paid)));
const voucherBytesOf = voucherEvidence(samples.sampleVoucher(5n, NO_KEY_HASH, await signatureOf(5n))).envelope;
const agreementBytes = encodeAgreement(
  { paid: 5n, voucherSignature: await signatureOf(5n), closeSignature: await signatureOf(6n), secret: samples.sampleHash('K') },
  signedQuote.envelope,
);
const proofBytes = encode({
  v: 1,
  network: 'devnet',
  jobId: samples.sampleRequest.jobId,
  lock: samples.sampleLock,
  manifestCid: signedManifest.cid,
  key: samples.sampleHash('K'),
  file: 'y.npy',
  index: 0,
  isLast: true,
  ciphertext: new Uint8Array(20),
  commitment: samples.sampleHash('commitment'),
  path: [{ side: 'left', hash: samples.sampleHash('sibling') }],
});
const telemetryBytes = (
  await signStatement(
    'telemetry',
    {
      v: 1 as const,
      network: 'devnet' as const,
      peerId: samples.sampleAdvert.peerId,
      at: samples.SAMPLE_TIME_MS,
      cpus: 4,
      cpuBusyPercent: 50,
      memoryUsedPercent: 20,
      gpus: 0,
      gpuBusyPercent: null,
      temperatureC: 50,
      jobsRunning: 1,
    },
    agent,
  )
).envelope;
const limit = (name: string, maxBytes: number) => ({ name, maxBytes });

/** Each parser with bytes that it takes. */
const PARSERS: Readonly<Record<string, { read: (bytes: Uint8Array) => unknown; valid: Uint8Array }>> = {
  advert: { read: (bytes) => decode(advert, bytes, limit('advert', MAX_ADVERT_BYTES)), valid: encode(samples.sampleAdvert) },
  'job spec': { read: (bytes) => openSpec(bytes, samples.sampleRequest.jobId), valid: encode(samples.sampleSpec) },
  'quote request': {
    read: (bytes) => decode(quoteRequest, bytes, limit('quote request', MAX_QUOTE_REQUEST_BYTES)),
    valid: encode(samples.sampleRequest),
  },
  'container job spec': {
    read: (bytes) => openSpec(bytes, samples.sampleContainerRequest.jobId),
    valid: encode(samples.sampleContainerSpec),
  },
  'container quote request': {
    read: (bytes) => decode(quoteRequest, bytes, limit('quote request', MAX_QUOTE_REQUEST_BYTES)),
    valid: encode(samples.sampleContainerRequest),
  },
  'signed quote': { read: (bytes) => openQuote(bytes, 'devnet'), valid: signedQuote.envelope },
  'signed manifest': {
    read: (bytes) => openEvidence('manifest', bytes, { quote: signedQuote, lock: samples.sampleLock }),
    valid: signedManifest.envelope,
  },
  'network record': {
    read: (bytes) =>
      openNetworkRecord(bytes, {
        network: 'devnet',
        pinned: { keys: [pin.publicKey], threshold: 1 },
        now: samples.SAMPLE_TIME_MS,
        lastSequence: 0,
      }),
    valid: recordBytes,
  },
  voucher: { read: (bytes) => openVoucher(bytes, { network: 'devnet', voucherKey: jobKey.publicKey }), valid: voucherBytesOf },
  'signed sealed key': {
    read: (bytes) => openEvidence('sealed-key', bytes, { quote: signedQuote, lock: samples.sampleLock }),
    valid: (await signStatement('sealed-key', samples.sampleSealedKey(signedManifest.cid), agent)).envelope,
  },
  'proof of a wrong plaintext': {
    read: (bytes) => openEvidence('wrong-plaintext', bytes, { quote: signedQuote, lock: samples.sampleLock }),
    valid: proofBytes,
  },
  agreement: { read: openAgreement, valid: agreementBytes },
  'evidence bundle': { read: openBundle, valid: bundleBytes },
  'file node': {
    read: decodeFileNode,
    valid: encodeFileNode({ bytes: 300_000, blocks: [rawCidOf(Uint8Array.of(1)), rawCidOf(Uint8Array.of(2))] }).bytes,
  },
  'run request': {
    read: (bytes) => decode(PROTOCOLS.run.request, bytes, limit('run', PROTOCOLS.run.maxRequestBytes)),
    valid: encode({ spec: samples.sampleSpec, quote: signedQuote.envelope, lock: samples.sampleLock }),
  },
  'signed telemetry': { read: (bytes) => openTelemetry(bytes, 'devnet'), valid: telemetryBytes },
  'challenge request': {
    read: (bytes) => decode(PROTOCOLS.challenge.request, bytes, limit('challenge', PROTOCOLS.challenge.maxRequestBytes)),
    valid: encode({ step: 'open', nonce: 'ab'.repeat(16), rows: [1, 2, 3] }),
  },
  'challenge answer': {
    read: (bytes) => decode(PROTOCOLS.challenge.response, bytes, limit('challenge', PROTOCOLS.challenge.maxResponseBytes)),
    valid: encode({ type: 'opened', rows: [{ row: 1, values: new Uint8Array(256), path: [samples.sampleHash('sibling')] }] }),
  },
  'follow event': {
    read: (bytes) => decode(PROTOCOLS.follow.response, bytes, limit('follow', PROTOCOLS.follow.maxResponseBytes)),
    valid: encode({ type: 'progress', phase: 'steps', done: 1, total: 2, epoch: 1, metrics: [{ name: 'loss', value: 0.25 }] }),
  },
  'blocks request': {
    read: (bytes) => decode(PROTOCOLS.blocks.request, bytes, limit('blocks', PROTOCOLS.blocks.maxRequestBytes)),
    valid: encode({ jobId: samples.sampleRequest.jobId, cids: [samples.sampleRequest.jobId] }),
  },
};

/** Only NunetError may come out, whatever goes in. */
function survives(read: (bytes: Uint8Array) => unknown, bytes: Uint8Array): void {
  try {
    read(bytes);
  } catch (error) {
    if (!(error instanceof NunetError)) throw error;
  }
}

describe.each(Object.entries(PARSERS))('%s', (_, { read, valid }) => {
  test('takes what was written', () => {
    expect(() => read(valid)).not.toThrow();
  });

  test('cannot be crashed by random bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => survives(read, bytes)));
  });

  test('cannot be crashed by any truncation, and takes none', () => {
    for (let length = 0; length < valid.length; length += Math.max(1, Math.floor(valid.length / 200))) {
      expect(() => read(valid.subarray(0, length))).toThrow(NunetError);
    }
  });

  test('cannot be crashed by changed bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }), (changes) => {
        const bytes = valid.slice();
        for (const [at, value] of changes) bytes[at] = value;
        survives(read, bytes);
      }),
      { numRuns: 300 },
    );
  });

  test('cannot be crashed by well-formed nonsense', () => {
    const anything = fc.anything({
      withBigInt: false,
      withDate: false,
      withMap: false,
      withSet: false,
      withTypedArray: false,
      withObjectString: false,
    });
    fc.assert(
      fc.property(anything, (value) => {
        let bytes: Uint8Array;
        try {
          bytes = encode(value);
        } catch {
          return;
        }
        survives(read, bytes);
      }),
      { numRuns: 200 },
    );
  });

  test('refuses bytes over its limit before it decodes them', () => {
    // A CBOR byte string of this length: valid, and far over every limit of the wire.
    const huge = new Uint8Array(6 * 2 ** 20);
    huge.set([0x5a, 0x00, 0x5f, 0xff, 0xfb]);
    expect(() => read(huge)).toThrow(/at most \d+ are allowed/);
  });

  test('refuses another encoding of the same value', () => {
    // One byte that says "the rest is a 1-byte number" in front of a small number is never canonical; appended bytes neither.
    expect(() => read(Uint8Array.of(...valid, 0))).toThrow(NunetError);
  });
});

describe('round trips', () => {
  const amount = fc.bigInt({ min: 0n, max: (1n << 63n) - 1n });
  const time = fc.integer({ min: 0, max: 8_640_000_000_000_000 });

  test('a quote with any amounts and ordered times', () => {
    fc.assert(
      fc.property(amount, amount, amount, fc.uniqueArray(time, { minLength: 6, maxLength: 6 }), (a, b, rate, times) => {
        const [issuedAt = 0, expiresAt = 0, startBy = 0, finishBy = 0, disputeBy = 0, reclaimAfter = 0] = times.toSorted((x, y) => x - y);
        const [minimumBaseUnits, amountBaseUnits] = a < b ? [a, b] : [b, a];
        const body = {
          ...samples.sampleQuote,
          minimumBaseUnits,
          amountBaseUnits,
          rateBaseUnitsPerHour: rate,
          issuedAt,
          expiresAt,
          startBy,
          finishBy,
          disputeBy,
          reclaimAfter,
        };
        expect(decode(quote, encode(body), limit('quote', MAX_QUOTE_BYTES))).toEqual(body);
      }),
    );
  });

  test('a manifest with any metrics and usage', () => {
    const metrics = fc.array(
      fc.record({ name: fc.string({ minLength: 1, maxLength: 20 }), value: fc.double({ noNaN: true, noDefaultInfinity: true }) }),
      {
        maxLength: 32,
      },
    );
    fc.assert(
      fc.property(metrics, fc.nat(), fc.nat(), (values, cpuMs, peakMemoryBytes) => {
        // dag-cbor has one zero.
        const plain = values.map(({ name, value }) => ({ name, value: value === 0 ? 0 : value }));
        const body = { ...samples.sampleManifest(signedQuote.cid), metrics: plain, usage: { cpuMs, peakMemoryBytes } };
        expect(decode(manifest, encode(body), limit('manifest', MAX_MANIFEST_BYTES))).toEqual(body);
      }),
    );
  });

  test('a spec with any feeds', () => {
    const feed = fc.oneof(
      fc.record({ from: fc.constant('file' as const), file: fc.stringMatching(/^[a-z][a-z0-9]{0,20}$/), rows: fc.boolean() }),
      fc.record({
        from: fc.constant('value' as const),
        dtype: fc.constantFrom('float32', 'int64', 'bool'),
        shape: fc.array(fc.nat(100), { maxLength: 8 }),
        values: fc.array(fc.integer(), { maxLength: 20 }),
      }),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 1, maxLength: 40 }), feed, { maxKeys: 12, noNullPrototype: true }), (feeds) => {
        if ('__proto__' in feeds && Object.hasOwn(feeds, '__proto__')) return;
        const body = { ...samples.sampleSpec, program: { ...samples.sampleSpec.program, feeds } };
        expect(decode(jobSpec, encode(body), limit('job spec', MAX_SPEC_BYTES))).toEqual(body);
      }),
    );
  });

  test('an evidence bundle with any envelopes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1, maxLength: 6 }), (envelopes) => {
        const bundle = {
          v: 1 as const,
          lock: samples.sampleLock,
          items: envelopes.map((envelope) => ({ kind: 'quote' as const, envelope })),
          spec: null,
          sources: [],
        };
        expect(openBundle(encodeBundle(bundle))).toEqual(bundle);
      }),
    );
  });

  test('a file node of any size names its blocks in order', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 * MAX_BLOCK_BYTES }), (bytes) => {
        const blocks = Array.from({ length: Math.ceil(bytes / MAX_BLOCK_BYTES) }, (_, i) => rawCidOf(Uint8Array.of(i)));
        const node = encodeFileNode({ bytes, blocks });
        expect(decodeFileNode(node.bytes)).toEqual({ bytes, blocks });
      }),
      { numRuns: 30 },
    );
  });

  test('an evidence bundle at its limits still fits its size limit', () => {
    const full = encodeBundle({
      v: 1,
      lock: { txId: 'f'.repeat(64), index: 65_535 },
      items: [
        { kind: 'quote', envelope: new Uint8Array(MAX_QUOTE_BYTES) },
        { kind: 'manifest', envelope: new Uint8Array(MAX_MANIFEST_BYTES) },
      ],
      spec: new Uint8Array(MAX_SPEC_BYTES),
      sources: Array.from({ length: 8 }, () => `/${'a'.repeat(511)}`),
    });
    expect(full.length).toBeLessThanOrEqual(MAX_EVIDENCE_BYTES);
    expect(bytesToHex(full.subarray(0, 1))).toBe('a5');
  });
});
