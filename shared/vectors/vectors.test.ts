// The frozen wire: bytes, CIDs and signatures of every record from fixed keys. A test that fails here means that old peers,
// journals and locks would no longer be understood: add a new version beside the old one instead of changing these files.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { advert, MAX_ADVERT_BYTES } from '../advert.ts';
import { keyHashOf, type Agreement } from '../agreement.ts';
import { encodeAgreement, openAgreement } from '../agreement-post.ts';
import { MAX_RECEIPT_BYTES, receipt } from '../attestation.ts';
import { cidOf, decode, encode, hashOfCid } from '../encoding.ts';
import { encodeBundle, openBundle, openEvidence, openQuote, openSpec } from '../evidence.ts';
import { cutFile, decodeFileNode } from '../file-dag.ts';
import { jobIdOf } from '../job-spec.ts';
import { closeBytes, settleBytes, voucherBytes } from '../lock.ts';
import { ack, cancel, dispute, manifest, MAX_ANSWER_BYTES, MAX_MANIFEST_BYTES } from '../manifest.ts';
import { openNetworkRecord, signNetworkRecord } from '../network-record.ts';
import { keyOfPeerId } from '../peer-id.ts';
import { lockRefusal, MAX_QUOTE_BYTES, MAX_QUOTE_REQUEST_BYTES, quote, quoteRefusal, quoteRequest, type QuoteRequest } from '../quote.ts';
import {
  encodeReplayRequest,
  encodeReplayResponse,
  openReplayRequest,
  openReplayResponse,
  replayOutcome,
  type ReplayRequest,
  type ReplayResponse,
} from '../replay.ts';
import * as samples from '../samples.ts';
import { deliveredTree } from '../sealed/delivered-tree.ts';
import { sealedFixture } from '../sealed/fixtures.ts';
import { leafHash, type Leaf } from '../sealed/merkle.ts';
import { MAX_SEALED_KEY_BYTES, sealedKey } from '../sealed/sealed-key.ts';
import { MAX_WRONG_PLAINTEXT_BYTES, proveWrongPlaintext, wrongPlaintext } from '../sealed/wrong-plaintext.ts';
import { openStatement, signStatement, statementBytes, verifySignature, type SignedName, type Signer } from '../signature.ts';
import { openVoucher, voucherEvidence, type Voucher } from '../voucher.ts';
import { PROTOCOLS, type ProtocolName } from '../wire.ts';

const agent = samples.sampleSigner('agent');
const jobKey = samples.sampleSigner('job key');
const oracle = samples.sampleOracles[0] as Signer;

/** Every signed statement: its name, a body, who signs, how it is read. */
async function statements(): Promise<
  { name: SignedName; body: { network: 'devnet' }; signer: Signer; schema: z.ZodType; maxBytes: number }[]
> {
  const signedQuote = await signStatement('quote', samples.sampleQuote, agent);
  const signedManifest = await signStatement('manifest', samples.sampleManifest(signedQuote.cid), agent);
  const answers = samples.sampleAnswers(signedManifest.cid);
  const all = [
    { name: 'advert', body: samples.sampleAdvert, signer: agent, schema: advert, maxBytes: MAX_ADVERT_BYTES },
    { name: 'quote', body: samples.sampleQuote, signer: agent, schema: quote, maxBytes: MAX_QUOTE_BYTES },
    { name: 'quote-refusal', body: samples.sampleQuoteRefusal, signer: agent, schema: quoteRefusal, maxBytes: MAX_QUOTE_BYTES },
    {
      name: 'lock-refusal',
      body: samples.sampleLockRefusal(signedQuote.cid),
      signer: agent,
      schema: lockRefusal,
      maxBytes: MAX_QUOTE_BYTES,
    },
    { name: 'manifest', body: signedManifest.body, signer: agent, schema: manifest, maxBytes: MAX_MANIFEST_BYTES },
    { name: 'ack', body: answers.ack, signer: jobKey, schema: ack, maxBytes: MAX_ANSWER_BYTES },
    { name: 'dispute', body: answers.dispute, signer: jobKey, schema: dispute, maxBytes: MAX_ANSWER_BYTES },
    { name: 'cancel', body: answers.cancel, signer: jobKey, schema: cancel, maxBytes: MAX_ANSWER_BYTES },
    { name: 'receipt', body: samples.sampleReceipt(signedManifest.cid), signer: oracle, schema: receipt, maxBytes: MAX_RECEIPT_BYTES },
    {
      name: 'sealed-key',
      body: samples.sampleSealedKey(signedManifest.cid),
      signer: agent,
      schema: sealedKey,
      maxBytes: MAX_SEALED_KEY_BYTES,
    },
  ] as const;
  return all as never;
}

