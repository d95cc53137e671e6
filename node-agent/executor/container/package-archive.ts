// The installed packages on their way from a container that had a hostile wheel in it to an image: only plain files and folders below
// one folder, with owners, modes and times of ours, so that the same packages are the same bytes.
import { posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { NunetError } from '@nunet/shared/errors.ts';
import { extract, pack, type Header, type Pack } from 'tar-stream';

export interface ArchiveBounds {
  readonly maxBytes: number;
  readonly maxEntries: number;
}

const MAX_PATH = 500;
const MAX_DEPTH = 40;
const PLAIN = { uid: 0, gid: 0, mtime: new Date(0) };

/** Names of Python's own packages folder, as the container tells it. Throws `dependency-archive`. */
export function packagesFolder(path: unknown): string {
  if (
    typeof path === 'string' &&
    /^\/(?:usr|opt)(?:\/[A-Za-z0-9][A-Za-z0-9._-]{0,60}){1,8}$/.test(path) &&
    /\/(?:dist|site)-packages$/.test(path)
  )
    return path;
  throw new NunetError('dependency-archive', 'Cannot install the packages: the base image has no packages folder below /usr or /opt');
}

/** Reads `from` to its end. The result must be read while it runs; `written` rejects with `dependency-archive`, and so ends it. */
export function repacked(
  from: Readable,
  folder: string,
  bounds: ArchiveBounds,
  signal: AbortSignal,
): { tar: Readable; written: Promise<number> } {
  const out = pack();
  const written = copy(from, out, folder, bounds, signal).catch((error: unknown) => {
    out.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  });
  written.catch(() => undefined);
  return { tar: Readable.from(out as AsyncIterable<Uint8Array>, { objectMode: false }), written };
}

async function copy(from: Readable, out: Pack, folder: string, bounds: ArchiveBounds, signal: AbortSignal): Promise<number> {
  const reader = extract();
  const feeding = pipeline(from, reader, { signal });
  feeding.catch(() => undefined);
  const seen = new Set<string>();
  let bytes = 0;
  const closed = new Promise<never>((_, reject) => {
    out.once('close', () => reject(refused('the engine stopped reading')));
  });
  closed.catch(() => undefined);
  try {
    // The folder itself too: otherwise it would carry the time of the day.
    out.entry({ ...PLAIN, name: folder.slice(1), type: 'directory', size: 0, mode: 0o755 });
    for await (const entry of reader) {
      const header = checked(entry.header, folder, seen);
      if (seen.size > bounds.maxEntries) throw refused(`more than ${bounds.maxEntries} files`);
      bytes += header.size;
      if (bytes > bounds.maxBytes) throw refused(`more than ${bounds.maxBytes} bytes`);
      const copied = new Promise<void>((resolve, reject) => {
        const sink = out.entry(header, (error) => (error ? reject(error) : resolve()));
        entry.once('error', reject);
        if (header.type === 'file') entry.pipe(sink);
        else entry.resume();
      });
      await Promise.race([copied, closed]);
    }
    await feeding;
    out.finalize();
    return bytes;
  } catch (cause) {
    from.destroy();
    signal.throwIfAborted();
    if (cause instanceof NunetError) throw cause;
    throw refused('what came is no whole archive', cause);
  }
}

const refused = (why: string, cause?: unknown): NunetError =>
  new NunetError('dependency-archive', `Cannot install the packages: ${why}`, { cause });

function checked(
  { name, type, size, mode }: Header,
  folder: string,
  seen: Set<string>,
): Partial<Header> & Pick<Header, 'name' | 'size' | 'type'> {
  const path = name.replace(/\/$/, '');
  const shown = JSON.stringify(name.slice(0, 100));
  if (type !== 'file' && type !== 'directory') throw refused(`${shown} is a ${type ?? 'thing'}, want files and folders only`);
  const parts = path.split('/');
  if (
    path.length > MAX_PATH ||
    parts.length > MAX_DEPTH ||
    parts.some((part) => part === '' || part === '.' || part === '..') ||
    /[\0\\]/.test(path)
  )
    throw refused(`${shown} is no plain path below the packages folder`);
  if (seen.has(path)) throw refused(`${shown} comes twice`);
  seen.add(path);
  // Without a link among them, a parent can only be a folder that came before, or a file, which an engine refuses to look into.
  const isProgram = type === 'directory' || ((mode ?? 0) & 0o100) !== 0;
  return {
    name: posix.join(folder.slice(1), path),
    type,
    size: type === 'file' ? (size ?? 0) : 0,
    mode: isProgram ? 0o755 : 0o644,
    ...PLAIN,
  };
}
