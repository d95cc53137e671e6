// OracleClient: how agents and service providers hand evidence to an oracle and ask about a lock. Web APIs only.
import { bytesToHex } from '@noble/hashes/utils.js';
import { z } from 'zod';
import type { Agreement } from './agreement.ts';
import { encodeAgreement } from './agreement-post.ts';
import { MAX_RECEIPT_BYTES, receipt, type Receipt } from './attestation.ts';
import { decode, encode } from './encoding.ts';
import { NunetError } from './errors.ts';
import { encodeBundle, EVIDENCE_KINDS, parseLockReport, type EvidenceBundle, type LockReport } from './evidence.ts';
import type { Network, OutputReference } from './fields.ts';
import { signRequest } from './http-signature.ts';
import { MAX_MANIFEST_BYTES } from './manifest.ts';
import { openStatement, type Signed, type Signer } from './signature.ts';

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'must be bytes');

/** What an oracle answers to a bundle: a receipt for each piece it now holds, a reason for each that it refused. */
export const evidenceAnswer = z.strictObject({
  v: z.literal(1),
  /** Signed `receipt` envelopes. */
  receipts: z.array(bytes).max(2 * EVIDENCE_KINDS.length),
  refused: z
    .array(z.strictObject({ kind: z.enum([...EVIDENCE_KINDS, 'spec']), code: z.string().max(60), message: z.string().max(500) }))
    .max(2 * EVIDENCE_KINDS.length),
});
export type EvidenceAnswer = z.infer<typeof evidenceAnswer>;
export const MAX_EVIDENCE_ANSWER_BYTES = 2 * EVIDENCE_KINDS.length * (MAX_RECEIPT_BYTES + 700);
const MAX_REPORT_BYTES = 64 * 1024;
/** K. */
const KEY_BYTES = 32;
/** A short answer, or the problem that comes in its place. */
const MAX_ANSWER_BYTES = 4 * 1024;

export const encodeEvidenceAnswer = (answer: EvidenceAnswer): Uint8Array => encode(answer);

export interface OracleClient {
  readonly url: string;
  /** Receipts, checked against the oracle's key. Throws `oracle-unavailable`, or `oracle-refused` when it kept nothing. */
  submitEvidence(bundle: EvidenceBundle, signal: AbortSignal): Promise<{ receipts: Signed<Receipt>[]; refused: EvidenceAnswer['refused'] }>;
  lock(reference: OutputReference, signal: AbortSignal): Promise<LockReport>;
  /** The signed manifest that this oracle holds, for a party of the lock's quote; not opened. Null: it holds none. */
  manifest(reference: OutputReference, signal: AbortSignal): Promise<Uint8Array | null>;
  /** K of a sealed delivery, hex, for a party of the lock's quote; it is right when it hashes to what the manifest names. Null: this oracle holds none. */
  sealedKey(reference: OutputReference, signal: AbortSignal): Promise<string | null>;
  /** Hands over what both parties signed; resolves once the oracle has it on disk and will submit it. Throws as `submitEvidence`. */
  agree(reference: OutputReference, agreement: Agreement, quote: Uint8Array, signal: AbortSignal): Promise<void>;
}

/** The body of an answer, at most `maxBytes`. Throws `bytes-too-large`. */
export async function readBounded(response: Response, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  const reader = response.body?.getReader();
  while (reader !== undefined) {
    const { done, value } = await reader.read();
    if (done) break;
    total += value.length;
    if (total > maxBytes) {
      await reader.cancel();
      throw new NunetError('bytes-too-large', `Cannot read the answer of ${response.url}: over ${maxBytes} bytes`);
    }
    chunks.push(value);
  }
  const bytes = new Uint8Array(total);
  chunks.reduce((offset, chunk) => (bytes.set(chunk, offset), offset + chunk.length), 0);
  return bytes;
}

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface SignedFetch {
  fetch: Fetch;
  signer: Signer;
  /** Wall clock, POSIX ms. */
  now: () => number;
  /** That many random bytes. */
  random: (bytes: number) => Uint8Array;
}

/** "I have none", which is no failure. */
const UNKNOWN = ['manifest-unknown', 'sealed-key-unknown'];