interface StatementVector {
  name: string;
  publicKey: string;
  body: string;
  cid: string;
  signedBytes: string;
  signature: string;
  envelope: string;
}

async function statementVectors(): Promise<StatementVector[]> {
  return Promise.all(
    (await statements()).map(async ({ name, body, signer }) => {
      const signed = await signStatement(name, body, signer);
      const bytes = statementBytes(name, body.network, signed.cid);
      return {
        name,
        publicKey: signer.publicKey,
        body: bytesToHex(encode(body)),
        cid: signed.cid,
        signedBytes: bytesToHex(bytes),
        signature: bytesToHex(await signer.sign(bytes)),
        envelope: bytesToHex(signed.envelope),
      };
    }),
  );
}

/** What is signed for the chain: 58, 58 and 90 bytes. */
async function chainVectors(): Promise<Record<string, unknown>[]> {
  const close = samples.sampleSigner('close key');
  const keyHash = samples.sampleHash('K');
  const cases = [
    { name: 'settle', signer: oracle, paid: 4_000_000n, bytes: settleBytes(samples.sampleLock, 4_000_000n) },
    { name: 'settle at 0', signer: oracle, paid: 0n, bytes: settleBytes(samples.sampleLock, 0n) },
    {
      name: 'settle at the most',
      signer: oracle,
      paid: (1n << 63n) - 1n,
      bytes: settleBytes({ ...samples.sampleLock, index: 65_535 }, (1n << 63n) - 1n),
    },
    { name: 'close', signer: close, paid: 4_000_000n, bytes: closeBytes(samples.sampleLock, 4_000_000n) },
    { name: 'voucher, open delivery', signer: jobKey, paid: 4_000_000n, bytes: voucherBytes(samples.sampleLock, 4_000_000n) },
    {
      name: 'voucher, sealed delivery',
      signer: jobKey,
      paid: 4_000_000n,
      keyHash,
      bytes: voucherBytes(samples.sampleLock, 4_000_000n, keyHash),
    },
  ];
  return Promise.all(
    cases.map(async ({ bytes, signer, paid, ...rest }) => ({
      ...rest,
      lock: samples.sampleLock,
      paid: paid.toString(),
      publicKey: signer.publicKey,
      bytes: bytesToHex(bytes),
      signature: bytesToHex(await signer.sign(bytes)),
    })),
  );
}

async function replayRequestSample(): Promise<ReplayRequest> {
  const signedQuote = await signStatement('quote', samples.sampleQuote, agent);
  const signedManifest = await signStatement('manifest', samples.sampleManifest(signedQuote.cid), agent);
  const signedDispute = await signStatement('dispute', samples.sampleAnswers(signedManifest.cid).dispute, jobKey);
  return {
    v: 1,
    lock: samples.sampleLock,
    quote: signedQuote.envelope,
    manifest: signedManifest.envelope,
    dispute: signedDispute.envelope,
    spec: encode(samples.sampleSpec),
    sources: ['/ip4/127.0.0.1/tcp/4002'],
  };
}

