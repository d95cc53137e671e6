// Sends many bytes on a raw stream, at most a window ahead of what the other side says that it took: a WebRTC stream has no
// backpressure of its own and is reset at 4 MiB unread. The real protocols do the same in their own ways.
import type { ByteStream } from '@nunet/shared/frames.ts';

/** The reader sends back one byte for each of these. */
export const CREDIT_BYTES = 512 * 1024;
const WINDOW_BYTES = 3 * 2 ** 20;
const CHUNK_BYTES = 256 * 1024;

/** Resolves when all was handed over and our side was ended. */
export async function sendCredited(stream: ByteStream, total: number): Promise<void> {
  let taken = 0;
  let wake = (): void => undefined;
  stream.addEventListener('message', (event) => {
    taken += (event as Event & { data: { byteLength: number } }).data.byteLength * CREDIT_BYTES;
    wake();
  });
  stream.addEventListener('drain', () => wake());
  stream.addEventListener('close', () => wake());
  const chunk = new Uint8Array(CHUNK_BYTES);
  for (let sent = 0; sent < total && stream.status === 'open';) {
    const count = Math.min(CHUNK_BYTES, total - sent, WINDOW_BYTES - (sent - taken));
    if (count > 0 && !stream.writableNeedsDrain) {
      stream.send(chunk.subarray(0, count));
      sent += count;
    } else await new Promise<void>((resolve) => (wake = resolve));
  }
  await stream.close();
}
