// HTTP message signatures (RFC 9421) with Ed25519; the key id is the signer's peer id, so no key has to be looked up.
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { base64 } from '@scure/base';
import { NunetError } from './errors.ts';
import { keyOfPeerId, peerIdOfKey } from './peer-id.ts';
import { verifySignature, type Signer } from './signature.ts';

/** A request as both sides see it. `url` is absolute; header names are lower-case. */
export interface SignableRequest {
  method: string;
  url: string;
  headers: Readonly<Record<string, string>>;
  body: Uint8Array;
}

/** A signature older or newer than this is refused, seconds. */
export const SIGNATURE_WINDOW_S = 60;
const MAX_HEADER = 1024;
/** Covered in this order; `@query` is empty ("?") where a request has none. */
const COMPONENTS = ['@method', '@authority', '@path', '@query', 'content-digest'] as const;

/** RFC 9530. */
const contentDigest = (body: Uint8Array): string => `sha-256=:${base64.encode(sha256(body))}:`;

/** RFC 9421 section 2.2: derived components; everything else is a header field. */
function componentValue(name: string, request: SignableRequest): string {
  const url = new URL(request.url);
  const derived: Record<string, string> = {
    '@method': request.method.toUpperCase(),
    '@authority': url.host.toLowerCase(),
    '@path': url.pathname,
    '@query': url.search === '' ? '?' : url.search,
  };
  const value = derived[name] ?? request.headers[name];
  if (value === undefined) throw new NunetError('request-unsigned', `Cannot verify the request: it has no ${name}`);
  return value.trim();
}

/** RFC 9421 section 2.5: the signature base. `params` is the text after `sig=`. */
export const signatureBase = (components: readonly string[], params: string, request: SignableRequest): Uint8Array =>
  utf8ToBytes([...components.map((name) => `"${name}": ${componentValue(name, request)}`), `"@signature-params": ${params}`].join('\n'));

/** The three headers to add. `nonce` must be new each time: 16 random bytes are enough. `createdMs` is the caller's clock. */
export async function signRequest(
  request: SignableRequest,
  signer: Signer,
  options: { createdMs: number; nonce: Uint8Array },
): Promise<Record<'content-digest' | 'signature-input' | 'signature', string>> {
  const digest = contentDigest(request.body);
  const list = COMPONENTS.map((name) => `"${name}"`).join(' ');
  const created = Math.floor(options.createdMs / 1000);
  const params = `(${list});created=${created};nonce="${bytesToHex(options.nonce)}";keyid="${peerIdOfKey(signer.publicKey)}";alg="ed25519"`;
  const base = signatureBase(COMPONENTS, params, { ...request, headers: { ...request.headers, 'content-digest': digest } });
  return {
    'content-digest': digest,
    'signature-input': `sig=${params}`,
    signature: `sig=:${base64.encode(await signer.sign(base))}:`,
  };
}

const INPUT =
  /^sig=(\(((?:"[@a-z-]+" ?)+)\);created=(\d{1,11});nonce="([0-9a-f]{16,64})";keyid="([1-9A-HJ-NP-Za-km-z]{40,60})";alg="ed25519")$/;
const SIGNATURE = /^sig=:([A-Za-z0-9+/]{86}==):$/;

/**
 * Who signed this request. Throws `request-unsigned` (missing, malformed, covers too little), `request-expired` (created
 * outside the window), `request-misdirected` (signed for another authority), `request-forged` (digest or signature).
 * That a nonce is used only once is the caller's to enforce, for `2 * SIGNATURE_WINDOW_S`.
 */
export function verifyRequest(
  request: SignableRequest,
  options: { nowMs: number; authorities: readonly string[] },
): { peerId: string; publicKey: string; nonce: string } {
  const input = request.headers['signature-input'] ?? '';
  const match = input.length <= MAX_HEADER ? INPUT.exec(input) : null;
  const signature = SIGNATURE.exec(request.headers['signature'] ?? '');
  const [, params = '', list = '', created = '', nonce = '', peerId = ''] = match ?? [];
  if (match === null || signature?.[1] === undefined) {
    throw new NunetError('request-unsigned', 'Cannot accept the request: want an RFC 9421 signature "sig" with created, nonce, keyid, alg');
  }
  const components = list.split(' ').map((name) => name.slice(1, -1));
  if (components.join() !== COMPONENTS.join()) {
    throw new NunetError('request-unsigned', `Cannot accept the request: its signature must cover ${COMPONENTS.join(', ')}`);
  }
  if (Math.abs(options.nowMs / 1000 - Number(created)) > SIGNATURE_WINDOW_S) {
    throw new NunetError('request-expired', `Cannot accept the request: signed at ${created}, want within ${SIGNATURE_WINDOW_S} s of now`);
  }
  const authority = componentValue('@authority', request);
  if (!options.authorities.includes(authority)) {
    throw new NunetError(
      'request-misdirected',
      `Cannot accept the request: it is for ${authority}, this is ${options.authorities.join(' or ')}`,
    );
  }
  if (request.headers['content-digest'] !== contentDigest(request.body)) {
    throw new NunetError('request-forged', 'Cannot accept the request: its body does not match its digest');
  }
  const publicKey = keyOfPeerId(peerId);
  if (!verifySignature(base64.decode(signature[1]), signatureBase(components, params, request), publicKey)) {
    throw new NunetError('request-forged', `Cannot accept the request: its signature is not of ${peerId}`);
  }
  return { peerId, publicKey, nonce };
}
