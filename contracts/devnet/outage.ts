// Makes the devnet answer as a failing public source would, for so many requests, so that clients can be tested against it.
import type { MiddlewareHandler } from 'hono';

export interface OutageOrder {
  requests: number;
  kind: 'unavailable' | 'html' | 'truncated' | 'limited' | 'silent';
  path: string;
}

export class Outage {
  #order: OutageOrder | null = null;

  begin(order: OutageOrder): void {
    this.#order = { ...order };
  }

  middleware(): MiddlewareHandler {
    return async (context, next) => {
      const order = this.#order;
      if (order === null || order.requests === 0 || !context.req.path.startsWith(order.path)) return next();
      order.requests -= 1;
      switch (order.kind) {
        case 'unavailable':
          return context.json({ status_code: 503, error: 'Service Unavailable', message: 'outage on request' }, 503);
        case 'limited':
          return context.json({ status_code: 429, error: 'Project Over Limit', message: 'outage on request' }, 429);
        case 'html':
          return context.html('<!doctype html><title>502</title><h1>Bad gateway</h1>', 200);
        case 'truncated': {
          await next();
          const text = await context.res.text();
          context.res = new Response(text.slice(0, Math.floor(text.length / 2)), {
            status: context.res.status,
            headers: { 'content-type': 'application/json' },
          });
          return;
        }
        case 'silent':
          // Holds the request until the client gives up.
          return new Promise<Response>((resolve) => {
            context.req.raw.signal.addEventListener('abort', () => resolve(new Response(null, { status: 499 })));
          });
      }
    };
  }
}
