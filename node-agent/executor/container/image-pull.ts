// One pull through the engine, by digest: progress in bytes, bounded in time and by the disk that must stay free.
import type { Readable } from 'node:stream';
import { NunetError } from '@nunet/shared/errors.ts';
import type Docker from 'dockerode';
import { z } from 'zod';
import type { ImageName } from './image-policy.ts';
import type { ImageManifest } from './registry-manifest.ts';

export interface PullBounds {
  /** Without a word of the engine for this long the pull has failed. */
  readonly idleMs: number;
  readonly totalMs: number;
  /** What the engine's disk has left; null where that cannot be read. A layer may unpack to a thousand times its size. */
  freeBytes(): Promise<number | null>;
  readonly keepFreeBytes: number;
  readonly watchEveryMs: number;
}

export const PULL_BOUNDS = { idleMs: 120_000, totalMs: 4 * 3_600_000, keepFreeBytes: 2 * 2 ** 30, watchEveryMs: 500 };

const message = z.object({
  id: z.string().max(200).optional(),
  status: z.string().max(1_000).optional(),
  error: z.string().max(4_000).optional(),
  progressDetail: z.object({ current: z.number().min(0).optional() }).optional(),
});
type Message = z.infer<typeof message>;

const MAX_LINE = 64 * 1024;
/** Of a layer that needs no more bytes. */
const WHOLE = new Set(['Download complete', 'Verifying Checksum', 'Already exists', 'Pull complete', 'Extracting']);

/** Throws `image-unreachable`, `image-disk`, `image-pull`; the reason of `signal`. */
export async function pullImage(
  docker: Docker,
  image: ImageName,
  manifest: ImageManifest,
  bounds: PullBounds,
  options: { signal: AbortSignal; onProgress: (progress: { done: number; total: number }) => void },
): Promise<void> {
  const over = new AbortController();
  const idle = setTimeout(() => over.abort(failed(image, `nothing came for ${bounds.idleMs / 1_000} s`)), bounds.idleMs);
  const late = setTimeout(() => over.abort(failed(image, `it took longer than ${bounds.totalMs / 1_000} s`)), bounds.totalMs);
  const watch = setInterval(() => void checkRoom(), bounds.watchEveryMs);
  async function checkRoom(): Promise<void> {
    const free = await bounds.freeBytes().catch(() => null);
    if (free !== null && free < bounds.keepFreeBytes)
      over.abort(
        new NunetError('image-disk', `Cannot pull ${image.name}: the engine's disk has ${free} bytes left, want ${bounds.keepFreeBytes}`),
      );
  }
  const within = AbortSignal.any([options.signal, over.signal]);
  try {
    await checkRoom();
    within.throwIfAborted();
    const layers = layerProgress(manifest, options.onProgress);
    const stream = (await docker.createImage({ fromImage: image.name, tag: image.digest, abortSignal: within })) as Readable;
    for await (const line of linesOf(stream)) {
      idle.refresh();
      const said = message.safeParse(line);
      if (!said.success) continue;
      if (said.data.error !== undefined) throw failed(image, `the engine says: ${said.data.error.slice(0, 300)}`);
      layers(said.data);
    }
    within.throwIfAborted();
  } catch (cause) {
    if (within.aborted) throw within.reason;
    if (cause instanceof NunetError) throw cause;
    throw failed(image, 'the engine refused', cause);
  } finally {
    clearTimeout(idle);
    clearTimeout(late);
    clearInterval(watch);
  }
}

const failed = (image: ImageName, why: string, cause?: unknown): NunetError =>
  new NunetError('image-pull', `Cannot pull ${image.name}@${image.digest}: ${why}`, { cause });

/** Bytes of each layer as the engine tells them, against the sizes of the manifest. */
function layerProgress(manifest: ImageManifest, onProgress: (progress: { done: number; total: number }) => void): (said: Message) => void {
  // The engine names a layer by the first 12 digits of its digest.
  const sizes = new Map(manifest.layers.map(({ digest, size }) => [digest.slice(7, 19), size]));
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const have = new Map<string, number>();
  return ({ id, status = '', progressDetail }) => {
    const size = id === undefined ? undefined : sizes.get(id);
    if (id === undefined || size === undefined) return;
    const bytes = WHOLE.has(status) ? size : status === 'Downloading' ? (progressDetail?.current ?? 0) : undefined;
    if (bytes === undefined || bytes <= (have.get(id) ?? -1)) return;
    have.set(id, Math.min(bytes, size));
    onProgress({ done: [...have.values()].reduce((sum, done) => sum + done, 0), total });
  };
}

/** JSON documents, one a line, as the engine streams them. */
async function* linesOf(stream: Readable): AsyncGenerator {
  let rest = '';
  for await (const chunk of stream) {
    const lines = `${rest}${String(chunk)}`.split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE) throw new NunetError('image-pull', `Cannot read what the engine says: a line above ${MAX_LINE} characters`);
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as unknown;
  }
}
