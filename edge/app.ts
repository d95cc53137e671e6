// createApp: the edge's routes over web APIs only. The runtime is named in node.ts and nowhere else.
import { OpenAPIHono } from '@hono/zod-openapi';
import { secureHeaders } from 'hono/secure-headers';
import { NunetError } from '@nunet/shared/errors.ts';
import type { Oracle } from './oracle.ts';
import { problemResponse } from './problem.ts';
import { createRateLimit } from './rate-limit.ts';
import { evidenceRoutes } from './routes/evidence.ts';
import { lockRoutes } from './routes/locks.ts';
import { statusRoutes } from './routes/status.ts';
import { telemetryRoutes } from './routes/telemetry.ts';
import type { Telemetry } from './telemetry.ts';

export interface AppDeps {
  oracle: Oracle;
  telemetry: Telemetry;
  /** `host:port` names under which requests are signed to this edge. */
  authorities: () => readonly string[];
  /** Keys of the network record. */
  oracleKeys: () => readonly string[];
  useNonce: (peer: string, nonce: string, expiresAt: number) => Promise<boolean>;
  /** Wall clock, POSIX ms. */
  now: () => number;
  /** Bounds one request's work. */
  requestSignal: () => AbortSignal;
  /** Network address of the sender, as the runtime knows it. */
  addressOf: (request: Request, env: unknown) => string;
  log: (line: string) => void;
}

/** Requests from one address, and from one peer id: bursts, then a second. Oracles are few and chatty. */
const PER_ADDRESS = { burst: 120, perSecond: 20, maxNames: 20_000 };
const PER_PEER = { burst: 60, perSecond: 10, maxNames: 20_000 };
const PER_ORACLE = { burst: 500, perSecond: 20, maxNames: 64 };
/** One in five minutes is enough; a restart of the agent may send one more. */
const PER_REPORTER = { burst: 3, perSecond: 1 / 120, maxNames: 20_000 };

/** On this machine sit the operator's own programs, or a proxy that speaks for everybody and limits by itself. */
const isLoopback = (address: string): boolean => /^(::ffff:)?127\.|^::1$/.test(address);

export function createApp(deps: AppDeps): OpenAPIHono {
  const { now } = deps;
  const perAddress = createRateLimit({ ...PER_ADDRESS, now });
  const app = new OpenAPIHono({
    defaultHook: (result) => {
      if (result.success) return;
      const issue = result.error.issues[0];
      throw new NunetError('message-invalid', `Cannot read the request: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not valid'}`);
    },
  });

  app.use(secureHeaders({ crossOriginResourcePolicy: false }));
  app.use(async (c, next) => {
    const address = deps.addressOf(c.req.raw, c.env);
    if (!isLoopback(address) && !perAddress.take(address)) {
      throw new NunetError('rate-limited', 'Cannot serve this address: too many requests; slow down');
    }
    await next();
    if (!c.res.headers.has('content-security-policy')) c.header('content-security-policy', "default-src 'none'; frame-ancestors 'none'");
    // Browsers read reports and status from anywhere; nothing here depends on cookies.
    c.header('access-control-allow-origin', '*');
  });
  app.options('*', (c) =>
    c.body(null, 204, {
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': 'content-type, content-digest, signature, signature-input',
      'access-control-max-age': '600',
    }),
  );

  const signed = { now, authorities: deps.authorities, useNonce: deps.useNonce };
  const byPeers = { ...signed, perPeer: createRateLimit({ ...PER_PEER, now }) };
  evidenceRoutes(app, deps, byPeers, { ...signed, perPeer: createRateLimit({ ...PER_ORACLE, now }) });
  lockRoutes(app, deps, byPeers);
  telemetryRoutes(app, deps, { ...signed, perPeer: createRateLimit({ ...PER_REPORTER, now }) });
  statusRoutes(app, deps);
  app.doc31('/openapi.json', { openapi: '3.1.0', info: { title: 'NuNet edge: oracle', version: '1' } });

  app.notFound((c) =>
    problemResponse(new NunetError('not-found', `Cannot find ${c.req.method} ${c.req.path.slice(0, 200)}: see /openapi.json`)),
  );
  app.onError((error) => {
    const response = problemResponse(error);
    if (response.status === 500) deps.log(error.stack ?? error.message);
    return response;
  });
  return app;
}
