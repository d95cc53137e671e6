// The images of this machine: found or pulled by digest, one pull for all who wait for it, collected by least use. Never the owner's.
import { statfs } from 'node:fs/promises';
import { NunetError } from '@nunet/shared/errors.ts';
import type { ContainerWork } from '@nunet/shared/container-program.ts';
import type Docker from 'dockerode';
import { imageNameOf, patternProblem, registryProblem, type ImageName, type ImageRules } from './image-policy.ts';
import { expectedImageMs, type ImageListing } from './image-listing.ts';
import { PULL_BOUNDS, pullImage, type PullBounds } from './image-pull.ts';
import {
  collectable,
  readImageRecord,
  withImage,
  withoutImage,
  writeImageRecord,
  type ImageEntry,
  type ImageRecord,
} from './image-record.ts';
import { readManifest } from './registry-manifest.ts';
import { sharedWork } from './shared-work.ts';

/**
 * Names that only this machine gives. What an image says of itself by its labels proves nothing: one that was pulled could call itself
 * a base image and be handed the scripts of others. A pull is by digest, and gives no tag.
 */
export const BASE_NAMES = 'nunet-base/';
/** The tag is `dependenciesKey` of the list. */
export const PACKAGES_NAME = 'nunet-packages';

export interface ReadyImage {
  /** The engine's id: what a container is made of. */
  readonly id: string;
  /** Unpacked, in bytes. */
  readonly bytes: number;
  readonly inspect: Docker.ImageInspectInfo;
}

export interface ImageProgress {
  readonly done: number;
  readonly total: number;
}

export interface ImageStoreParts {
  readonly docker: Docker;
  /** Of our own images: which, and when they were last used. */
  readonly recordPath: string;
  readonly rules: ImageRules;
  /** As registries write it: `linux/amd64`. */
  readonly platform: string;
  /** Of one image, packed and unpacked. */
  readonly maxImageBytes: number;
  /** Of all that this agent brought. */
  readonly budgetBytes: number;
  readonly packageIndex: string | null;
  /** POSIX ms. */
  now(): number;
  /** Of this machine, for what was measured. */
  elapsed(): number;
  readonly bounds?: Partial<PullBounds>;
  readonly fetch?: typeof fetch;
}

export interface ImageStore {
  /** Found or pulled. Throws `image-...`. */
  ensure(reference: string, options: { signal: AbortSignal; onProgress?: (progress: ImageProgress) => void }): Promise<ReadyImage>;
  /** A base image by the name of its recipe. Throws `image-base-missing`. */
  base(name: string): Promise<ReadyImage>;
  /** The base with these packages on it, when it was made before. */
  withDependencies(key: string): Promise<ReadyImage | null>;
  /** An image that this agent made itself: it may be collected. */
  keep(entry: Omit<ImageEntry, 'lastUsedAt'>, packagesMs?: number): Promise<void>;
  /** While it is held an image is not collected. */
  hold(id: string): () => void;
  /** Down to the budget; says what went. */
  collect(budgetBytes?: number): Promise<readonly ImageEntry[]>;
  /** Reads what is here again. */
  refresh(): Promise<ImageListing>;
  /** As last read. */
  expectedMs(run: ContainerWork['run']): number;
  ours(): Promise<readonly ImageEntry[]>;
}