/** One RFC 9421 signed request; the bounded body of a 2xx answer. Throws `oracle-unavailable`, `oracle-refused` or one of `UNKNOWN`. */
export async function signedRequest(
  io: SignedFetch,
  request: { method: 'GET' | 'POST'; url: string; body?: Uint8Array; maxResponseBytes: number },
  signal: AbortSignal,
): Promise<Uint8Array> {
  const body = request.body ?? new Uint8Array();
  const headers: Record<string, string> = request.body === undefined ? {} : { 'content-type': 'application/cbor' };
  const signature = await signRequest({ method: request.method, url: request.url, headers, body }, io.signer, {
    createdMs: io.now(),
    nonce: io.random(16),
  });
  return bounded(
    () =>
      io.fetch(request.url, {
        method: request.method,
        headers: { ...headers, ...signature },
        ...(request.body === undefined ? {} : { body: body.slice() }),
        redirect: 'error',
        signal,
      }),
    request.url,
    request.maxResponseBytes,
    signal,
  );
}

const problem = z.object({ code: z.string().max(60), detail: z.string().max(600) });

async function bounded(send: () => Promise<Response>, url: string, maxBytes: number, signal: AbortSignal): Promise<Uint8Array> {
  let response: Response;
  let bytes: Uint8Array;
  try {
    response = await send();
    bytes = await readBounded(response, maxBytes);
  } catch (cause) {
    signal.throwIfAborted();
    throw new NunetError('oracle-unavailable', `Cannot reach oracle ${url}: no answer; try again or another oracle`, { cause });
  }
  if (response.ok) return bytes;
  const told = problem.safeParse(readJson(bytes));
  const why = told.success ? `${told.data.code}: ${told.data.detail}` : `status ${response.status}`;
  if (told.success && UNKNOWN.includes(told.data.code)) throw new NunetError(told.data.code, told.data.detail);
  const code = response.status >= 500 || response.status === 429 ? 'oracle-unavailable' : 'oracle-refused';
  throw new NunetError(code, `Cannot use oracle ${url}: ${why}`);
}

function readJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}

/** `key` is the oracle's own key from the network record: receipts count only under it. */
export function createOracleClient(options: SignedFetch & { url: string; key: string; network: Network }): OracleClient {
  const base = options.url.replace(/\/+$/, '');
  const lockUrl = ({ txId, index }: OutputReference): string => `${base}/v1/locks/${txId}/${index}`;
  const orNull = async <T>(asked: Promise<T>): Promise<T | null> => {
    try {
      return await asked;
    } catch (error) {
      if (error instanceof NunetError && UNKNOWN.includes(error.code)) return null;
      throw error;
    }
  };
  return {
    url: base,
    async submitEvidence(bundle, signal) {
      const bytes = await signedRequest(
        options,
        { method: 'POST', url: `${base}/v1/evidence`, body: encodeBundle(bundle), maxResponseBytes: MAX_EVIDENCE_ANSWER_BYTES },
        signal,
      );
      const answer = decode(evidenceAnswer, bytes, { name: 'evidence answer', maxBytes: MAX_EVIDENCE_ANSWER_BYTES });
      const receipts = answer.receipts.map((envelope) =>
        openStatement('receipt', receipt, envelope, {
          network: options.network,
          maxBytes: MAX_RECEIPT_BYTES,
          keyOf: () => options.key,
        }),
      );
      if (receipts.length === 0) {
        const first = answer.refused[0];
        throw new NunetError('oracle-refused', `Cannot hand evidence to oracle ${base}: ${first?.message ?? 'it kept nothing'}`);
      }
      return { receipts, refused: answer.refused };
    },
    async lock(reference, signal) {
      const url = lockUrl(reference);
      const bytes = await bounded(() => options.fetch(url, { redirect: 'error', signal }), url, MAX_REPORT_BYTES, signal);
      return parseLockReport(readJson(bytes));
    },
    manifest: (reference, signal) =>
      orNull(
        signedRequest(
          options,
          { method: 'GET', url: `${lockUrl(reference)}/manifest`, maxResponseBytes: MAX_MANIFEST_BYTES + 1024 },
          signal,
        ),
      ),
    async sealedKey(reference, signal) {
      const url = `${lockUrl(reference)}/sealed-key`;
      const bytes = await orNull(signedRequest(options, { method: 'GET', url, maxResponseBytes: MAX_ANSWER_BYTES }, signal));
      if (bytes === null) return null;
      if (bytes.length !== KEY_BYTES)
        throw new NunetError('oracle-unavailable', `Cannot read the answer of ${url}: ${bytes.length} bytes, want ${KEY_BYTES}`);
      return bytesToHex(bytes);
    },
    async agree(reference, agreement, quote, signal) {
      const body = encodeAgreement(agreement, quote);
      await signedRequest(
        options,
        { method: 'POST', url: `${lockUrl(reference)}/agreement`, body, maxResponseBytes: MAX_ANSWER_BYTES },
        signal,
      );
    },
  };
}
