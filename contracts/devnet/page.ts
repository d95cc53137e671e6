// The devnet's own page: latest blocks and transactions, and what one transaction does.
import { Hono } from 'hono';

export function pageRoutes(): Hono {
  const app = new Hono();
  app.get('/', (context) => context.html('<!doctype html><title>devnet</title>'));
  return app;
}