export async function openImageStore(parts: ImageStoreParts): Promise<ImageStore> {
  const { docker, recordPath } = parts;
  let record = await readImageRecord(recordPath);
  let listing: ImageListing = await listed(docker, record);
  const pulls = sharedWork<ReadyImage, ImageProgress>();
  const held = new Map<string, number>();
  let writing: Promise<unknown> = Promise.resolve();

  // Read again each time: the owner's own command may have collected meanwhile.
  const change = async (edit: (record: ImageRecord) => ImageRecord): Promise<void> => {
    const done = writing.then(async () => {
      record = edit(await readImageRecord(recordPath));
      await writeImageRecord(recordPath, record);
    });
    writing = done.catch(() => undefined);
    await done;
  };
  const touch = async (id: string): Promise<void> => {
    if (!record.images.some((image) => image.id === id)) return;
    await change((all) => ({
      ...all,
      images: all.images.map((image) => (image.id === id ? { ...image, lastUsedAt: parts.now() } : image)),
    }));
  };
  const refresh = async (): Promise<ImageListing> => {
    listing = await listed(docker, record);
    return listing;
  };

  async function collect(budgetBytes = parts.budgetBytes): Promise<readonly ImageEntry[]> {
    const containers = await docker.listContainers({ all: true });
    const inUse = new Set([...held.keys(), ...containers.map(({ ImageID }) => ImageID)]);
    const gone: ImageEntry[] = [];
    for (const image of collectable(record, budgetBytes, inUse)) {
      // Without force: what a container or another image still stands on stays.
      const removed = await docker
        .getImage(image.reference)
        .remove()
        .then(
          () => true,
          (error: unknown) => statusOf(error) === 404,
        );
      if (!removed) continue;
      await change((all) => withoutImage(all, image.reference));
      gone.push(image);
    }
    if (gone.length > 0) await refresh();
    return gone;
  }

  async function pull(
    image: ImageName & { registry: string },
    signal: AbortSignal,
    onProgress: (progress: ImageProgress) => void,
  ): Promise<ReadyImage> {
    const manifest = await readManifest(image, { fetch: parts.fetch ?? fetch, platform: parts.platform, signal });
    const packed = manifest.layers.reduce((sum, { size }) => sum + size, 0);
    if (packed > parts.maxImageBytes) throw tooLarge(image, packed, parts.maxImageBytes);
    await collect(Math.max(0, parts.budgetBytes - packed));
    onProgress({ done: 0, total: packed });
    const { DockerRootDir } = (await docker.info()) as { DockerRootDir: string };
    const freeBytes = async (): Promise<number | null> =>
      statfs(DockerRootDir).then(
        ({ bavail, bsize }) => bavail * bsize,
        () => null,
      );
    const startedAt = parts.elapsed();
    await pullImage(docker, image, manifest, { ...PULL_BOUNDS, freeBytes, ...parts.bounds }, { signal, onProgress });
    const tookMs = Math.max(1, parts.elapsed() - startedAt);
    const reference = `${image.name}@${image.digest}`;
    try {
      const ready = await found(docker, image);
      if (ready === null) throw new NunetError('image-digest', `Cannot use ${reference}: the engine has pulled something else`);
      checkPlatform(ready, image, parts.platform);
      if (ready.bytes > parts.maxImageBytes) throw tooLarge(image, ready.bytes, parts.maxImageBytes);
      const entry: ImageEntry = { id: ready.id, reference, kind: 'pulled', bytes: ready.bytes, lastUsedAt: parts.now() };
      await change((all) => ({ ...withImage(all, entry), pullBytesPerMs: packed > 0 ? packed / tookMs : all.pullBytesPerMs }));
      return ready;
    } catch (error) {
      await docker
        .getImage(reference)
        .remove()
        .catch(() => undefined);
      throw error;
    }
  }

  return {
    async ensure(reference, { signal, onProgress = () => undefined }) {
      signal.throwIfAborted();
      const image = imageNameOf(reference);
      const refused = patternProblem(reference, parts.rules);
      if (refused !== null) throw new NunetError(refused.code, refused.message);
      const here = await found(docker, image);
      if (here !== null) {
        checkPlatform(here, image, parts.platform);
        await touch(here.id);
        return here;
      }
      const problem = registryProblem(reference, parts.rules);
      const { registry } = image;
      if (problem !== null || registry === null) throw new NunetError(problem?.code ?? 'image-registry', problem?.message ?? reference);
      const begin = async (within: AbortSignal, tell: (progress: ImageProgress) => void): Promise<ReadyImage> =>
        pull({ ...image, registry }, within, tell);
      const ready = await pulls.run(`${image.name}@${image.digest}`, begin, { signal, onProgress });
      await refresh();
      return ready;
    },
    async base(name) {
      await refresh();
      const id = listing.bases[name];
      if (id === undefined)
        throw new NunetError(
          'image-base-missing',
          `Cannot use base image ${name}: it is not on this machine; its owner runs "nunet-agent images build ${name}"`,
        );
      return readyOf(docker, id);
    },
    async withDependencies(key) {
      const image = await inspected(docker, `${PACKAGES_NAME}:${key}`);
      if (image !== null) await touch(image.id);
      return image;
    },
    async keep(made, packagesMs) {
      const entry = { ...made, lastUsedAt: parts.now() };
      await change((all) => ({ ...withImage(all, entry), packagesMs: packagesMs ?? all.packagesMs }));
      await refresh();
    },
    hold(id) {
      held.set(id, (held.get(id) ?? 0) + 1);
      let isHeld = true;
      return () => {
        if (!isHeld) return;
        isHeld = false;
        const left = (held.get(id) ?? 1) - 1;
        if (left === 0) held.delete(id);
        else held.set(id, left);
      };
    },
    collect,
    refresh,
    expectedMs: (run) => expectedImageMs(run, listing, parts.packageIndex),
    ours: async () => record.images,
  };
}

