// A job's disk where mounting is allowed: a file of fixed size with a filesystem of its own, so that a job fills that and nothing else.
import { execFile } from 'node:child_process';
import { chmod, mkdir, open, readFile, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { NunetError } from '@nunet/shared/errors.ts';

const run = promisify(execFile);
/** A helper has no PATH of its own. */
const TOOLS = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };
const TOOL_MS = 60_000;
/** Smaller ones have no room for their own tables. */
const MIN_BYTES = 4 * 2 ** 20;
/** One file for each that many bytes, within bounds: a job that makes more small files than that is told that the disk is full. */
const BYTES_A_FILE = 8_192;
const MIN_FILES = 1_024;
const MAX_FILES = 1_000_000;
/** Its own tables: inodes of 256 bytes, bitmaps, and the blocks that ext4 keeps back. */
const overhead = (files: number): number => files * 256 + 2 * 2 ** 20;

export interface DiskWorkspace {
  readonly workspace: string;
  readonly outputs: string;
}

const imageIn = (folder: string): string => join(folder, 'disk.img');
const mountIn = (folder: string): string => join(folder, 'disk');

/** A formatted image of that many usable bytes, to be mounted later. Throws `disk`. */
export async function formatDisk(folder: string, bytes: number, signal: AbortSignal): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const image = imageIn(folder);
  const files = Math.min(MAX_FILES, Math.max(MIN_FILES, Math.floor(bytes / BYTES_A_FILE)));
  const size = Math.max(MIN_BYTES, bytes) + overhead(files);
  try {
    const file = await open(image, 'w', 0o600);
    try {
      await file.truncate(size);
    } finally {
      await file.close();
    }
    // All of it now: a machine's disk that fills up later must not end a job that was promised this much.
    await run('fallocate', ['-l', String(size), image], { env: TOOLS, timeout: TOOL_MS, signal });
    await run(
      'mkfs.ext4',
      [
        '-q',
        '-F',
        '-m',
        '0',
        '-N',
        String(files),
        '-O',
        '^has_journal,^resize_inode',
        '-E',
        'nodiscard,lazy_itable_init=1,root_owner=0:0',
        image,
      ],
      { env: TOOLS, timeout: TOOL_MS, signal },
    );
  } catch (cause) {
    await rm(image, { force: true });
    throw new NunetError('disk', `Cannot make a disk of ${size} bytes for the job: ${reasonOf(cause)}`, { cause });
  }
}

/** Another execution's image of the same size may be taken over, formatted and never used. */
export const takeDisk = async (from: string, to: string): Promise<void> => {
  await mkdir(to, { recursive: true, mode: 0o700 });
  await rename(imageIn(from), imageIn(to));
  await rmdir(from);
};

/**
 * Mounts the image in `folder`. No setuid files and no devices; programs may run, because compiled modules of Python packages lie there
 * and whoever runs code already gains nothing by another way to start it. Throws `disk`.
 */
export async function mountDisk(folder: string): Promise<DiskWorkspace> {
  const at = mountIn(folder);
  try {
    await mkdir(at, { recursive: true, mode: 0o700 });
    await run('mount', ['-t', 'ext4', '-o', 'loop,nosuid,nodev,noatime', imageIn(folder), at], { env: TOOLS, timeout: TOOL_MS });
    await rm(join(at, 'lost+found'), { recursive: true, force: true });
    const places = placesIn(folder);
    for (const place of [places.workspace, places.outputs]) {
      await mkdir(place, { recursive: true });
      // Whoever the engine maps the job to; the folder above is closed to everybody else on the machine.
      await chmod(place, 0o777);
    }
    return places;
  } catch (cause) {
    throw new NunetError('disk', `Cannot mount the disk of the job: ${reasonOf(cause)}`, { cause });
  }
}

export const placesIn = (folder: string): DiskWorkspace => ({
  workspace: join(mountIn(folder), 'workspace'),
  outputs: join(mountIn(folder), 'outputs'),
});

/** Mount points at or below a folder, the innermost first. */
export async function mountsBelow(folder: string): Promise<string[]> {
  const text = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  return text
    .split('\n')
    .map((line) =>
      (line.split(' ')[4] ?? '').replaceAll(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8))),
    )
    .filter((path) => path === folder || path.startsWith(`${folder}/`))
    .toSorted((a, b) => b.length - a.length);
}

export const isMounted = async (folder: string): Promise<boolean> => (await mountsBelow(folder)).includes(mountIn(folder));

/** Unmounts what is mounted below and deletes the image. Idempotent. Throws `disk` when it is still in use. */
export async function removeDisk(folder: string): Promise<void> {
  for (const path of await mountsBelow(folder)) {
    try {
      await run('umount', [path], { env: TOOLS, timeout: TOOL_MS });
    } catch (cause) {
      // What a dying container still holds is let go as soon as it is gone.
      await run('umount', ['-l', path], { env: TOOLS, timeout: TOOL_MS }).catch(() => {
        throw new NunetError('disk', `Cannot unmount the disk of the job: ${reasonOf(cause)}`, { cause });
      });
    }
  }
  await rm(imageIn(folder), { force: true });
}

/** Whether this process may mount here at all, by doing it. */
export async function canMountDisks(parent: string, signal: AbortSignal): Promise<boolean> {
  if (process.getuid?.() !== 0) return false;
  const folder = join(parent, 'try');
  try {
    await removeDisk(folder);
    await formatDisk(folder, MIN_BYTES, signal);
    const { workspace } = await mountDisk(folder);
    return (await stat(workspace)).dev !== (await stat(dirname(folder))).dev;
  } catch {
    return false;
  } finally {
    await removeDisk(folder).catch(() => undefined);
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}

function reasonOf(error: unknown): string {
  const stderr = typeof error === 'object' && error !== null && 'stderr' in error ? String(error.stderr) : '';
  const text = stderr.trim() === '' && error instanceof Error ? error.message : stderr;
  return text.trim().split('\n').at(-1)?.slice(0, 200) ?? 'unknown';
}
