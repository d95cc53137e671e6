// A signed request from a stranger: bounded body, RFC 9421 signature by a peer id, a nonce that works once, a limit for each peer.
import { NunetError } from '@nunet/shared/errors.ts';
import { SIGNATURE_WINDOW_S, verifyRequest } from '@nunet/shared/http-signature.ts';
import type { RateLimit } from './rate-limit.ts';

export interface SignedRequestDeps {
  now: () => number;
  /** What this edge is called: `host` or `host:port`. */
  authorities: () => readonly string[];
  useNonce: (peer: string, nonce: string, expiresAt: number) => Promise<boolean>;
  perPeer: RateLimit;
}

export interface SignedRequest {
  peerId: string;
  publicKey: string;
  body: Uint8Array;
}

/** A slow body holds a connection; 10 s are enough for 400 kB over a bad line. */
const BODY_TIMEOUT_MS = 10_000;
const CONTENT_TYPE = 'application/cbor';

/** Throws `content-type`, `bytes-too-large`, `request-slow`, what `verifyRequest` throws, `request-replayed`, `rate-limited`. */
export async function readSignedRequest(request: Request, maxBytes: number, deps: SignedRequestDeps): Promise<SignedRequest> {
  if (request.method !== 'GET' && request.headers.get('content-type') !== CONTENT_TYPE) {
    throw new NunetError('content-type', `Cannot read the request: want content-type ${CONTENT_TYPE}`);
  }
  const body = await readBody(request, maxBytes);
  const { peerId, publicKey, nonce } = verifyRequest(
    { method: request.method, url: request.url, headers: Object.fromEntries(request.headers), body },
    { nowMs: deps.now(), authorities: deps.authorities() },
  );
  if (!deps.perPeer.take(peerId)) throw new NunetError('rate-limited', `Cannot serve ${peerId}: too many requests; slow down`);
  // A nonce is forgotten only once no clock within the window would accept its signature.
  if (!(await deps.useNonce(peerId, nonce, deps.now() + 2 * SIGNATURE_WINDOW_S * 1000 + 1000))) {
    throw new NunetError('request-replayed', 'Cannot accept the request: its nonce was used before');
  }
  return { peerId, publicKey, body };
}

async function readBody(request: Request, maxBytes: number): Promise<Uint8Array> {
  const tooLarge = (): NunetError => new NunetError('bytes-too-large', `Cannot read the request: over ${maxBytes} bytes`);
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge();
  const reader = request.body?.getReader();
  if (reader === undefined) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let total = 0;
  const expired = AbortSignal.timeout(BODY_TIMEOUT_MS);
  const slow = new Promise<never>((_, reject) =>
    expired.addEventListener(
      'abort',
      () => reject(new NunetError('request-slow', `Cannot read the request: its body took over ${BODY_TIMEOUT_MS} ms`)),
      {
        once: true,
      },
    ),
  );
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), slow]);
      if (done) break;
      total += value.length;
      if (total > maxBytes) throw tooLarge();
      chunks.push(value);
    }
  } catch (error) {
    // The rest is not wanted; a broken connection may make this fail too, and then there is nothing left to cancel.
    reader.cancel().catch(() => undefined);
    throw error;
  }
  const bytes = new Uint8Array(total);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}
