// Base images in the engine: imported from a tar of a file tree, listed, removed.
import type { Readable } from 'node:stream';
import { NunetError } from '@nunet/shared/errors.ts';
import type Docker from 'dockerode';
import { z } from 'zod';
import { BASE_NAMES, nameOf } from './images.ts';
import { RECIPES, recipeHash, type BaseRecipe } from './base-image-recipes.ts';

/** For whoever looks at the engine's own list; nothing is decided by it. */
const RECIPE_LABEL = 'nunet.recipe';
const HASH_LABEL = 'nunet.recipe-hash';

/** Of the image, so that a plain `docker run` of it does what a job's container does. */
const changesOf = (labels: Readonly<Record<string, string>>): string =>
  [
    'ENV PATH=/usr/local/bin:/usr/bin:/bin',
    'ENV LANG=C.UTF-8',
    'USER 65534:65534',
    'WORKDIR /',
    'CMD ["python3"]',
    ...Object.entries(labels).map(([name, value]) => `LABEL ${name}=${value}`),
  ].join('\n');

export interface BaseImage {
  readonly name: string;
  readonly id: string;
  readonly tag: string;
  readonly bytes: number;
  /** POSIX ms. */
  readonly madeAt: number;
  /** Made by the recipe as this version of the program has it; false too for images from elsewhere. */
  readonly isCurrent: boolean;
}

const answer = z.object({ status: z.string().optional(), error: z.string().optional() });

/** From a tar, packed or not. Resolves with the engine's id. Throws `image-import`. */
export async function importBaseImage(docker: Docker, recipe: BaseRecipe, tar: Readable, signal: AbortSignal): Promise<string> {
  const hash = recipeHash(recipe);
  const changes = changesOf({ [RECIPE_LABEL]: recipe.name, [HASH_LABEL]: hash });
  const repo = `${BASE_NAMES}${recipe.name}`;
  let last = '';
  try {
    const stream = await docker.importImage(tar, { repo, tag: tagOf(recipe), changes, abortSignal: signal });
    for await (const chunk of stream) last = `${last}${String(chunk)}`.slice(-4_096);
  } catch (cause) {
    signal.throwIfAborted();
    throw new NunetError('image-import', `Cannot import ${recipe.name}: the engine refused it`, { cause });
  }
  const lines = last.split('\n').filter((line) => line.trim() !== '');
  const said = lines.map((line) => answer.safeParse(JSON.parse(line))).map(({ data }) => data);
  const error = said.find((line) => line?.error !== undefined)?.error;
  const id = said.at(-1)?.status;
  if (error !== undefined || id === undefined || !/^sha256:[0-9a-f]{64}$/.test(id))
    throw new NunetError('image-import', `Cannot import ${recipe.name}: the engine says: ${(error ?? id ?? 'nothing').slice(0, 300)}`);
  return id;
}

const tagOf = (recipe: BaseRecipe): string => recipeHash(recipe).slice(0, 12);

/** Newest first. */
export async function listBaseImages(docker: Docker): Promise<BaseImage[]> {
  const images = (await docker.listImages()).toSorted((a, b) => b.Created - a.Created);
  return images.flatMap(({ Id, RepoTags, Size, Created }) =>
    (RepoTags ?? []).flatMap((reference) => {
      const name = nameOf(reference).replace(/^localhost\//, '');
      if (!name.startsWith(BASE_NAMES)) return [];
      const recipe = RECIPES.find((known) => `${BASE_NAMES}${known.name}` === name);
      const isCurrent = recipe !== undefined && reference.endsWith(`:${tagOf(recipe)}`);
      return [{ name: name.slice(BASE_NAMES.length), id: Id, tag: reference, bytes: Size, madeAt: Created * 1_000, isCurrent }];
    }),
  );
}

/** Throws `image-base-missing`, `image-in-use`. */
export async function removeBaseImage(docker: Docker, name: string): Promise<BaseImage[]> {
  const found = (await listBaseImages(docker)).filter((image) => image.name === name);
  if (found.length === 0) throw new NunetError('image-base-missing', `Cannot remove ${name}: no such base image is here`);
  for (const image of found) {
    await docker
      .getImage(image.tag)
      .remove()
      .catch((cause: unknown) => {
        throw new NunetError('image-in-use', `Cannot remove ${image.tag}: a container or a set of packages still stands on it`, { cause });
      });
  }
  return found;
}
