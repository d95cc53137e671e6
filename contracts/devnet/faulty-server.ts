// A server on loopback before an honest source that breaks its answers on demand: what a public service does on a bad day.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

/** What becomes of an answer, null when nothing more is to be sent; `honest` asks the source, a request that it never sees has no effect there. */
export type Fault = (honest: () => Promise<Answer>, response: ServerResponse) => Promise<Answer | null> | Answer | null;

export interface FaultyServer {
  url: string;
  /** Method and path of every request so far. */
  requests: string[];
  /** Breaks the next `times` requests whose path holds `path`. */
  breakNext(path: string, fault: Fault, times?: number): void;
  stop(): Promise<void>;
}

const plain = (status: number, text: string, headers: Record<string, string> = {}): Answer => ({
  status,
  headers,
  body: Buffer.from(text),
});

export const FAULTS = {
  'status 500': () => plain(500, '{"message":"internal"}'),
  'status 503 in plain text': () => plain(503, 'Service Unavailable'),
  'status 504 of a gateway': () => plain(504, '<html><h1>504 Gateway Time-out</h1></html>'),
  'an account without quota': () => plain(402, '{"status_code":402,"message":"usage limit"}'),
  'an HTML page with status 200': () => plain(200, '<html><title>Welcome</title></html>'),
  'an empty body': () => plain(200, ''),
  null: () => plain(200, 'null'),
  'an object of something else': () => plain(200, '{"ok":true}'),
  'a list of something else': () => plain(200, '[{"ok":true}]'),
  'a redirect': () => plain(302, '', { location: 'http://127.0.0.1:9/' }),
  silence: (_honest, response) => {
    response.on('close', () => response.destroy());
    return null;
  },
  'a body that is cut': async (honest, response) => {
    const { status, headers, body } = await honest();
    response.writeHead(status, { ...headers, 'content-length': body.length });
    response.write(body.subarray(0, body.length / 2));
    setTimeout(() => response.destroy(), 5);
    return null;
  },
  'half of the JSON': async (honest) => {
    const answer = await honest();
    return { ...answer, body: answer.body.subarray(0, answer.body.length / 2) };
  },
  'more than is read': (_honest, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const chunk = Buffer.alloc(256 * 1024, ' ');
    const more = (): void => {
      while (!response.destroyed && response.write(chunk));
      if (!response.destroyed) response.once('drain', more);
    };
    more();
    return null;
  },
} satisfies Record<string, Fault>;

/** Too many requests; with the pause that RFC 9110 lets a server ask for. */
export const limited =
  (retryAfter: string): Fault =>
  () =>
    plain(429, 'Too many requests', { 'retry-after': retryAfter });

/** The honest answer with its JSON changed. */
export const changed =
  (change: (json: unknown) => unknown): Fault =>
  async (honest) => {
    const answer = await honest();
    return { ...answer, body: Buffer.from(JSON.stringify(change(JSON.parse(answer.body.toString())))) };
  };

/** The source hears the request, its answer is lost; `meanwhile` happens in between. */
export const lostAnswer =
  (meanwhile: () => void = () => undefined): Fault =>
  async (honest, response) => {
    await honest();
    meanwhile();
    response.destroy();
    return null;
  };

/** The request is lost, the source hears nothing. */
export const lostRequest: Fault = (_honest, response) => {
  response.destroy();
  return null;
};

async function bodyOf(request: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Uint8Array.from(Buffer.concat(parts));
}

export async function startFaultyServer(source: string): Promise<FaultyServer> {
  const requests: string[] = [];
  let broken: { path: string; fault: Fault; times: number } | null = null;

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET', url: path = '/' } = request;
    requests.push(`${method} ${path}`);
    const body = await bodyOf(request);
    const honest = async (): Promise<Answer> => {
      const answered = await fetch(source + path, {
        method,
        headers: { 'content-type': request.headers['content-type'] ?? 'application/json' },
        ...(method === 'POST' ? { body } : {}),
      });
      return {
        status: answered.status,
        headers: { 'content-type': answered.headers.get('content-type') ?? '' },
        body: Buffer.from(await answered.arrayBuffer()),
      };
    };
    let given: Answer | null;
    if (broken !== null && broken.times > 0 && path.includes(broken.path)) {
      broken.times -= 1;
      given = await broken.fault(honest, response);
    } else given = await honest();
    if (given === null) return;
    response.writeHead(given.status, given.headers);
    response.end(given.body);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    breakNext(path, fault, times = Infinity) {
      requests.length = 0;
      broken = { path, fault, times };
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
