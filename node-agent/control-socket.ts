// ControlSocket: HTTP over a unix socket of the owner, for `status` and for whatever else asks the running process.
import { createHash } from 'node:crypto';
import { chmod, rm } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NunetError } from '@nunet/shared/errors.ts';

/** sun_path holds 108 bytes (unix(7)); a deeper data folder gets a socket named after it. */
const MAX_PATH = 100;

export function controlSocketOf(dataPath: string): string {
  const beside = join(dataPath, 'agent.sock');
  if (Buffer.byteLength(beside) <= MAX_PATH) return beside;
  return join(tmpdir(), `nunet-agent-${createHash('sha256').update(dataPath).digest('hex').slice(0, 16)}.sock`);
}

/** Answers `GET /<name>` with the JSON of that answer. The caller owns the folder, so an old socket is a dead process's. */
export async function serveControl(
  path: string,
  answers: Readonly<Record<string, () => Promise<unknown>>>,
): Promise<{ close(): Promise<void> }> {
  await rm(path, { force: true });
  const server = createServer((incoming, response) => {
    const name = (incoming.url ?? '').slice(1);
    const answer = incoming.method === 'GET' && Object.hasOwn(answers, name) ? answers[name] : undefined;
    if (answer === undefined) {
      response.writeHead(404).end();
      return;
    }
    answer().then(
      (value) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value)),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  await chmod(path, 0o600);
  return {
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

const MAX_ANSWER_BYTES = 16 * 2 ** 20;

/** Asks the running process; null when none listens there. Throws `control-failed`. */
export function askControl(path: string, name: string, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const failed = (cause: unknown): void =>
      reject(new NunetError('control-failed', `Cannot ask the agent at ${path}: no answer`, { cause }));
    const asking = request({ socketPath: path, path: `/${name}`, signal }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > MAX_ANSWER_BYTES) response.destroy(new Error('too long'));
      });
      response.on('error', failed);
      response.on('end', () => {
        if (response.statusCode !== 200) return failed(new Error(`status ${response.statusCode}`));
        try {
          resolve(JSON.parse(text));
        } catch (error) {
          failed(error);
        }
      });
    });
    asking.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve(null);
      else failed(error);
    });
    asking.end();
  });
}
