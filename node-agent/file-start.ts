// fileStart: a file on disk as far as a check reads it. Each read opens and closes it, so that none stays open.
import { open, stat } from 'node:fs/promises';
import type { FileStart } from '@nunet/shared/onnx/check-job.ts';

export async function fileStart(path: string, signal: AbortSignal): Promise<FileStart> {
  const { size } = await stat(path);
  return {
    bytes: size,
    async start(length) {
      signal.throwIfAborted();
      const wanted = Math.min(length, size);
      const file = await open(path, 'r');
      try {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(wanted), 0, wanted, 0);
        return buffer.subarray(0, bytesRead);
      } finally {
        await file.close();
      }
    },
  };
}