/** A voucher, and an agreement over it, by fixed keys. */
async function agreementSample(): Promise<{ voucher: Voucher; agreement: Agreement; quote: Uint8Array }> {
  const key = samples.sampleHash('K');
  const paid = 4_000_000n;
  const voucherSignature = bytesToHex(await jobKey.sign(voucherBytes(samples.sampleLock, paid, keyHashOf(key))));
  const closeSignature = bytesToHex(await samples.sampleSigner('close key').sign(closeBytes(samples.sampleLock, paid)));
  return {
    voucher: samples.sampleVoucher(paid, keyHashOf(key), voucherSignature),
    agreement: { paid, voucherSignature, closeSignature, secret: key },
    quote: (await signStatement('quote', samples.sampleQuote, agent)).envelope,
  };
}

/** A sealed delivery of one small file, and a proof over it: the block is as committed, so it proves nothing, but it travels. */
async function sealedSample() {
  const key = samples.sampleHash('K');
  const fixture = await sealedFixture(key, { 'y.npy': new TextEncoder().encode('twenty bytes of text') });
  const leaves = await deliveredTree(fixture.manifest, fixture.store);
  const ciphertext = await fixture.store.block(fixture.manifest.outputs[0]?.cid ?? '', 0);
  return { key, manifest: fixture.manifest, ciphertext, leaves, proof: proveWrongPlaintext(fixture.manifest, key, leaves, 0, ciphertext) };
}

const REPLAY_RESPONSES: readonly ReplayResponse[] = replayOutcome.options.map((outcome) => ({
  v: 1,
  outcome,
  detail: `an answer that is ${outcome}`,
  score: outcome === 'upheld' ? { metric: 'accuracy', claimed: 0.25, replayed: 0.5, tolerance: 0.125 } : null,
}));

/** Unsigned records: what hashes to a CID and what travels. */
async function recordVectors(): Promise<Record<string, unknown>[]> {
  const signedQuote = await signStatement('quote', samples.sampleQuote, agent);
  const signedManifest = await signStatement('manifest', samples.sampleManifest(signedQuote.cid), agent);
  const file = cutFile(new Uint8Array(300_000).map((_, i) => i % 251));
  const pins = ['pin a', 'pin b'].map(samples.sampleSigner);
  const bundle = encodeBundle({
    v: 1,
    lock: samples.sampleLock,
    items: [
      { kind: 'quote', envelope: signedQuote.envelope },
      { kind: 'manifest', envelope: signedManifest.envelope },
    ],
    spec: encode(samples.sampleSpec),
    sources: ['/ip4/127.0.0.1/tcp/4002'],
  });
  return [
    { name: 'job spec', cid: jobIdOf(samples.sampleSpec), bytes: bytesToHex(encode(samples.sampleSpec)) },
    { name: 'quote request', cid: cidOf(encode(samples.sampleRequest)), bytes: bytesToHex(encode(samples.sampleRequest)) },
    { name: 'file node of 300,000 bytes', cid: file.cid, blocks: file.node.blocks, bytes: bytesToHex(file.nodeBytes) },
    {
      name: 'signed network record',
      keys: pins.map((pin) => pin.publicKey),
      bytes: bytesToHex(await signNetworkRecord(samples.sampleRecord, pins)),
    },
    { name: 'evidence bundle', cid: cidOf(bundle), bytes: bytesToHex(bundle) },
    { name: 'quote hash in the datum', cid: signedQuote.cid, hash: hashOfCid(signedQuote.cid) },
    { name: 'replay request', bytes: bytesToHex(encodeReplayRequest(await replayRequestSample())) },
    ...REPLAY_RESPONSES.map((response) => ({
      name: `replay response: ${response.outcome}`,
      bytes: bytesToHex(encodeReplayResponse(response)),
    })),
    ...(await sealedVectors()),
    ...containerVectors(),
  ];
}

