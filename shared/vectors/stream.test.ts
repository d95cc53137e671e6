// The frozen wire of pay by voucher: what was added beside the first records, from the same fixed keys. Add a new version instead of changing it.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { expect, test } from 'vitest';
import { decode, encode } from '../encoding.ts';
import { openEvidence, openQuote } from '../evidence.ts';
import { closeBytes, NO_KEY_HASH, voucherBytes } from '../lock.ts';
import { MAX_QUOTE_REQUEST_BYTES, quoteRequest } from '../quote.ts';
import * as samples from '../samples.ts';
import { signStatement } from '../signature.ts';
import { PROTOCOLS } from '../wire.ts';

const agent = samples.sampleSigner('agent');
const STREAM = { maxUnpaidBaseUnits: 12_000n, holdBackBaseUnits: 6_000n };
const request = { ...samples.sampleRequest, stream: true as const };

const signedQuote = signStatement('quote', { ...samples.sampleQuote, stream: STREAM }, agent);

async function signedRefusal() {
  const quote = await signedQuote;
  const close = await samples.sampleSigner('close key').sign(closeBytes(samples.sampleLock, 0n));
  return signStatement('lock-refusal', { ...samples.sampleLockRefusal(quote.cid), closeSignature: bytesToHex(close) }, agent);
}

async function messages() {
  const { jobId } = samples.sampleRequest;
  const paid = 30_000n;
  const signature = async (name: string, bytes: Uint8Array): Promise<string> => bytesToHex(await samples.sampleSigner(name).sign(bytes));
  const open = await signature('job key', voucherBytes(samples.sampleLock, paid));
  const keyHash = samples.sampleHash('K');
  const sealed = await signature('job key', voucherBytes(samples.sampleLock, paid, keyHash));
  const closeSignature = await signature('close key', closeBytes(samples.sampleLock, paid));
  const voucher = (message: unknown, side: 'request' | 'response') => ({ protocol: 'voucher' as const, side, message });
  return [
    voucher({ jobId, paidBaseUnits: paid, keyHash: NO_KEY_HASH, signature: open, final: false }, 'request'),
    voucher({ jobId, paidBaseUnits: paid, keyHash, signature: sealed, final: true }, 'request'),
    voucher({ type: 'noted', paidBaseUnits: paid }, 'response'),
    voucher({ type: 'closed', paidBaseUnits: paid, closeSignature, secret: null }, 'response'),
    voucher({ type: 'closed', paidBaseUnits: paid, closeSignature, secret: samples.sampleHash('a secret') }, 'response'),
    {
      protocol: 'follow' as const,
      side: 'response' as const,
      message: { type: 'due', billedMs: 36_000, payBaseUnits: 36_000n, paused: true },
    },
  ];
}

interface Vectors {
  request: string;
  quote: string;
  refusal: string;
  messages: { protocol: string; side: string; bytes: string }[];
}

async function made(): Promise<Vectors> {
  return {
    request: bytesToHex(encode(request)),
    quote: bytesToHex((await signedQuote).envelope),
    refusal: bytesToHex((await signedRefusal()).envelope),
    messages: (await messages()).map(({ protocol, side, message }) => ({
      protocol: PROTOCOLS[protocol].id,
      side,
      bytes: bytesToHex(encode(message)),
    })),
  };
}

const path = join(import.meta.dirname, 'stream.json');
const frozen = async (): Promise<Vectors> => JSON.parse(await readFile(path, 'utf8')) as Vectors;

test('pay by voucher has the bytes that it always had', async () => {
  const now = await made();
  if (process.env['NUNET_WRITE_VECTORS'] === '1') await writeFile(path, `${JSON.stringify(now, null, 2)}\n`);
  expect(now).toEqual(await frozen());
});

test('the frozen bytes are read as what they are, by the parsers that strangers’ bytes go through', async () => {
  const vectors = await frozen();
  expect(decode(quoteRequest, hexToBytes(vectors.request), { name: 'quote request', maxBytes: MAX_QUOTE_REQUEST_BYTES })).toEqual(request);
  const quote = openQuote(hexToBytes(vectors.quote), 'devnet');
  expect(quote.body.stream).toEqual(STREAM);
  const refusal = openEvidence('lock-refusal', hexToBytes(vectors.refusal), { quote, lock: samples.sampleLock });
  expect(refusal.body).toEqual((await signedRefusal()).body);
  for (const [index, { protocol, side, message }] of (await messages()).entries()) {
    const { request: asked, response, maxRequestBytes, maxResponseBytes } = PROTOCOLS[protocol];
    const limit = { name: protocol, maxBytes: side === 'request' ? maxRequestBytes : maxResponseBytes };
    expect(decode<unknown>(side === 'request' ? asked : response, hexToBytes(vectors.messages[index]?.bytes ?? ''), limit)).toEqual(
      message,
    );
  }
});

test('a quote and a refusal that do not stream have the bytes of before: the new fields are left out', () => {
  expect(Object.keys(samples.sampleQuote)).not.toContain('stream');
  expect(bytesToHex(encode(samples.sampleRequest))).not.toContain(bytesToHex(new TextEncoder().encode('stream')));
});
