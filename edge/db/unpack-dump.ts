// Unpacks a PGlite dump (a gzipped ustar archive of its data directory) as plain files: 0.2 s, where PGlite itself takes 1.2 s and 200 MB.
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { NunetError } from '@nunet/shared/errors.ts';

const BLOCK = 512;
/** The dump is our own, but a damaged one must not fill the memory. Measured: 40 MB. */
const MAX_BYTES = 512 * 2 ** 20;

const text = (header: Buffer, from: number, length: number): string => {
  const field = header.subarray(from, from + length);
  const end = field.indexOf(0);
  return field.subarray(0, end === -1 ? length : end).toString('utf8');
};

/** POSIX ustar: name at 0, size in octal at 124, type at 156, prefix at 345. Throws `database-dump`. */
export async function unpackDump(dump: string, dataDir: string): Promise<void> {
  const damaged = (why: string, cause?: unknown): NunetError =>
    new NunetError('database-dump', `Cannot unpack ${dump}: ${why}; delete it, it is built again`, { cause });
  const archive = await promisify(gunzip)(await readFile(dump), { maxOutputLength: MAX_BYTES }).catch((cause: unknown) => {
    throw damaged('not gzip', cause);
  });
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  for (let at = 0; at + BLOCK <= archive.length;) {
    const header = archive.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) break;
    const size = Number.parseInt(text(header, 124, 12).trim(), 8);
    if (!Number.isSafeInteger(size) || at + BLOCK + size > archive.length) throw damaged('an entry is cut short');
    const prefix = text(header, 345, 155);
    const name = normalize(`./${prefix === '' ? '' : `${prefix}/`}${text(header, 0, 100)}`);
    if (name.startsWith('..')) throw damaged(`it holds ${name}`);
    const path = join(dataDir, name);
    const type = text(header, 156, 1);
    if (type === '5') {
      await mkdir(path, { recursive: true, mode: 0o700 });
    } else if (type === '' || type === '0') {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await writeFile(path, archive.subarray(at + BLOCK, at + BLOCK + size), { mode: 0o600 });
    } else {
      throw damaged(`it holds an entry of type ${type}`);
    }
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  await chmod(dataDir, 0o700);
}
