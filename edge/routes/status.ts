// GET /status: what happened, as JSON; GET /: the same for people. Nothing here is secret.
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { AppDeps } from '../app.ts';
import type { TelemetrySums } from '../db/telemetry-store.ts';
import type { OracleStatus } from '../oracle.ts';
import { statusPage } from '../pages/status-page.ts';

const counts = z.record(z.string(), z.int());
const status = z.object({
  network: z.string(),
  oracleKey: z.string(),
  feeAddress: z.string(),
  startedAt: z.int(),
  now: z.int(),
  recordSequence: z.int(),
  tip: z.object({ height: z.int(), timeMs: z.int(), readAt: z.int() }).nullable(),
  chainProblem: z.string().nullable(),
  openCases: z.int(),
  states: counts,
  rules: counts,
  evidence: counts,
  agreements: z.int(),
  /** What agents say of themselves, with their owners' consent: nobody has checked it. */
  saidByAgents: z.object({ machines: z.int(), cpus: z.int(), cpusBusy: z.int(), gpus: z.int(), jobsRunning: z.int() }),
  peers: z.array(z.object({ key: z.string(), url: z.string(), lastAnswerAt: z.int().nullable(), problem: z.string().nullable() })),
  problems: z.array(z.object({ lock: z.string(), failures: z.int(), message: z.string() })),
  events: z.array(z.object({ seq: z.int(), at: z.int(), kind: z.string(), lock: z.string().nullable(), detail: z.string() })),
});

const route = createRoute({
  method: 'get',
  path: '/status',
  summary: 'What this oracle has done and is doing',
  responses: { 200: { description: 'Counts, peers, problems and the last events', content: { 'application/json': { schema: status } } } },
});

export type PublicStatus = OracleStatus & { saidByAgents: TelemetrySums };

/** The page and the figures are made at most once a second, however many ask. */
const FRESH_MS = 1_000;

export function statusRoutes(app: OpenAPIHono, deps: AppDeps): void {
  let made: { at: number; status: Promise<PublicStatus> } | null = null;
  const current = async () => {
    if (made === null || deps.now() - made.at >= FRESH_MS) {
      const status = Promise.all([deps.oracle.status(), deps.telemetry.sums()]).then(([own, saidByAgents]) => ({ ...own, saidByAgents }));
      made = { at: deps.now(), status };
      status.catch(() => (made = null));
    }
    return made.status;
  };
  app.openapi(route, async (c) => c.json(await current(), 200, { 'cache-control': 'no-store' }));
  app.get('/', async (c) => {
    const page = statusPage(await current());
    c.header('content-security-policy', page.csp);
    c.header('cache-control', 'no-store');
    return c.html(page.html);
  });
}
