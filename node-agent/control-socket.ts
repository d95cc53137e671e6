// ControlSocket: HTTP over a unix socket that only its owner's account can open: GET of the status, POST of orders of the terminal.
import { createHash } from 'node:crypto';
import { mkdir, rm, stat } from 'node:fs/promises';
import { createServer, request, type IncomingMessage } from 'node:http';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { NunetError, safeError } from '@nunet/shared/errors.ts';

/** sun_path holds 108 bytes (unix(7)); a deeper data folder gets a socket named after it. */
const MAX_PATH = 100;
const MAX_ORDER_BYTES = 64 * 1024;

export function controlSocketOf(dataPath: string): string {
  const beside = join(dataPath, 'agent.sock');
  if (Buffer.byteLength(beside) <= MAX_PATH) return beside;
  const name = createHash('sha256').update(dataPath).digest('hex').slice(0, 16);
  return join(tmpdir(), `nunet-${userInfo().uid}`, `${name}.sock`);
}

export interface ControlAnswers {
  /** `GET /<name>`. */
  readonly get: Readonly<Record<string, () => Promise<unknown>>>;
  /** `POST /<name>` with a JSON body, parsed by the answer itself. */
  readonly post?: Readonly<Record<string, (body: unknown) => Promise<unknown>>>;
}

/** The caller owns the folder, so an old socket is a dead process's. Throws `control-open` when others may change the folder. */
export async function serveControl(path: string, answers: ControlAnswers): Promise<{ close(): Promise<void> }> {
  await makeFolder(dirname(path));
  await rm(path, { force: true });
  const answerOf = async (incoming: IncomingMessage): Promise<{ status: number; value?: unknown }> => {
    const name = (incoming.url ?? '').slice(1);
    const { get, post = {} } = answers;
    if (incoming.method === 'GET' && Object.hasOwn(get, name)) return { status: 200, value: await get[name]?.() };
    if (incoming.method !== 'POST' || !Object.hasOwn(post, name)) return { status: 404 };
    return { status: 200, value: await post[name]?.(await bodyOf(incoming)) };
  };
  const server = createServer((incoming, response) => {
    answerOf(incoming)
      .catch((error: unknown) => ({ status: error instanceof NunetError ? 400 : 500, value: safeError(error) }))
      .then(({ status, value }) => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(value === undefined ? undefined : JSON.stringify(value));
      })
      .catch(() => response.destroy());
  });
  server.requestTimeout = 10_000;
  server.headersTimeout = 5_000;
  server.maxConnections = 64;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // The socket is bound before `listen` returns, so it is never there for others, whatever the folder allows.
    const before = process.umask(0o177);
    server.listen(path, resolve);
    process.umask(before);
  });
  return {
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** The one below the system's folder for temporary files may have been made by somebody else, who could put another socket there. */
async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = await stat(folder);
  if (uid === userInfo().uid && (mode & 0o022) === 0) return;
  throw new NunetError('control-open', `Cannot listen for orders in ${folder}: others may change it; run chmod 700 on it`);
}

async function bodyOf(incoming: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_ORDER_BYTES) throw new NunetError('order-too-large', `Cannot read the order: it is above ${MAX_ORDER_BYTES} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (cause) {
    throw new NunetError('order-invalid', 'Cannot read the order: it is not JSON', { cause });
  }
}

const MAX_ANSWER_BYTES = 16 * 2 ** 20;

/** Asks the running process; null when none listens there. Throws `control-failed`. */
export const askControl = (path: string, name: string, signal: AbortSignal): Promise<unknown> => exchange(path, name, undefined, signal);

/** Gives the running process an order; null when none listens there. Throws what the agent answered, or `control-failed`. */
export const orderControl = (path: string, name: string, body: unknown, signal: AbortSignal): Promise<unknown> =>
  exchange(path, name, JSON.stringify(body), signal);

function exchange(path: string, name: string, body: string | undefined, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const failed = (cause: unknown): void =>
      reject(new NunetError('control-failed', `Cannot ask the agent at ${path}: no answer`, { cause }));
    const asking = request({ socketPath: path, path: `/${name}`, method: body === undefined ? 'GET' : 'POST', signal }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > MAX_ANSWER_BYTES) response.destroy(new Error('too long'));
      });
      response.on('error', failed);
      response.on('end', () => {
        try {
          const value: unknown = JSON.parse(text);
          if (response.statusCode === 200) resolve(value);
          else if (response.statusCode === 400) reject(failureOf(value));
          else failed(new Error(`status ${response.statusCode}`));
        } catch (error) {
          failed(error);
        }
      });
    });
    asking.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve(null);
      else failed(error);
    });
    asking.end(body);
  });
}

/** The agent's own words: it is our own process that wrote them. */
function failureOf(value: unknown): NunetError {
  const { code, message } = value as { code: string; message: string };
  return new NunetError(code, message);
}
