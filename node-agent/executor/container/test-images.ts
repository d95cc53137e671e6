// Test images: made from the system's own files, so that no test needs a registry of the internet. Same files, same bytes, same id.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type Docker from 'dockerode';
import { pack } from 'tar-stream';
import { systemProgram } from '../confinement.ts';

/** The part of an image's configuration that containers heed; names are the format's own. */
export interface ImageConfig {
  readonly Env?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly User?: string;
  readonly WorkingDir?: string;
  readonly Volumes?: Readonly<Record<string, object>>;
  readonly Healthcheck?: { readonly Test: readonly string[]; readonly Interval: number };
  readonly OnBuild?: readonly string[];
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
}

export interface TestImage {
  readonly name: string;
  /** The one layer, a tar. */
  readonly layer: Uint8Array;
  readonly config: Uint8Array;
  /** `sha256:...` of the configuration: what engines call the image. */
  readonly id: string;
  /** NAME@id: how a job asks for an image that was imported and never pulled. */
  readonly reference: string;
}

export type ImageEntry = { readonly path: string; readonly mode?: number } & (
  | { readonly type: 'folder' }
  | { readonly type: 'file'; readonly content: Uint8Array | string }
  | { readonly type: 'link'; readonly to: string }
);

export const sha256Of = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const ARCHITECTURE = process.arch === 'arm64' ? 'arm64' : 'amd64';

interface Entry {
  readonly name: string;
  readonly mode: number;
  readonly type?: 'file' | 'directory' | 'symlink';
  readonly linkname?: string;
}

async function tarOf(entries: readonly (readonly [Entry, Uint8Array | null])[]): Promise<Uint8Array> {
  const archive = pack();
  const whole = buffer(archive);
  for (const [header, content] of entries) {
    const full = { mtime: new Date(0), uid: 0, gid: 0, ...header };
    await new Promise<void>((resolve, reject) => {
      const done = (error?: Error | null): void => (error ? reject(error) : resolve());
      if (content === null) archive.entry(full, done);
      else archive.entry({ ...full, size: content.length }, Buffer.from(content), done);
    });
  }
  archive.finalize();
  return whole;
}

/** Folders above an entry are made when they are not listed. */
export async function testImage(name: string, entries: readonly ImageEntry[], config: ImageConfig = {}): Promise<TestImage> {
  const made = new Set(['.', '']);
  const rows: [Entry, Uint8Array | null][] = [];
  const folder = (path: string, mode: number): void => {
    if (made.has(path)) return;
    folder(posix.dirname(path), 0o755);
    made.add(path);
    rows.push([{ name: `${path}/`, type: 'directory', mode }, null]);
  };
  for (const entry of entries) {
    const path = entry.path.replace(/^\/+/, '');
    if (entry.type === 'folder') folder(path, entry.mode ?? 0o755);
    else {
      folder(posix.dirname(path), 0o755);
      if (entry.type === 'link') rows.push([{ name: path, type: 'symlink', linkname: entry.to, mode: 0o777 }, null]);
      else rows.push([{ name: path, type: 'file', mode: entry.mode ?? 0o755 }, Buffer.from(entry.content)]);
    }
  }
  const layer = await tarOf(rows);
  const full = json({
    architecture: ARCHITECTURE,
    os: 'linux',
    created: '1970-01-01T00:00:00Z',
    config,
    rootfs: { type: 'layers', diff_ids: [sha256Of(layer)] },
    history: [{ created: '1970-01-01T00:00:00Z', created_by: 'nunet tests' }],
  });
  return { name, layer, config: full, id: sha256Of(full), reference: `${name}@${sha256Of(full)}` };
}

/** Puts an image into an engine, under its name as a tag. Gives its id. */
export async function importImage(docker: Docker, image: TestImage): Promise<string> {
  const config = `${image.id.slice('sha256:'.length)}.json`;
  const archive = await tarOf([
    [{ name: config, mode: 0o644 }, image.config],
    [{ name: 'layer.tar', mode: 0o644 }, image.layer],
    [{ name: 'manifest.json', mode: 0o644 }, json([{ Config: config, RepoTags: [`${image.name}:latest`], Layers: ['layer.tar'] }])],
  ]);
  const answer = await buffer(await docker.loadImage(Readable.from([archive])));
  const found = await docker
    .getImage(image.id)
    .inspect()
    .catch(() => null);
  if (found === null) throw new Error(`Cannot import ${image.reference}: the engine said ${answer.toString().slice(0, 500)}`);
  return image.id;
}

/** What is missing to make these images here; null: nothing. */
export function imagesMissing(): string | null {
  if (systemProgram('busybox') === null) return 'no busybox on this system: apt-get install busybox-static';
  return systemProgram('perl') === null ? 'no perl on this system: apt-get install perl-base' : null;
}

/** The static program, and a link for each of its hundreds of commands. */
export async function busyboxEntries(): Promise<ImageEntry[]> {
  const program = systemProgram('busybox');
  if (program === null) throw new Error(`Cannot make a test image: ${imagesMissing()}`);
  const bytes = await readFile(program);

  const list = await new Promise<string>((resolve, reject) =>
    execFile(program, ['--list'], (error, stdout) => (error === null ? resolve(stdout) : reject(error))),
  );
  return [
    { path: 'bin/busybox', type: 'file', content: bytes },
    ...list
      .split('\n')
      .filter((command) => /^[a-z0-9]+$/.test(command) && command !== 'busybox')
      .map((command): ImageEntry => ({ path: `bin/${command}`, type: 'link', to: 'busybox' })),
    { path: 'etc/passwd', type: 'file', mode: 0o644, content: 'root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n' },
    { path: 'tmp', type: 'folder', mode: 0o777 },
    ...['proc', 'sys', 'dev', 'root', 'var/lib'].map((path): ImageEntry => ({ path, type: 'folder' })),
  ];
}

export const busyboxImage = async (config: ImageConfig = {}): Promise<TestImage> =>
  testImage('busybox', await busyboxEntries(), { Cmd: ['/bin/sh'], Env: ['PATH=/bin'], ...config });

/** Busybox, alone, in an engine: the image's id. */
export const importBusybox = async (docker: Docker): Promise<string> => importImage(docker, await busyboxImage());
