// GET /v1/locks/{txId}/{index}: what this oracle knows of a lock, public: hashes, times, verdicts and signatures only.
// GET /v1/locks/{txId}/{index}/manifest: the signed result, for the two parties, so that neither can be kept from it.
// GET /v1/locks/{txId}/{index}/sealed-key: K of a sealed delivery, for the two parties, once its agent gave it to the oracles.
// POST /v1/locks/{txId}/{index}/agreement: what both parties signed, to be submitted.
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { MAX_AGREEMENT_POST_BYTES, openAgreement } from '@nunet/shared/agreement-post.ts';
import { hex32 } from '@nunet/shared/fields.ts';
import { lockReport } from '@nunet/shared/evidence.ts';
import type { AppDeps } from '../app.ts';
import { readSignedRequest, type SignedRequestDeps } from '../signed-request.ts';
import { CBOR_CONTENT, cborResponse, SIGNED_REQUEST } from './cbor.ts';

const request = {
  params: z.object({
    txId: hex32,
    index: z
      .string()
      .regex(/^(0|[1-9]\d{0,4})$/)
      .transform(Number)
      .pipe(z.int().max(65_535)),
  }),
};

const report = createRoute({
  method: 'get',
  path: '/v1/locks/{txId}/{index}',
  summary: 'What this oracle knows of a lock',
  request,
  responses: {
    200: { description: 'State, evidence, attestations and settlement', content: { 'application/json': { schema: lockReport } } },
  },
});

const manifest = createRoute({
  method: 'get',
  path: '/v1/locks/{txId}/{index}/manifest',
  summary: 'The signed manifest that this oracle holds over a lock',
  description: `For the two parties of the lock's quote. ${SIGNED_REQUEST}`,
  request,
  responses: {
    200: { description: 'dag-cbor of the signed manifest (shared/manifest.ts)', content: CBOR_CONTENT },
    403: { description: '`not-a-party`' },
    404: { description: '`manifest-unknown`: no manifest of this lock has come' },
  },
});

const sealedKey = createRoute({
  method: 'get',
  path: '/v1/locks/{txId}/{index}/sealed-key',
  summary: 'The key of a sealed delivery that this oracle holds over a lock',
  description: `For the two parties of the lock's quote. ${SIGNED_REQUEST}`,
  request,
  responses: {
    200: { description: 'The 32 bytes of the key', content: CBOR_CONTENT },
    403: { description: '`not-a-party`' },
    404: { description: '`sealed-key-unknown`: no key of this lock has come' },
  },
});

const agreement = createRoute({
  method: 'post',
  path: '/v1/locks/{txId}/{index}/agreement',
  summary: 'Hand in what both parties of a lock signed; this oracle submits it and signs no verdict any more',
  description: `dag-cbor of shared/agreement-post.ts, from anybody: both signatures are checked against the lock on chain. ${SIGNED_REQUEST}`,
  request,
  responses: {
    204: { description: 'It is on disk; of several agreements over a lock the first stands' },
    409: { description: '`lock-unknown` or `lock-spent`' },
    422: { description: '`agreement-invalid`: the validator would refuse it' },
  },
});

export function lockRoutes(app: OpenAPIHono, deps: AppDeps, signed: SignedRequestDeps): void {
  app.openapi(report, async (c) => c.json(await deps.oracle.report(c.req.valid('param')), 200));
  app.openapi(manifest, async (c) => {
    const { peerId } = await readSignedRequest(c.req.raw, 0, signed);
    return cborResponse(await deps.oracle.manifest(c.req.valid('param'), peerId));
  });
  app.openapi(sealedKey, async (c) => {
    const { peerId } = await readSignedRequest(c.req.raw, 0, signed);
    return cborResponse(await deps.oracle.sealedKey(c.req.valid('param'), peerId));
  });
  app.openapi(agreement, async (c) => {
    const { body } = await readSignedRequest(c.req.raw, MAX_AGREEMENT_POST_BYTES, signed);
    const post = openAgreement(body);
    await deps.oracle.agree(c.req.valid('param'), post.agreement, post.quote, deps.requestSignal());
    return c.body(null, 204);
  });
}
