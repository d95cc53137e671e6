// POST /v1/telemetry: an agent tells what it does, with its owner's consent. Sums alone are shown, on the status page.
import type { OpenAPIHono } from '@hono/zod-openapi';
import { MAX_TELEMETRY_BYTES } from '@nunet/shared/telemetry-report.ts';
import type { AppDeps } from '../app.ts';
import { readSignedRequest, type SignedRequestDeps } from '../signed-request.ts';
import { CBOR_CONTENT, SIGNED_REQUEST } from './cbor.ts';

/** The statement and its signature. */
const MAX_BODY_BYTES = MAX_TELEMETRY_BYTES + 128;

export function telemetryRoutes(app: OpenAPIHono, deps: AppDeps, signed: SignedRequestDeps): void {
  app.openAPIRegistry.registerPath({
    method: 'post',
    path: '/v1/telemetry',
    summary: 'Tell what an agent does now',
    description: `The signed statement of shared/telemetry-report.ts, by the agent itself. ${SIGNED_REQUEST}`,
    request: { body: { content: CBOR_CONTENT, required: true } },
    responses: {
      204: { description: 'Kept; the next one of this agent takes its place' },
      403: { description: '`telemetry-foreign` or `peer-revoked`' },
      422: { description: '`telemetry-stale`: its time is not now, or a newer one is here' },
    },
  });
  app.post('/v1/telemetry', async (c) => {
    const { peerId, body } = await readSignedRequest(c.req.raw, MAX_BODY_BYTES, signed);
    await deps.telemetry.take(body, peerId);
    return c.body(null, 204);
  });
}
