// Images that this agent brought onto the machine, and when each was last used: what may be collected. Others are the owner's.
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { NunetError } from '@nunet/shared/errors.ts';
import { z } from 'zod';

const VERSION = 1;

const entry = z.strictObject({
  /** The engine's id. */
  id: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  /** What it is removed by: removing by id would take the owner's own names of it along. */
  reference: z.string().min(1).max(400),
  kind: z.enum(['pulled', 'dependencies']),
  /** What it takes beyond the image that it stands on. */
  bytes: z.int().min(0),
  /** POSIX ms of this machine. */
  lastUsedAt: z.int().min(0),
});
export type ImageEntry = z.infer<typeof entry>;

const file = z.strictObject({
  version: z.literal(VERSION),
  images: z.array(entry).max(10_000),
  /** Measured at the last pull and the last list of packages; null: none yet. */
  pullBytesPerMs: z.number().positive().nullable(),
  packagesMs: z.number().min(0).nullable(),
});
export type ImageRecord = z.infer<typeof file>;

const EMPTY: ImageRecord = { version: VERSION, images: [], pullBytesPerMs: null, packagesMs: null };

/**
 * A file that cannot be read is set aside: its images then count as the owner's and are never collected, which loses disk, not data.
 * Throws `image-record-newer`.
 */
export async function readImageRecord(path: string): Promise<ImageRecord> {
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) return EMPTY;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = null;
  }
  const newer = z.object({ version: z.int().min(VERSION + 1) }).safeParse(value);
  if (newer.success)
    throw new NunetError('image-record-newer', `Cannot read ${path}: it is version ${newer.data.version}, this program knows ${VERSION}`);
  const result = file.safeParse(value);
  if (result.success) return result.data;
  await rename(path, `${path}.unreadable`);
  return EMPTY;
}

/** Whole or not at all. */
export async function writeImageRecord(path: string, record: ImageRecord): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(draft, JSON.stringify(record), { mode: 0o600, flush: true });
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

export const withImage = (record: ImageRecord, added: ImageEntry): ImageRecord => ({
  ...record,
  images: [...record.images.filter(({ reference }) => reference !== added.reference), added],
});

export const withoutImage = (record: ImageRecord, reference: string): ImageRecord => ({
  ...record,
  images: record.images.filter((image) => image.reference !== reference),
});

/** Least used first, until the rest is within the budget; never one of `inUse`. */
export function collectable(record: ImageRecord, budgetBytes: number, inUse: ReadonlySet<string>): ImageEntry[] {
  let bytes = record.images.reduce((sum, image) => sum + image.bytes, 0);
  const chosen: ImageEntry[] = [];
  for (const image of record.images.toSorted((a, b) => a.lastUsedAt - b.lastUsedAt)) {
    if (bytes <= budgetBytes) break;
    if (inUse.has(image.id)) continue;
    chosen.push(image);
    bytes -= image.bytes;
  }
  return chosen;
}
