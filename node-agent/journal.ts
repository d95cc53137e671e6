// Journal: append-only JSON lines with a version, on disk before an append resolves. What a restart resumes from.
import { copyFile, open, readFile, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { NunetError } from '@nunet/shared/errors.ts';
import { z } from 'zod';
import { takeProcessLock } from './process-lock.ts';

export interface JournalOptions<T> {
  /** Of one entry; amounts as `amountText`, bytes as hex text. */
  schema: z.ZodType<T>;
  /** What it holds, in its header and in messages: "agent jobs". */
  name: string;
  version: number;
  /** `migrations[n]` turns an entry of version n into one of version n + 1. */
  migrations?: Readonly<Record<number, (entry: unknown) => unknown>>;
  /** Called around every write; a chaos run kills the process here. */
  hooks?: { before?(entry: T): void | Promise<void>; after?(entry: T): void | Promise<void> };
}

export interface Journal<T> {
  /** What was on disk at opening, oldest first. Appends do not grow it. */
  readonly entries: readonly T[];
  /** Resolves once the entry is on disk (fdatasync). Appends keep their order. Rejects `journal-write` with the file as before. */
  append(entry: T): Promise<void>;
  /** Drops the entries that `keep` says no to, in one step. */
  retain(keep: (entry: T) => boolean): Promise<void>;
  /** After pending appends; releases the lock. */
  close(): Promise<void>;
}

/** bigint in memory, decimal text in the file. */
export const amountText = z.union([z.bigint(), z.string().regex(/^\d{1,19}$/)]).transform((value) => BigInt(value));

const header = z.strictObject({ journal: z.string(), version: z.int().min(1) });

const line = (value: unknown): string => `${JSON.stringify(value, (_, v: unknown) => (typeof v === 'bigint' ? v.toString() : v))}\n`;

interface Lines {
  complete: string[];
  /** A last line that a crash cut short: no newline, or a block that never reached the disk. Never acknowledged, so nothing hangs on it. */
  torn: boolean;
  completeBytes: number;
}

function linesOf(bytes: Buffer): Lines {
  const text = bytes.toString('utf8');
  const complete = text.split('\n');
  const tail = complete.pop() ?? '';
  const last = complete.at(-1);
  let completeBytes = bytes.length - Buffer.byteLength(tail);
  if (tail !== '') completeBytes = bytes.lastIndexOf(0x0a) + 1;
  if (last?.includes('\0') === true) {
    complete.pop();
    return { complete, torn: true, completeBytes: bytes.lastIndexOf(0x0a, completeBytes - 2) + 1 };
  }
  return { complete, torn: tail !== '', completeBytes };
}

function parseLine(path: string, text: string, number: number): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new NunetError(
      'journal-damaged',
      `Cannot read ${path}: line ${number} is not JSON, though later lines follow it. Restore the file from a copy; nothing was changed.`,
      { cause },
    );
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Writes a whole journal beside the old one and swaps it in. */
async function replaceFile(path: string, text: string): Promise<void> {
  const next = `${path}.next`;
  const file = await open(next, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(next, path);
  await syncDirectory(path);
}

/** A copy that later repairs do not overwrite. */
async function backUp(path: string, label: string): Promise<void> {
  for (let n = 0; ; n += 1) {
    const copy = `${path}.${label}${n === 0 ? '' : `-${n}`}.bak`;
    try {
      await copyFile(path, copy, 1 /* COPYFILE_EXCL */);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/**
 * What a journal holds, for another process than the one that writes it: nothing is locked, repaired or written, an older one is read
 * as this version has it, and a line that is being written is left out. Throws as `openJournal`.
 */
export async function readJournal<T>(
  path: string,
  options: Pick<JournalOptions<T>, 'schema' | 'name' | 'version' | 'migrations'>,
): Promise<T[]> {
  const { complete } = linesOf(await readFile(path));
  const head = header.safeParse(complete[0] === undefined ? undefined : parseLine(path, complete[0], 1));
  if (!head.success || head.data.journal !== options.name)
    throw new NunetError('journal-damaged', `Cannot read ${path}: its first line is not the header of a "${options.name}" journal`);
  const { version } = head.data;
  if (version > options.version)
    throw new NunetError('journal-newer', `Cannot read ${path}: it is version ${version}, this program reads ${options.version}`);
  return complete.slice(1).map((text, i) => {
    const parsed = options.schema.safeParse(broughtUp(path, parseLine(path, text, i + 2), version, options));
    if (parsed.success) return parsed.data;
    throw new NunetError('journal-damaged', `Cannot read ${path}: line ${i + 2} is not valid`);
  });
}

/** An entry of an older version as this one has it. */
function broughtUp(path: string, entry: unknown, version: number, options: Pick<JournalOptions<never>, 'version' | 'migrations'>): unknown {
  let value = entry;
  for (let from = version; from < options.version; from += 1) {
    const migrate = options.migrations?.[from];
    if (migrate === undefined) throw new NunetError('journal-old', `Cannot read ${path}: no way from version ${from} to ${from + 1}`);
    value = migrate(value);
  }
  return value;
}

/** Reads, repairs and migrates what is on disk; leaves a file that ends in a whole line of this version. */
async function load<T>(path: string, options: JournalOptions<T>): Promise<T[]> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  });
  const { complete, torn, completeBytes } = linesOf(bytes);
  const first = complete[0];
  if (first === undefined) {
    if (bytes.length > 0) await backUp(path, 'torn');
    await replaceFile(path, line({ journal: options.name, version: options.version }));
    return [];
  }
  const head = header.safeParse(parseLine(path, first, 1));
  if (!head.success || head.data.journal !== options.name) {
    throw new NunetError('journal-damaged', `Cannot read ${path}: its first line is not the header of a "${options.name}" journal`);
  }
  const { version } = head.data;
  if (version > options.version) {
    throw new NunetError(
      'journal-newer',
      `Cannot read ${path}: it is version ${version}, this program knows up to ${options.version}. Run the newer program.`,
    );
  }
  const entries = complete.slice(1).map((text, i) => {
    const parsed = options.schema.safeParse(broughtUp(path, parseLine(path, text, i + 2), version, options));
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    throw new NunetError(
      'journal-damaged',
      `Cannot read ${path}: line ${i + 2}: ${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? 'not valid'}`,
    );
  });
  if (version < options.version) {
    await backUp(path, `v${version}`);
    await replaceFile(path, [{ journal: options.name, version: options.version }, ...entries].map(line).join(''));
  } else if (torn) {
    await backUp(path, 'torn');
    const file = await open(path, 'r+');
    try {
      await file.truncate(completeBytes);
      await file.sync();
    } finally {
      await file.close();
    }
  }
  return entries;
}

/**
 * Opens or makes a journal. One process at a time: `already-running` otherwise. A torn last line is cut after a backup;
 * throws `journal-damaged` for anything else that does not parse, `journal-newer` for a later version.
 */
export async function openJournal<T>(path: string, options: JournalOptions<T>): Promise<Journal<T>> {
  const lock = await takeProcessLock(`${path}.lock`, `on "${options.name}"`);
  let file: FileHandle;
  let size: number;
  let entries: T[];
  try {
    await rm(`${path}.next`, { force: true });
    entries = await load(path, options);
    file = await open(path, 'r+');
    size = (await file.stat()).size;
  } catch (error) {
    await lock.release();
    throw error;
  }
  let broken = false;
  let closed = false;
  let last: Promise<unknown> = Promise.resolve();
  /** One at a time, in order; a failure stays with its caller. */
  const inTurn = <R>(act: () => Promise<R>): Promise<R> => {
    if (closed) return Promise.reject(new NunetError('journal-closed', `Cannot write ${path}: it is closed`));
    const turn = last.then(act);
    last = turn.catch(() => undefined);
    return turn;
  };
  const write = async (entry: T): Promise<void> => {
    if (broken) throw new NunetError('journal-write', `Cannot write ${path}: an earlier write failed half-way; restart the program`);
    await options.hooks?.before?.(entry);
    const bytes = Buffer.from(line(entry));
    try {
      for (let done = 0; done < bytes.length;) {
        const { bytesWritten } = await file.write(bytes, done, bytes.length - done, size + done);
        done += bytesWritten;
      }
      await file.datasync();
    } catch (cause) {
      // Never leave half a line in the middle, and never trust a file whose sync failed.
      broken = await file.truncate(size).then(
        () => false,
        () => true,
      );
      throw new NunetError('journal-write', `Cannot write ${path}: ${(cause as Error).message}`, { cause });
    }
    size += bytes.length;
    await options.hooks?.after?.(entry);
  };
  return {
    entries,
    append: (entry) => inTurn(() => write(entry)),
    retain: (keep) =>
      inTurn(async () => {
        const kept = (await load(path, options)).filter(keep);
        await replaceFile(path, [{ journal: options.name, version: options.version }, ...kept].map(line).join(''));
        await file.close();
        file = await open(path, 'r+');
        size = (await file.stat()).size;
      }),
    close: async () => {
      if (closed) return;
      const done = last;
      closed = true;
      await done;
      await file.close();
      await lock.release();
    },
  };
}
