// The devnet's own page: latest blocks and transactions, and what one transaction does. No part of it comes from elsewhere.
import { readFile } from 'node:fs/promises';
import { Hono } from 'hono';
import { secureHeaders } from 'hono/secure-headers';

const FILES = { 'page.css': 'text/css; charset=utf-8', 'page.js': 'text/javascript; charset=utf-8' };

const read = (name: string): Promise<string> => readFile(new URL(`./page/${name}`, import.meta.url), 'utf8');

export async function pageRoutes(): Promise<Hono> {
  const html = await read('page.html');
  const app = new Hono();
  const guarded = secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      connectSrc: ["'self'"],
      imgSrc: ['data:'],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
  });
  app.get('/', guarded, (context) => context.html(html));
  app.get('/tx/:id{[0-9a-f]{64}}', guarded, (context) => context.html(html));
  for (const [name, type] of Object.entries(FILES)) {
    const content = await read(name);
    app.get(`/page/${name}`, guarded, (context) => context.body(content, 200, { 'content-type': type }));
  }
  return app;
}