/** Jobs that run code, in both ways of saying what runs. */
function containerVectors(): Record<string, unknown>[] {
  const { sampleContainerSpec: spec, sampleContainerRequest: request } = samples;
  return [
    { name: 'container job spec', cid: jobIdOf(spec), bytes: bytesToHex(encode(spec)) },
    { name: 'container quote request', cid: cidOf(encode(request)), bytes: bytesToHex(encode(request)) },
    { name: 'quote request over an image', bytes: bytesToHex(encode(imageRequest)) },
  ];
}

const imageRequest: QuoteRequest = {
  ...samples.sampleContainerRequest,
  work: {
    kind: 'container',
    run: { type: 'image', image: `registry.example/train@sha256:${'ab'.repeat(32)}` },
    downloadHosts: [],
    downloadBytes: 0,
  },
};

/** Sealed delivery, and what ends a lock without an oracle. */
async function sealedVectors(): Promise<Record<string, unknown>[]> {
  const { voucher, agreement, quote: signedQuote } = await agreementSample();
  const { key, manifest: sealed, ciphertext, leaves, proof } = await sealedSample();
  return [
    { name: 'voucher', cid: voucherEvidence(voucher).cid, bytes: bytesToHex(voucherEvidence(voucher).envelope) },
    { name: 'agreement', bytes: bytesToHex(encodeAgreement(agreement, signedQuote)) },
    { name: 'sealed manifest', cid: cidOf(encode(sealed)), bytes: bytesToHex(encode(sealed)) },
    { name: 'sealed block', key, jobId: sealed.jobId, file: 'y.npy', plaintext: 'twenty bytes of text', bytes: bytesToHex(ciphertext) },
    { name: 'sealed leaf', commitment: leaves[0]?.commitment, bytes: bytesToHex(leafHash(leaves[0] as Leaf)) },
    { name: 'proof of a wrong plaintext', cid: cidOf(encode(proof)), bytes: bytesToHex(encode(proof)) },
    { name: 'replay request with a key', bytes: bytesToHex(encodeReplayRequest({ ...(await replayRequestSample()), key })) },
  ];
}

/** One request and every kind of answer of each protocol. */
async function wireMessages(): Promise<{ protocol: ProtocolName; side: 'request' | 'response'; message: unknown }[]> {
  const signedQuote = await signStatement('quote', samples.sampleQuote, agent);
  const jobId = samples.sampleRequest.jobId;
  const cid = samples.sampleSpec.inputs[0]?.cid ?? '';
  const envelope = signedQuote.envelope;
  const failure = { type: 'error', code: 'busy', message: 'Cannot answer: busy' };
  return [
    { protocol: 'adverts', side: 'request', message: { network: 'devnet' } },
    { protocol: 'adverts', side: 'response', message: { type: 'adverts', adverts: [envelope] } },
    { protocol: 'quote', side: 'request', message: samples.sampleRequest },
    { protocol: 'quote', side: 'response', message: { type: 'quote', envelope } },
    { protocol: 'quote', side: 'response', message: { type: 'refusal', envelope } },
    { protocol: 'quote', side: 'response', message: failure },
    { protocol: 'run', side: 'request', message: { spec: samples.sampleSpec, quote: envelope, lock: samples.sampleLock } },
    { protocol: 'run', side: 'response', message: { type: 'accepted' } },
    { protocol: 'run', side: 'response', message: { type: 'refusal', envelope } },
    { protocol: 'follow', side: 'request', message: { jobId, fromEvent: 2, fromLog: 7 } },
    {
      protocol: 'follow',
      side: 'response',
      message: { type: 'state', event: 0, state: 'running', atMs: samples.SAMPLE_TIME_MS, detail: null },
    },
    {
      protocol: 'follow',
      side: 'response',
      message: { type: 'progress', phase: 'steps', done: 12, total: 3140, epoch: 1, metrics: [{ name: 'loss', value: 0.5 }] },
    },
    { protocol: 'follow', side: 'response', message: { type: 'log', offset: 7, line: 'epoch 1' } },
    { protocol: 'follow', side: 'response', message: { type: 'manifest', envelope } },
    { protocol: 'follow', side: 'response', message: { type: 'refusal', envelope } },
    { protocol: 'follow', side: 'response', message: { type: 'end' } },
    { protocol: 'answer', side: 'request', message: { jobId, kind: 'ack', envelope } },
    { protocol: 'answer', side: 'response', message: { type: 'noted' } },
    { protocol: 'blocks', side: 'request', message: { jobId, cids: [cid] } },
    { protocol: 'blocks', side: 'response', message: { type: 'block', cid, bytes: Uint8Array.of(1, 2, 3) } },
    { protocol: 'blocks', side: 'response', message: { type: 'block', cid, bytes: null } },
    { protocol: 'release', side: 'request', message: { jobId } },
    { protocol: 'release', side: 'response', message: { type: 'noted' } },
    { protocol: 'quote', side: 'request', message: samples.sampleContainerRequest },
    {
      protocol: 'run',
      side: 'request',
      message: {
        spec: samples.sampleContainerSpec,
        quote: envelope,
        lock: samples.sampleLock,
        trace: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      },
    },
    {
      protocol: 'follow',
      side: 'response',
      message: { type: 'progress', phase: 'dependencies', done: 1, total: 3, epoch: 0, metrics: [] },
    },
    {
      protocol: 'follow',
      side: 'response',
      message: { type: 'checkpoint', number: 2, atMs: samples.SAMPLE_TIME_MS, file: { name: 'checkpoint-2.tar', cid, bytes: 1024 } },
    },
  ];
}

