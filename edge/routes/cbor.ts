// How binary records travel in answers, and how the API's description names that.
export const CBOR_CONTENT = { 'application/cbor': { schema: { type: 'string' as const, format: 'binary' } } };

export const SIGNED_REQUEST = 'Signed as RFC 9421 with the peer id as key id; see shared/http-signature.ts.';

/** Each answer is for whoever signed the request: no cache may give it to the next one. */
export const cborResponse = (bytes: Uint8Array): Response =>
  new Response(bytes.slice(), { headers: { 'content-type': 'application/cbor', 'cache-control': 'no-store' } });