const tooLarge = (image: ImageName, bytes: number, maxBytes: number): NunetError =>
  new NunetError('image-too-large', `Cannot use ${image.name}: it takes ${bytes} bytes, want at most ${maxBytes}`);

function checkPlatform({ inspect }: ReadyImage, image: ImageName, platform: string): void {
  const real = `${inspect.Os}/${inspect.Architecture}`;
  if (real !== platform) throw new NunetError('image-platform', `Cannot use ${image.name}: it is for ${real}, this machine is ${platform}`);
}

/** By the digest of a registry, or by the engine's own id under that name: either names these very bytes. */
async function found(docker: Docker, image: ImageName): Promise<ReadyImage | null> {
  const reference = `${image.name}@${image.digest}`;
  const pulled = await inspected(docker, reference);
  if (pulled?.inspect.RepoDigests?.some((known) => sameName(known, image)) === true) return pulled;
  const imported = await inspected(docker, image.digest);
  if (imported?.id !== image.digest) return null;
  return tagsOf(imported.inspect.RepoTags).some((tag) => nameOf(tag) === image.name) ? imported : null;
}

/** Engines drop their default registry from a name, or write it out: the digest decides. */
const sameName = (known: string, image: ImageName): boolean =>
  known.endsWith(`@${image.digest}`) && (nameOf(known) === image.name || nameOf(known).endsWith(`/${image.repository}`));

/** Without tag and digest. */
export function nameOf(reference: string): string {
  const [path = ''] = reference.split('@');
  const colon = path.indexOf(':', path.lastIndexOf('/') + 1);
  return colon === -1 ? path : path.slice(0, colon);
}

async function inspected(docker: Docker, reference: string): Promise<ReadyImage | null> {
  try {
    return await readyOf(docker, reference);
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw new NunetError('image-engine', 'Cannot look up an image: the engine does not answer', { cause: error });
  }
}

async function readyOf(docker: Docker, reference: string): Promise<ReadyImage> {
  const inspect = await docker.getImage(reference).inspect();
  return { id: inspect.Id, bytes: inspect.Size, inspect };
}

const statusOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : undefined;

async function listed(docker: Docker, record: ImageRecord): Promise<ImageListing> {
  const images = (await docker.listImages()).toSorted((a, b) => a.Created - b.Created);
  const tags = images.flatMap(({ Id, RepoTags }) =>
    tagsOf(RepoTags).map((tag) => ({ id: Id, name: nameOf(tag), tag: tag.slice(nameOf(tag).length + 1) })),
  );
  return {
    references: [
      ...images.flatMap(({ RepoDigests }) => (RepoDigests ?? []).filter((known) => !known.startsWith('<none>'))),
      ...tags.map(({ id, name }) => `${name}@${id}`),
    ],
    // The newest of a name comes last, and stands.
    bases: Object.fromEntries(tags.flatMap(({ id, name }) => (name.startsWith(BASE_NAMES) ? [[name.slice(BASE_NAMES.length), id]] : []))),
    dependencies: tags.filter(({ name }) => name === PACKAGES_NAME).map(({ tag }) => tag),
    pullBytesPerMs: record.pullBytesPerMs,
    packagesMs: record.packagesMs,
  };
}

/** Podman writes a registry of its own before names that have none. */
const tagsOf = (tags: readonly string[] | null | undefined): string[] =>
  (tags ?? []).filter((tag) => !tag.startsWith('<none>')).map((tag) => tag.replace(/^localhost\//, ''));