async function wireVectors(): Promise<Record<string, unknown>[]> {
  return (await wireMessages()).map(({ protocol, side, message }) => ({
    protocol: PROTOCOLS[protocol].id,
    side,
    type: (message as { type?: string }).type ?? null,
    bytes: bytesToHex(encode(message)),
  }));
}

async function frozen(name: string, made: unknown): Promise<unknown> {
  const path = join(import.meta.dirname, `${name}.json`);
  // Only to add vectors: existing lines must come out as they were, which git shows.
  if (made !== undefined && process.env['NUNET_WRITE_VECTORS'] === '1') await writeFile(path, `${JSON.stringify(made, null, 2)}\n`);
  return JSON.parse(await readFile(path, 'utf8'));
}

describe('the frozen wire', () => {
  test('signed statements have the bytes, CIDs and signatures that they always had', async () => {
    const made = await statementVectors();
    expect(made).toEqual(await frozen('statements', made));
  });

  test('what is signed for the chain has the bytes that the validator builds', async () => {
    const made = await chainVectors();
    expect(made).toEqual(await frozen('chain-signatures', made));
    expect(made.map(({ bytes }) => (bytes as string).length / 2)).toEqual([58, 58, 58, 58, 90, 90]);
  });

  test('unsigned records have the bytes and CIDs that they always had', async () => {
    const made = await recordVectors();
    expect(made).toEqual(await frozen('records', made));
  });

  test('messages have the bytes and protocol ids that they always had', async () => {
    const made = await wireVectors();
    expect(made).toEqual(await frozen('messages', made));
  });
});

