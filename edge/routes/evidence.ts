// POST /v1/evidence: a party of a quote hands in signed pieces. POST /v1/exchange: another oracle tells what it holds and hears the same.
import type { OpenAPIHono } from '@hono/zod-openapi';
import { encodeEvidenceAnswer } from '@nunet/shared/oracle-client.ts';
import { MAX_EVIDENCE_BYTES, openBundle } from '@nunet/shared/evidence.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { encodeExchange, MAX_EXCHANGE_BYTES, openExchange } from '../exchange.ts';
import type { AppDeps } from '../app.ts';
import { readSignedRequest, type SignedRequestDeps } from '../signed-request.ts';

const cbor = (bytes: Uint8Array): Response => new Response(bytes.slice(), { headers: { 'content-type': 'application/cbor' } });

export function evidenceRoutes(app: OpenAPIHono, deps: AppDeps, signed: SignedRequestDeps, byOracles: SignedRequestDeps): void {
  const content = { 'application/cbor': { schema: { type: 'string' as const, format: 'binary' } } };
  const signature = 'Signed as RFC 9421 with the peer id as key id; see shared/http-signature.ts.';
  app.openAPIRegistry.registerPath({
    method: 'post',
    path: '/v1/evidence',
    summary: 'Hand in evidence over a lock',
    description: `dag-cbor of an EvidenceBundle (shared/evidence.ts). ${signature}`,
    request: { body: { content, required: true } },
    responses: { 200: { description: 'dag-cbor of an EvidenceAnswer: signed receipts, and reasons for what was refused', content } },
  });
  app.post('/v1/evidence', async (c) => {
    const { peerId, body } = await readSignedRequest(c.req.raw, MAX_EVIDENCE_BYTES, signed);
    return cbor(encodeEvidenceAnswer(await deps.oracle.submit(openBundle(body), peerId, deps.requestSignal())));
  });

  app.openAPIRegistry.registerPath({
    method: 'post',
    path: '/v1/exchange',
    summary: 'Exchange all that is known over a lock',
    description: `For the oracles that a quote names. dag-cbor of an Exchange (edge/exchange.ts), both ways. ${signature}`,
    request: { body: { content, required: true } },
    responses: { 200: { description: 'dag-cbor of an Exchange', content } },
  });
  app.post('/v1/exchange', async (c) => {
    const { publicKey, body } = await readSignedRequest(c.req.raw, MAX_EXCHANGE_BYTES, byOracles);
    if (!deps.oracleKeys().includes(publicKey)) {
      throw new NunetError('oracle-foreign', `Cannot exchange: ${publicKey} is not an oracle of the network record`);
    }
    return cbor(encodeExchange(await deps.oracle.exchange(openExchange(body), publicKey, deps.requestSignal())));
  });
}
