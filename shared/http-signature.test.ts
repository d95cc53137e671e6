import { base64 } from '@scure/base';
import { bytesToHex } from '@noble/hashes/utils.js';
import { describe, expect, test } from 'vitest';
import { signatureBase, signRequest, verifyRequest, type SignableRequest } from './http-signature.ts';
import { peerIdOfKey } from './peer-id.ts';
import { signerOf, verifySignature } from './signature.ts';

const now = 1_800_000_000_000;
const signer = signerOf(new Uint8Array(32).fill(7));
const request: SignableRequest = {
  method: 'POST',
  url: 'http://127.0.0.1:4000/v1/evidence?x=1',
  headers: { 'content-type': 'application/cbor' },
  body: Uint8Array.of(1, 2, 3),
};
const authorities = ['127.0.0.1:4000'];
const signed = async (over: Partial<SignableRequest> = {}): Promise<SignableRequest> => {
  const headers = await signRequest(request, signer, { createdMs: now, nonce: new Uint8Array(16).fill(9) });
  return { ...request, headers: { ...request.headers, ...headers }, ...over };
};
const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'accepted';
};

describe('RFC 9421', () => {
  test('the vector of section B.2.6 verifies over our signature base', () => {
    const components = ['date', '@method', '@path', '@authority', 'content-type', 'content-length'];
    const params = `(${components.map((name) => `"${name}"`).join(' ')});created=1618884473;keyid="test-key-ed25519"`;
    const base = signatureBase(components, params, {
      method: 'POST',
      url: 'https://example.com/foo?param=Value&Pet=dog',
      headers: { date: 'Tue, 20 Apr 2021 02:07:55 GMT', 'content-type': 'application/json', 'content-length': '18' },
      body: new Uint8Array(),
    });
    const publicKey = bytesToHex(base64.decode('JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs='));
    const signature = base64.decode('wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==');
    expect(verifySignature(signature, base, publicKey)).toBe(true);
  });

  test('a signed request names its signer', async () => {
    const who = verifyRequest(await signed(), { nowMs: now + 59_000, authorities });
    expect(who).toEqual({ peerId: peerIdOfKey(signer.publicKey), publicKey: signer.publicKey, nonce: '09'.repeat(16) });
  });

  const verify = (r: SignableRequest, nowMs = now): string => codeOf(() => verifyRequest(r, { nowMs, authorities }));

  test('cannot change body, path, query or method of a signed request', async () => {
    expect(verify(await signed())).toBe('accepted');
    expect(verify(await signed({ body: Uint8Array.of(1, 2, 4) }))).toBe('request-forged');
    expect(verify(await signed({ url: 'http://127.0.0.1:4000/v1/other?x=1' }))).toBe('request-forged');
    expect(verify(await signed({ url: 'http://127.0.0.1:4000/v1/evidence?x=2' }))).toBe('request-forged');
    expect(verify(await signed({ method: 'GET' }))).toBe('request-forged');
  });

  test('cannot send a request for one oracle to another', async () => {
    const r = await signed();
    expect(codeOf(() => verifyRequest(r, { nowMs: now, authorities: ['127.0.0.1:4001'] }))).toBe('request-misdirected');
    expect(verify({ ...r, url: 'http://127.0.0.1:4001/v1/evidence?x=1' })).toBe('request-misdirected');
  });

  test('cannot use an old or a future signature', async () => {
    expect(verify(await signed(), now + 61_000)).toBe('request-expired');
    expect(verify(await signed(), now - 62_000)).toBe('request-expired');
  });

  test('cannot claim another key, cover less, or leave the signature out', async () => {
    const r = await signed();
    const input = r.headers['signature-input'] ?? '';
    const other = peerIdOfKey(signerOf(new Uint8Array(32).fill(8)).publicKey);
    const withInput = (text: string): SignableRequest => ({ ...r, headers: { ...r.headers, 'signature-input': text } });
    expect(verify(withInput(input.replace(/keyid="[^"]+"/, `keyid="${other}"`)))).toBe('request-forged');
    expect(verify(withInput(input.replace(' "content-digest"', '')))).toBe('request-unsigned');
    expect(verify(withInput(input + ' '.repeat(2000)))).toBe('request-unsigned');
    expect(verify({ ...r, headers: {} })).toBe('request-unsigned');
    expect(verify({ ...r, headers: { ...r.headers, signature: 'sig=:AAAA:' } })).toBe('request-unsigned');
  });
});
