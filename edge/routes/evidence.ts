// POST /v1/evidence: a party of a quote hands in signed pieces. POST /v1/exchange: another oracle tells what it holds and hears the same.
import type { OpenAPIHono } from '@hono/zod-openapi';
import { encodeEvidenceAnswer } from '@nunet/shared/oracle-client.ts';
import { MAX_EVIDENCE_BYTES, openBundle } from '@nunet/shared/evidence.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { encodeExchange, MAX_EXCHANGE_BYTES, openExchange } from '../exchange.ts';
import type { AppDeps } from '../app.ts';
import { readSignedRequest, type SignedRequestDeps } from '../signed-request.ts';
import { CBOR_CONTENT, cborResponse, SIGNED_REQUEST } from './cbor.ts';

export function evidenceRoutes(app: OpenAPIHono, deps: AppDeps, signed: SignedRequestDeps, byOracles: SignedRequestDeps): void {
  app.openAPIRegistry.registerPath({
    method: 'post',
    path: '/v1/evidence',
    summary: 'Hand in evidence over a lock',
    description: `dag-cbor of an EvidenceBundle (shared/evidence.ts). ${SIGNED_REQUEST}`,
    request: { body: { content: CBOR_CONTENT, required: true } },
    responses: {
      200: { description: 'dag-cbor of an EvidenceAnswer: signed receipts, and reasons for what was refused', content: CBOR_CONTENT },
    },
  });
  app.post('/v1/evidence', async (c) => {
    const { peerId, body } = await readSignedRequest(c.req.raw, MAX_EVIDENCE_BYTES, signed);
    return cborResponse(encodeEvidenceAnswer(await deps.oracle.submit(openBundle(body), peerId, deps.requestSignal())));
  });

  app.openAPIRegistry.registerPath({
    method: 'post',
    path: '/v1/exchange',
    summary: 'Exchange all that is known over a lock',
    description: `For the oracles that a quote names. dag-cbor of an Exchange (edge/exchange.ts), both ways. ${SIGNED_REQUEST}`,
    request: { body: { content: CBOR_CONTENT, required: true } },
    responses: { 200: { description: 'dag-cbor of an Exchange', content: CBOR_CONTENT } },
  });
  app.post('/v1/exchange', async (c) => {
    const { publicKey, body } = await readSignedRequest(c.req.raw, MAX_EXCHANGE_BYTES, byOracles);
    if (!deps.oracleKeys().includes(publicKey)) {
      throw new NunetError('oracle-foreign', `Cannot exchange: ${publicKey} is not an oracle of the network record`);
    }
    return cborResponse(encodeExchange(await deps.oracle.exchange(openExchange(body), publicKey, deps.requestSignal())));
  });
}
