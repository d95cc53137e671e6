// GET /v1/locks/{txId}/{index}: what this oracle knows of a lock. Public: hashes, times, verdicts and signatures only.
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { hex32 } from '@nunet/shared/fields.ts';
import { lockReport } from '@nunet/shared/evidence.ts';
import type { AppDeps } from '../app.ts';

const route = createRoute({
  method: 'get',
  path: '/v1/locks/{txId}/{index}',
  summary: 'What this oracle knows of a lock',
  request: {
    params: z.object({
      txId: hex32,
      index: z
        .string()
        .regex(/^(0|[1-9]\d{0,4})$/)
        .transform(Number)
        .pipe(z.int().max(65_535)),
    }),
  },
  responses: {
    200: { description: 'State, evidence, attestations and settlement', content: { 'application/json': { schema: lockReport } } },
  },
});

export function lockRoutes(app: OpenAPIHono, deps: AppDeps): void {
  app.openapi(route, async (c) => c.json(await deps.oracle.report(c.req.valid('param')), 200));
}
