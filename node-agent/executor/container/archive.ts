// Tar archives from a hostile side, read under bounds into one spool file, never into paths that the archive chose; and written so that the same tree gives the same bytes.
import type { FileHandle } from 'node:fs/promises';
import { Readable, Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { NunetError } from '@nunet/shared/errors.ts';
import { extract, pack, type Header } from 'tar-stream';

export interface ArchiveBounds {
  readonly maxEntries: number;
  /** Of all contents together. */
  readonly maxBytes: number;
}

export interface TreeEntry {
  /** Relative, plain segments joined by `/`. */
  readonly path: string;
  readonly type: 'file' | 'folder' | 'link';
  readonly isExecutable: boolean;
  readonly bytes: number;
  /** Where the content of a file lies. */
  readonly in: FileHandle;
  readonly offset: number;
  /** Of a link: within the tree. */
  readonly target: string | null;
}

export interface Tree {
  readonly entries: readonly TreeEntry[];
  /** What was left out, with the reason; at most a hundred of them. */
  readonly left: readonly string[];
}

export interface ReadTreeOptions {
  readonly bounds: ArchiveBounds;
  readonly spool: FileHandle;
  /** Throw at the first entry that cannot be kept, instead of leaving it out. */
  readonly strict: boolean;
  /** First segment of every path, as an engine puts it there: cut off. null: none. */
  readonly root: string | null;
  /** A file of its own for this path; null: the spool. */
  readonly open?: (path: string) => Promise<FileHandle | null>;
}

const MAX_PATH = 1_024;
const MAX_DEPTH = 32;
/** Extended headers and long names are kept in memory by whoever reads them. */
const MAX_META_BYTES = 64 * 1024;
const MAX_LEFT = 100;
const BLOCK = 512;
const UNSAFE_TEXT = /[\p{Cc}\p{Cf}\\]/u;

/** Throws `archive-limit`, `archive-unsafe` (strict), `archive-broken`. */
export async function readTree(source: Readable, options: ReadTreeOptions): Promise<Tree> {
  const { bounds, spool, strict, root } = options;
  const entries = new Map<string, TreeEntry>();
  const left: string[] = [];
  let seen = 0;
  let total = 0;
  let spoolAt = 0;
  const leave = (name: string, why: string): void => {
    const shown = JSON.stringify(name.slice(0, 120));
    if (strict) throw new NunetError('archive-unsafe', `Cannot unpack the archive: entry ${shown} ${why}`);
    if (left.length < MAX_LEFT) left.push(`${shown} ${why}`);
  };
  const take = (bytes: number): void => {
    total += bytes;
    if (total > bounds.maxBytes)
      throw new NunetError('archive-limit', `Cannot unpack the archive: it holds more than ${bounds.maxBytes} bytes, want at most that`);
  };
  const tar = extract();
  const feeding = pipeline(source, boundedHeaders(), tar);
  feeding.catch(() => undefined);
  try {
    for await (const entry of tar) {
      const { header } = entry;
      seen += 1;
      if (seen > bounds.maxEntries)
        throw new NunetError(
          'archive-limit',
          `Cannot unpack the archive: it has more than ${bounds.maxEntries} entries, want at most that`,
        );
      const placed = pathOf(header.name, root);
      if (placed === '') {
        entry.resume();
        continue;
      }
      const why = placed === null ? 'is no plain relative path' : problemOf(placed, header, entries);
      if (placed === null || why !== null) {
        leave(header.name, why ?? '');
        // Skipped bytes count as well: a sparse giant must not be read for ever.
        for await (const piece of entry) take((piece as Uint8Array).length);
        continue;
      }
      if (header.type === 'file' || header.type === 'contiguous-file') {
        const own = (await options.open?.(placed)) ?? null;
        const file = own ?? spool;
        const offset = own === null ? spoolAt : 0;
        let bytes = 0;
        for await (const piece of entry) {
          const chunk = piece as Uint8Array;
          take(chunk.length);
          await file.write(chunk, 0, chunk.length, offset + bytes);
          bytes += chunk.length;
        }
        if (own === null) spoolAt += bytes;
        entries.set(placed, {
          path: placed,
          type: 'file',
          isExecutable: ((header.mode ?? 0) & 0o111) !== 0,
          bytes,
          in: file,
          offset,
          target: null,
        });
        continue;
      }
      entry.resume();
      if (header.type === 'link') {
        // Another name of the same content becomes a file of its own.
        const first = entries.get(pathOf(header.linkname ?? '', root) ?? '');
        if (first?.type !== 'file') leave(header.name, 'is a hard link to no file of the archive');
        else {
          take(first.bytes);
          entries.set(placed, { ...first, path: placed });
        }
      } else if (header.type === 'symlink') {
        entries.set(placed, {
          path: placed,
          type: 'link',
          isExecutable: false,
          bytes: 0,
          in: spool,
          offset: 0,
          target: header.linkname ?? '',
        });
      } else entries.set(placed, { path: placed, type: 'folder', isExecutable: true, bytes: 0, in: spool, offset: 0, target: null });
    }
    await feeding;
  } catch (error) {
    source.destroy();
    tar.destroy();
    if (error instanceof NunetError) throw error;
    throw new NunetError('archive-broken', 'Cannot unpack the archive: it is not a readable tar file', { cause: error });
  }
  return { entries: [...entries.values()], left };
}

/** Without the root; '': the root itself. null: not a path of the tree. */
function pathOf(name: string, root: string | null): string | null {
  let path = name.replace(/\/+$/, '');
  while (path.startsWith('./')) path = path.slice(2);
  if (path === '.' || path === '') return '';
  if (root !== null) {
    if (path === root) return '';
    // Podman names what lies in a mount of a stopped container as if the mount were the root. The name is the engine's, not the job's.
    const under = ['/', `${root}/`].find((start) => path.startsWith(start));
    if (under === undefined) return null;
    path = path.slice(under.length);
  }
  const parts = path.split('/');
  const isPlain = parts.every((part) => part !== '' && part !== '.' && part !== '..');
  return isPlain && path.length <= MAX_PATH && parts.length <= MAX_DEPTH && !UNSAFE_TEXT.test(path) ? path : null;
}

/** Why an entry cannot be kept; null: it can. */
function problemOf(path: string, header: Header, entries: ReadonlyMap<string, TreeEntry>): string | null {
  if (entries.has(path)) return 'is there twice';
  const parts = path.split('/');
  for (let depth = 1; depth < parts.length; depth++) {
    const above = entries.get(parts.slice(0, depth).join('/'));
    if (above !== undefined && above.type !== 'folder') return 'lies in something that is no folder';
  }
  switch (header.type) {
    case 'file':
    case 'contiguous-file':
    case 'directory':
    case 'link':
      return null;
    case 'symlink':
      return staysWithin(parts.slice(0, -1), header.linkname ?? '') ? null : 'is a link that leaves the tree';
    default:
      return `is of type ${header.type ?? 'unknown'}, want a file, folder or link`;
  }
}

/** A relative target that never climbs above the tree, whatever its way. */
function staysWithin(folder: readonly string[], target: string): boolean {
  if (target === '' || target.startsWith('/') || target.length > MAX_PATH || UNSAFE_TEXT.test(target)) return false;
  let depth = folder.length;
  for (const part of target.split('/')) {
    if (part === '..') depth -= 1;
    else if (part !== '' && part !== '.') depth += 1;
    if (depth < 0) return false;
  }
  return true;
}

/** Ends an archive whose extended headers are larger than anybody needs, before a reader keeps them in memory. */
function boundedHeaders(): Transform {
  let left = 0;
  let partial = Buffer.alloc(0);
  return new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      let at = 0;
      while (at < chunk.length) {
        if (left > 0) {
          const skipped = Math.min(left, chunk.length - at);
          left -= skipped;
          at += skipped;
          continue;
        }
        const taken = Math.min(BLOCK - partial.length, chunk.length - at);
        partial = Buffer.concat([partial, chunk.subarray(at, at + taken)]);
        at += taken;
        if (partial.length < BLOCK) continue;
        const size = sizeOf(partial);
        const isMeta = 'xgLK'.includes(String.fromCharCode(partial[156] ?? 0)) && partial[156] !== 0;
        if (Number.isNaN(size) || (isMeta && size > MAX_META_BYTES)) {
          done(new NunetError('archive-limit', 'Cannot unpack the archive: one of its headers is too large'));
          return;
        }
        left = Math.ceil(size / BLOCK) * BLOCK;
        partial = Buffer.alloc(0);
      }
      done(null, chunk);
    },
  });
}

