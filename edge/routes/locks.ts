// GET /v1/locks/{txId}/{index}: what this oracle knows of a lock, public: hashes, times, verdicts and signatures only.
// GET /v1/locks/{txId}/{index}/manifest: the signed result, for the two parties, so that neither can be kept from it.
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
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

export function lockRoutes(app: OpenAPIHono, deps: AppDeps, signed: SignedRequestDeps): void {
  app.openapi(report, async (c) => c.json(await deps.oracle.report(c.req.valid('param')), 200));
  app.openapi(manifest, async (c) => {
    const { peerId } = await readSignedRequest(c.req.raw, 0, signed);
    return cborResponse(await deps.oracle.manifest(c.req.valid('param'), peerId));
  });
}