describe('the frozen bytes are read as what they are', () => {
  test('statements, each under the key that must sign it', async () => {
    const vectors = (await frozen('statements', undefined)) as StatementVector[];
    for (const { name, body, signer, schema, maxBytes } of await statements()) {
      const vector = vectors.find((entry) => entry.name === name);
      if (vector === undefined) throw new Error(`no vector of ${name}`);
      const opened = openStatement(name, schema as z.ZodType<{ network: 'devnet' }>, hexToBytes(vector.envelope), {
        network: 'devnet',
        maxBytes,
        keyOf: () => signer.publicKey,
      });
      expect(opened.body).toEqual(body);
      expect(opened.cid).toBe(vector.cid);
      expect(verifySignature(hexToBytes(vector.signature), hexToBytes(vector.signedBytes), vector.publicKey)).toBe(true);
    }
  });

  test('records, by the parsers that strangers’ bytes go through', async () => {
    const vectors = (await frozen('records', undefined)) as { name: string; bytes: string; keys?: string[]; blocks?: string[] }[];
    const bytesOf = (name: string): Uint8Array => hexToBytes(vectors.find((entry) => entry.name === name)?.bytes ?? '');
    expect(openSpec(bytesOf('job spec'), samples.sampleRequest.jobId)).toEqual(samples.sampleSpec);
    expect(openSpec(bytesOf('container job spec'), samples.sampleContainerRequest.jobId)).toEqual(samples.sampleContainerSpec);
    const requestLimit = { name: 'quote request', maxBytes: MAX_QUOTE_REQUEST_BYTES };
    expect(decode(quoteRequest, bytesOf('container quote request'), requestLimit)).toEqual(samples.sampleContainerRequest);
    expect(decode(quoteRequest, bytesOf('quote request over an image'), requestLimit)).toEqual(imageRequest);
    expect(decodeFileNode(bytesOf('file node of 300,000 bytes')).bytes).toBe(300_000);
    const pinned = { keys: vectors.find((entry) => entry.keys !== undefined)?.keys ?? [], threshold: 2 };
    const opening = { network: 'devnet' as const, pinned, now: samples.SAMPLE_TIME_MS, lastSequence: 0 };
    expect(openNetworkRecord(bytesOf('signed network record'), opening)).toEqual(samples.sampleRecord);
    expect(openReplayRequest(bytesOf('replay request'))).toEqual(await replayRequestSample());
    for (const response of REPLAY_RESPONSES) expect(openReplayResponse(bytesOf(`replay response: ${response.outcome}`))).toEqual(response);
    const { voucher, agreement, quote: envelope } = await agreementSample();
    expect(openVoucher(bytesOf('voucher'), { network: 'devnet', voucherKey: jobKey.publicKey }).body).toEqual(voucher);
    expect(openAgreement(bytesOf('agreement'))).toEqual({ agreement, quote: envelope });
    const sealed = await sealedSample();
    expect(decode(manifest, bytesOf('sealed manifest'), { name: 'manifest', maxBytes: MAX_MANIFEST_BYTES })).toEqual(sealed.manifest);
    const proofLimit = { name: 'proof', maxBytes: MAX_WRONG_PLAINTEXT_BYTES };
    expect(decode(wrongPlaintext, bytesOf('proof of a wrong plaintext'), proofLimit)).toEqual(sealed.proof);
    expect(openReplayRequest(bytesOf('replay request with a key')).key).toBe(sealed.key);
    const bundle = openBundle(bytesOf('evidence bundle'));
    const signedQuote = openQuote(bundle.items[0]?.envelope ?? new Uint8Array(), 'devnet');
    expect(keyOfPeerId(signedQuote.body.computeProvider.peerId)).toBe(agent.publicKey);
    expect(
      openEvidence('manifest', bundle.items[1]?.envelope ?? new Uint8Array(), { quote: signedQuote, lock: samples.sampleLock }).body,
    ).toEqual(samples.sampleManifest(signedQuote.cid));
  });

  test('messages, by the schema of their protocol', async () => {
    const vectors = (await frozen('messages', undefined)) as { bytes: string }[];
    for (const [index, { protocol, side, message }] of (await wireMessages()).entries()) {
      const { request, response, maxRequestBytes, maxResponseBytes } = PROTOCOLS[protocol];
      const limit = { name: protocol, maxBytes: side === 'request' ? maxRequestBytes : maxResponseBytes };
      expect(decode<unknown>(side === 'request' ? request : response, hexToBytes(vectors[index]?.bytes ?? ''), limit)).toEqual(message);
    }
  });
});
