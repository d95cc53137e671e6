// What of images is here, as plain data that crosses processes, and how long a job would wait for the rest. Pure.
import { createHash } from 'node:crypto';
import type { ContainerWork } from '@nunet/shared/container-program.ts';
import { imageNameOf } from './image-policy.ts';

export interface ImageListing {
  /** `name@sha256:...`, by the digest of a registry or by the engine's own id. */
  readonly references: readonly string[];
  /** Base images by the name of their recipe, with the engine's id. */
  readonly bases: Readonly<Record<string, string>>;
  /** Keys of dependency lists that are installed (`dependenciesKey`). */
  readonly dependencies: readonly string[];
  /** Measured here last; null: not yet. */
  readonly pullBytesPerMs: number | null;
  readonly packagesMs: number | null;
}

export const NOTHING_HERE: ImageListing = { references: [], bases: {}, dependencies: [], pullBytesPerMs: null, packagesMs: null };

/** A quote tells no size: an image of 1 GiB, over a line of 100 Mbit/s unless a pull has been measured. */
const GUESSED_IMAGE_BYTES = 2 ** 30;
const GUESSED_BYTES_PER_MS = 12_500;
/** One package: index page, wheel of some megabytes, unpacking. */
const GUESSED_PACKAGE_MS = 4_000;

/** The same list on the same base from the same index is the same set of packages, whatever its order. */
export function dependenciesKey(baseId: string, dependencies: readonly string[], packageIndex: string): string {
  const list = [...new Set(dependencies)].toSorted();
  return createHash('sha256')
    .update(JSON.stringify([1, baseId, list, packageIndex]))
    .digest('hex');
}

/** What getting image and packages ready would take, ms; 0 where they are here. */
export function expectedImageMs(run: ContainerWork['run'], listing: ImageListing, packageIndex: string | null): number {
  if (run.type === 'image') {
    const { name, digest } = imageNameOf(run.image);
    if (listing.references.includes(`${name}@${digest}`)) return 0;
    return Math.round(GUESSED_IMAGE_BYTES / (listing.pullBytesPerMs ?? GUESSED_BYTES_PER_MS));
  }
  const base = listing.bases[run.base];
  if (run.dependencies.length === 0 || base === undefined || packageIndex === null) return 0;
  if (listing.dependencies.includes(dependenciesKey(base, run.dependencies, packageIndex))) return 0;
  return listing.packagesMs ?? GUESSED_PACKAGE_MS * run.dependencies.length;
}
