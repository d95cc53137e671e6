// ReplayPort: HTTP over a unix socket or loopback, for the oracle of the same operator. One replay at a time, a short queue, answers kept.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { cidOf } from '@nunet/shared/encoding.ts';
import { NunetError, safeError } from '@nunet/shared/errors.ts';
import {
  encodeReplayResponse,
  MAX_REPLAY_REQUEST_BYTES,
  openReplayRequest,
  REPLAY_PATH,
  type ReplayRequest,
  type ReplayResponse,
} from '@nunet/shared/replay.ts';

export interface ReplayPort {
  close(): Promise<void>;
}

const MAX_WAITING = 8;
const MAX_KEPT = 256;

/** `listen`: a socket path, or a loopback port. */
export async function serveReplays(
  listen: string | { host: '127.0.0.1'; port: number },
  replay: (request: ReplayRequest, signal: AbortSignal) => Promise<ReplayResponse>,
  options: { signal: AbortSignal; log(line: string): void },
): Promise<ReplayPort & { address: string }> {
  /** By the request's hash: an oracle that lost the answer gets it again without a second run. */
  const kept = new Map<string, ReplayResponse>();
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const gone = new AbortController();
    response.once('close', () => gone.abort(new NunetError('asker-gone', 'The oracle closed the connection')));
    const signal = AbortSignal.any([gone.signal, options.signal]);
    if (request.method !== 'POST' || request.url !== REPLAY_PATH) {
      throw new NunetError('not-found', `Cannot answer ${request.method} ${request.url?.slice(0, 100)}: want POST ${REPLAY_PATH}`);
    }
    const bytes = await bodyOf(request);
    const key = cidOf(bytes);
    const known = kept.get(key);
    if (known !== undefined) return send(response, known);
    const wanted = openReplayRequest(bytes);
    if (waiting >= MAX_WAITING) throw new NunetError('busy', `Cannot replay now: ${waiting} replays wait already`);
    waiting += 1;
    const turn = last.then(() => {
      signal.throwIfAborted();
      return kept.get(key) ?? replay(wanted, signal);
    });
    last = turn.catch(() => undefined);
    try {
      const outcome = await turn;
      options.log(`replay ${wanted.lock.txId.slice(0, 12)}: ${outcome.outcome}: ${outcome.detail}`);
      // The others may end otherwise when they are asked again.
      if (outcome.outcome === 'upheld' || outcome.outcome === 'rejected') kept.set(key, outcome);
      for (const oldest of kept.keys()) {
        if (kept.size <= MAX_KEPT) break;
        kept.delete(oldest);
      }
      send(response, outcome);
    } finally {
      waiting -= 1;
    }
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      const { code, message } = safeError(error);
      options.log(`replay: ${code}: ${error instanceof Error ? error.message : message}`);
      if (response.destroyed) return;
      const status = code === 'busy' ? 503 : code === 'not-found' ? 404 : code === 'internal' ? 500 : 400;
      response.writeHead(status, { 'content-type': 'application/problem+json' }).end(JSON.stringify({ code, detail: message, status }));
    });
  });
  // A replay takes as long as the job did.
  server.requestTimeout = 60_000;
  server.timeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    if (typeof listen === 'string') server.listen(listen, resolve);
    else server.listen(listen.port, listen.host, resolve);
  });
  const at = server.address();
  return {
    address: typeof at === 'string' ? at : `http://127.0.0.1:${at?.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(response: ServerResponse, outcome: ReplayResponse): void {
  response.writeHead(200, { 'content-type': 'application/cbor' }).end(encodeReplayResponse(outcome));
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_REPLAY_REQUEST_BYTES) {
      throw new NunetError('bytes-too-large', `Cannot read the replay request: over ${MAX_REPLAY_REQUEST_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
