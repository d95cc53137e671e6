// Asks the agent beside this oracle to replay a job: HTTP over a Unix socket, or over loopback.
import { request } from 'node:http';
import { NunetError } from '@nunet/shared/errors.ts';
import {
  encodeReplayRequest,
  MAX_REPLAY_RESPONSE_BYTES,
  openReplayResponse,
  REPLAY_PATH,
  type ReplayRequest,
  type ReplayResponse,
} from '@nunet/shared/replay.ts';

const LOOPBACK = /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?\/?$/;

/** `where`: a socket path or a loopback URL; nothing else, since the port trusts whoever reaches it. Throws `replay-address`. */
export function replayOver(where: string): (request: ReplayRequest, signal: AbortSignal) => Promise<ReplayResponse> {
  const isUrl = where.startsWith('http');
  if (isUrl && !LOOPBACK.test(where)) {
    throw new NunetError('replay-address', `Cannot use ${where} for replays: want a socket path or http://127.0.0.1:PORT`);
  }
  const target = isUrl ? { host: new URL(where).hostname.replace(/^\[|\]$/g, ''), port: new URL(where).port } : { socketPath: where };
  return async (wanted, signal) => {
    const { status, bytes } = await post(target, encodeReplayRequest(wanted), signal);
    if (status !== 200) throw new NunetError('replay-failed', `Cannot replay: the agent answers with status ${status}`);
    return openReplayResponse(bytes);
  };
}

/** fetch has no way to name a socket. */
function post(target: object, body: Uint8Array, signal: AbortSignal): Promise<{ status: number; bytes: Uint8Array }> {
  return new Promise((resolve, reject) => {
    const failed = (cause: unknown): void =>
      reject(
        signal.aborted
          ? signal.reason
          : new NunetError('replay-unreachable', 'Cannot replay: the agent beside this oracle does not answer', { cause }),
      );
    const sent = request(
      {
        ...target,
        method: 'POST',
        path: REPLAY_PATH,
        headers: { 'content-type': 'application/cbor', 'content-length': body.length },
        signal,
      },
      (response) => {
        const chunks: Buffer[] = [];
        let total = 0;
        response.on('data', (chunk: Buffer) => {
          total += chunk.length;
          if (total > MAX_REPLAY_RESPONSE_BYTES) sent.destroy(new Error('the answer is too large'));
          else chunks.push(chunk);
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, bytes: new Uint8Array(Buffer.concat(chunks)) }));
        response.on('error', failed);
      },
    );
    sent.on('error', failed);
    sent.end(body);
  });
}
