// What a job leaves behind, read through the engine and never as a path of the machine: its outputs, and checkpoints of its workspace.
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type Docker from 'dockerode';
import { fileName } from '@nunet/shared/fields.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { contentOf, readTree, writeTree, type Tree } from './archive.ts';
import { isEngineGone, translated } from './engine-errors.ts';
import type { ContainerJob } from './helper-protocol.ts';
import { MAX_TREE_ENTRIES } from './job-container.ts';
import { JOB_UID } from './limits.ts';

/** As a manifest names them. */
const MAX_OUTPUTS = 64;

export interface Collected {
  readonly outputs: readonly { readonly name: string; readonly path: string; readonly bytes: number }[];
  /** What was not delivered, for the job's log. */
  readonly notes: readonly string[];
}

/**
 * Top-level files of `/outputs` by their names, top-level folders as NAME.tar. Throws `output-limit` (the job's fault), or the
 * engine's and the disk's errors.
 */
export async function collectOutputs(container: Docker.Container, job: ContainerJob, signal: AbortSignal): Promise<Collected> {
  const folder = join(job.workDir, 'outputs');
  const limit = job.outputLimitBytes;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const spool = await open(join(job.workDir, 'spool'), 'w+', 0o600);
  const own = new Map<string, FileHandle>();
  try {
    const openOwn = async (path: string): Promise<FileHandle | null> => {
      if (!isName(path)) return null;
      if (own.size >= MAX_OUTPUTS) throw tooMany();
      const file = await open(join(folder, path), 'wx', 0o600);
      own.set(path, file);
      return file;
    };
    const { entries, left } = await archiveOf(container, '/outputs', 'outputs', limit, { spool, open: openOwn, signal });
    const notes = left.map((line) => `not delivered: ${line}`);
    const outputs: { name: string; path: string; bytes: number }[] = [];
    let total = 0;
    const add = (name: string, bytes: number): void => {
      total += bytes;
      if (total > limit) throw overLimit(limit);
      if (outputs.length >= MAX_OUTPUTS) throw tooMany();
      outputs.push({ name, path: join(folder, name), bytes });
    };
    const top = entries.filter(({ path }) => !path.includes('/')).toSorted((a, b) => (a.path < b.path ? -1 : 1));
    for (const entry of top) {
      const shown = JSON.stringify(entry.path.slice(0, 100));
      if (entry.type === 'link') notes.push(`not delivered: ${shown} is a link`);
      else if (entry.type === 'file') {
        if (!isName(entry.path)) notes.push(`not delivered: ${shown} has a name that outputs may not have`);
        else if (entry.in === spool) {
          // Another name of a file that came before.
          await pipeline(
            contentOf(entry.in, entry.offset, entry.bytes),
            createWriteStream(join(folder, entry.path), { flags: 'wx', mode: 0o600 }),
          );
          add(entry.path, entry.bytes);
        } else add(entry.path, entry.bytes);
      } else {
        const name = `${entry.path}.tar`;
        if (!isName(name) || top.some(({ path }) => path === name)) {
          notes.push(`not delivered: folder ${shown} cannot become ${JSON.stringify(name.slice(0, 100))}`);
          continue;
        }
        const path = join(folder, name);
        await pipeline(writeTree(entries, JOB_UID, entry.path), createWriteStream(path, { flags: 'wx', mode: 0o600 }));
        add(name, (await stat(path)).size);
      }
    }
    return { outputs, notes };
  } catch (error) {
    if (error instanceof NunetError && error.code === 'archive-limit') throw overLimit(limit, error.message.includes('entries'));
    throw error;
  } finally {
    for (const file of own.values()) await file.close();
    await spool.close();
    await rm(join(job.workDir, 'spool'), { force: true });
  }
}

const isName = (name: string): boolean => fileName.safeParse(name).success;
const tooMany = (): NunetError => new NunetError('output-limit', `The job left more than ${MAX_OUTPUTS} outputs, a job may have that many`);
const overLimit = (limit: number, isCount = false): NunetError =>
  new NunetError(
    'output-limit',
    isCount
      ? `The outputs are more than ${MAX_TREE_ENTRIES} files, a job may have that many`
      : `The outputs have more than the ${limit} bytes that the job allows`,
  );

async function archiveOf(
  container: Docker.Container,
  path: string,
  root: string,
  maxBytes: number,
  options: { spool: FileHandle; open?: (path: string) => Promise<FileHandle | null>; signal: AbortSignal },
): Promise<Tree> {
  const source = await container.getArchive({ path }).catch(translated('engine-archive', `read ${path} of the job`));
  const readable = source as unknown as Readable;
  const abort = (): void => void readable.destroy(options.signal.reason as Error);
  options.signal.addEventListener('abort', abort, { once: true });
  try {
    return await readTree(readable, {
      bounds: { maxEntries: MAX_TREE_ENTRIES, maxBytes },
      spool: options.spool,
      strict: false,
      root,
      ...(options.open === undefined ? {} : { open: options.open }),
    });
  } catch (error) {
    if (error instanceof NunetError && isEngineGone(error.cause))
      throw new NunetError('engine-lost', `Cannot read ${path} of the job: the container engine does not answer`, { cause: error });
    throw error;
  } finally {
    options.signal.removeEventListener('abort', abort);
  }
}

export interface Workspace {
  /** Writes it as the `number`th checkpoint. null: it is the same as `last` (a sha256). */
  save(number: number, last: string | null): Promise<{ readonly path: string; readonly bytes: number; readonly sha256: string } | null>;
  readonly notes: readonly string[];
  close(): Promise<void>;
}

/** The workspace as it is now, read while the container stands still. Throws `archive-limit`, `engine-...`. */
export async function readWorkspace(container: Docker.Container, job: ContainerJob, signal: AbortSignal): Promise<Workspace> {
  const spoolPath = join(job.workDir, 'checkpoint-spool');
  const spool = await open(spoolPath, 'w+', 0o600);
  const close = async (): Promise<void> => {
    await spool.close();
    await rm(spoolPath, { force: true });
  };
  try {
    const { entries, left } = await archiveOf(container, '/workspace', 'workspace', job.resources.diskBytes, { spool, signal });
    return {
      notes: left.map((line) => `not in the checkpoint: ${line}`),
      close,
      async save(number, last) {
        const folder = join(job.workDir, 'checkpoints');
        await mkdir(folder, { recursive: true, mode: 0o700 });
        const draft = join(folder, 'draft');
        await rm(draft, { force: true });
        const hash = createHash('sha256');
        let bytes = 0;
        await pipeline(
          writeTree(entries, JOB_UID),
          async function* (source: AsyncIterable<Uint8Array>) {
            for await (const piece of source) {
              hash.update(piece);
              bytes += piece.length;
              yield piece;
            }
          },
          createWriteStream(draft, { flags: 'wx', mode: 0o600 }),
        );
        const sha256 = hash.digest('hex');
        if (sha256 === last) {
          await rm(draft, { force: true });
          return null;
        }
        const path = join(folder, `${number}.tar`);
        await rename(draft, path);
        await rm(join(folder, `${number - 1}.tar`), { force: true });
        return { path, bytes, sha256 };
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
