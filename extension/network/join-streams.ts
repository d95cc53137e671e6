// Joins a libp2p stream with the stream of a port: bytes, ends and resets go over both ways, no faster than the slower side takes them.
import type { ByteStream } from '@nunet/shared/frames.ts';
import type { PortStream } from './stream-port.ts';

/** After an end was asked for, the other side may take this long to take what is still unsent. */
const CLOSE_TIMEOUT_MS = 30_000;

/** Resolves when both are closed. */
export async function joinStreams(stream: ByteStream, port: PortStream): Promise<void> {
  const closed = [closeOf(stream), closeOf(port)] as const;
  carry(stream, port);
  carry(port, stream);
  const [ofStream, ofPort] = [closed[0], closed[1]];
  void ofStream.then((error) => {
    if (error !== undefined) return port.abort(error);
    // Its connection may have ended in good order in mid-exchange: what has come is given, and then the port is closed too.
    return endOf(port).then(() => port.shut());
  });
  void ofPort.then((error) => {
    if (error !== undefined) stream.abort(error);
  });
  await Promise.all(closed);
}

function closeOf(stream: ByteStream): Promise<Error | undefined> {
  return new Promise((resolve) => {
    stream.addEventListener('close', (event) => resolve((event as Event & { error?: Error }).error));
    // libp2p may have lost the stream while the port was on its way.
    if (stream.status !== 'open') resolve(new Error('the stream was closed before it was used'));
  });
}

const endOf = (stream: ByteStream): Promise<void> =>
  stream.close({ signal: AbortSignal.timeout(CLOSE_TIMEOUT_MS) }).catch((error: unknown) => stream.abort(asError(error)));

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

function carry(from: ByteStream, to: ByteStream): void {
  const hold = (act: 'pause' | 'resume'): void => {
    try {
      from[act]();
    } catch {
      // Already closing: nothing more can come, so there is nothing to hold back or to let go.
    }
  };
  from.addEventListener('message', (event) => {
    try {
      if (!to.send((event as Event & { data: { subarray(): Uint8Array } }).data.subarray())) hold('pause');
    } catch (error) {
      from.abort(asError(error));
    }
  });
  to.addEventListener('drain', () => queueMicrotask(() => hold('resume')));
  from.addEventListener('end', () => void endOf(to));
}