/** Octal text, or base 256 where the first bit is set. NaN: neither. */
function sizeOf(header: Buffer): number {
  const field = header.subarray(124, 136);
  if ((field[0] ?? 0) & 0x80) {
    let size = (field[0] ?? 0) & 0x7f;
    for (const byte of field.subarray(1)) size = size * 256 + byte;
    return Number.isSafeInteger(size) ? size : Number.NaN;
  }
  const text = field.toString('latin1').replaceAll('\0', '').trim();
  return text === '' ? 0 : /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number.NaN;
}

const bySegments = (a: TreeEntry, b: TreeEntry): number => {
  const [x, y] = [a.path.split('/'), b.path.split('/')];
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const [p, q] = [x[i] ?? '', y[i] ?? ''];
    if (p !== q) return p < q ? -1 : 1;
  }
  return x.length - y.length;
};

/** The tree as a tar: sorted, without times, owned by `owner`. `within`: only what lies in that folder, which becomes the root. */
export function writeTree(entries: readonly TreeEntry[], owner: number, within: string | null = null): Readable {
  const prefix = within === null ? '' : `${within}/`;
  const chosen = entries.filter(({ path }) => path.startsWith(prefix)).sort(bySegments);
  const tar = pack();
  const write = async (): Promise<void> => {
    for (const { path, type, isExecutable, bytes, in: file, offset, target } of chosen) {
      const header = { name: path.slice(prefix.length), mtime: new Date(0), uid: owner, gid: owner };
      if (type === 'folder') tar.entry({ ...header, type: 'directory', mode: 0o755 });
      else if (type === 'link') tar.entry({ ...header, type: 'symlink', linkname: target ?? '', mode: 0o777 });
      else {
        const sink = tar.entry({ ...header, type: 'file', mode: isExecutable ? 0o755 : 0o644, size: bytes });
        await pipeline(contentOf(file, offset, bytes), sink);
      }
    }
    tar.finalize();
  };
  write().catch((error: unknown) => tar.destroy(error instanceof Error ? error : new Error(String(error))));
  return Readable.from(tar, { objectMode: false });
}

/** Bytes of a file, leaving the handle open. */
export function contentOf(file: FileHandle, offset: number, bytes: number): Readable {
  const read = async function* (): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes;) {
      const piece = Buffer.allocUnsafe(Math.min(256 * 1024, bytes - at));
      const { bytesRead } = await file.read(piece, 0, piece.length, offset + at);
      if (bytesRead === 0) throw new Error('the spool file ends too early');
      at += bytesRead;
      yield piece.subarray(0, bytesRead);
    }
  };
  return Readable.from(read(), { objectMode: false });
}
