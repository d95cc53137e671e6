// Lists of exact versions on top of a base image: installed once before billed time, and from then on an image like any other.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { NunetError } from '@nunet/shared/errors.ts';
import type Docker from 'dockerode';
import { SYSTEM_WEB } from '../../fetch/web-request.ts';
import { dependenciesKey } from './image-listing.ts';
import { PACKAGES_NAME, type ImageProgress, type ImageStore, type ReadyImage } from './images.ts';
import type { EngineTraits } from './limits.ts';
import { repacked } from './package-archive.ts';
import { packageServer, type IndexAccess } from './package-index.ts';
import { normalName, normalVersion, pinnedOf } from './package-names.ts';
import { runPackageStep } from './package-step.ts';
import { stepFolderBytes, type StepBounds } from './package-step-limits.ts';
import { sharedWork } from './shared-work.ts';

export interface DependencyParts {
  readonly docker: Docker;
  readonly store: ImageStore;
  readonly traits: EngineTraits;
  /** null: none is configured, and jobs with dependencies are refused. */
  readonly packageIndex: string | null;
  /** Hosts beside the index's own that it may name files on. */
  readonly downloadHosts: readonly string[];
  /** On everything that is made in the engine. */
  readonly labels: Readonly<Record<string, string>>;
  readonly elapsed: () => number;
  readonly web?: Pick<IndexAccess, 'web' | 'isAllowedAddress' | 'idleMs'>;
  readonly bounds?: StepBounds;
  readonly timeoutMs?: number;
}

export interface Dependencies {
  /** The base with these packages on it; the base itself where the list is empty. Progress in packages. Throws `dependency-...`. */
  ensure(
    base: ReadyImage,
    list: readonly string[],
    options: { signal: AbortSignal; onProgress?: (progress: ImageProgress) => void },
  ): Promise<ReadyImage>;
}

/** Twice what a job with scikit-learn's usual company needs. */
export const STEP_BOUNDS: StepBounds = { memoryBytes: 2 * 2 ** 30, cpus: 1 };
const STEP_TIMEOUT_MS = 15 * 60_000;
const MAX_ENTRIES = 200_000;

export function openDependencies(parts: DependencyParts): Dependencies {
  const { docker, store, packageIndex } = parts;
  const works = sharedWork<ReadyImage, ImageProgress>();
  return {
    async ensure(base, list, { signal, onProgress = () => undefined }) {
      if (list.length === 0) return base;
      if (packageIndex === null)
        throw new NunetError('dependency-index', 'Cannot install packages: this agent has no package index configured');
      checkList(list);
      const key = dependenciesKey(base.id, list, packageIndex);
      const made = await store.withDependencies(key);
      if (made !== null) return made;
      return works.run(key, async (within, tell) => install(key, base, list, packageIndex, within, tell), { signal, onProgress });
    },
  };

  async function install(
    key: string,
    base: ReadyImage,
    list: readonly string[],
    index: string,
    signal: AbortSignal,
    tell: (progress: ImageProgress) => void,
  ): Promise<ReadyImage> {
    const startedAt = parts.elapsed();
    const bounds = parts.bounds ?? STEP_BOUNDS;
    const sorted = [...new Set(list)].toSorted();
    const folder = await mkdtemp(join(tmpdir(), 'nunet-packages-'));
    const release = store.hold(base.id);
    try {
      const access = {
        web: SYSTEM_WEB,
        ...parts.web,
        packageIndex: index,
        downloadHosts: parts.downloadHosts,
        maxBytes: stepFolderBytes(bounds),
      };
      const server = packageServer(sorted, folder, access);
      const onProgress = (): void => tell({ done: server.done, total: sorted.length });
      onProgress();
      const { traits, labels, timeoutMs = STEP_TIMEOUT_MS } = parts;
      const step = { imageId: base.id, list: sorted, server, traits, bounds, labels, timeoutMs, signal, onProgress };
      const bytes = await runPackageStep(docker, step, async (tar, place) => commit(key, base, tar, place, bounds, signal));
      const ready = await store.withDependencies(key);
      if (ready === null) throw new NunetError('dependency-engine', 'Cannot install the packages: the engine has lost what was installed');
      const entry = { id: ready.id, reference: `${PACKAGES_NAME}:${key}`, kind: 'dependencies' as const, bytes };
      await store.keep(entry, parts.elapsed() - startedAt);
      await store.collect();
      return ready;
    } finally {
      release();
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Onto a container of the base that never runs, and that into an image. Resolves with the bytes of the packages. */
  async function commit(
    key: string,
    base: ReadyImage,
    tar: Readable,
    place: string,
    bounds: StepBounds,
    signal: AbortSignal,
  ): Promise<number> {
    const { tar: clean, written } = repacked(tar, place, { maxBytes: stepFolderBytes(bounds), maxEntries: MAX_ENTRIES }, signal);
    const container = await docker.createContainer({ Image: base.id, Labels: { ...parts.labels }, NetworkDisabled: true });
    try {
      // The archive's own refusal says more than the engine's that its input broke off.
      const [bytes] = await Promise.all([written, container.putArchive(clean, { path: '/' })]);
      await container.commit({ repo: PACKAGES_NAME, tag: key, pause: false, comment: 'packages of a list', abortSignal: signal });
      return bytes;
    } finally {
      await container.remove({ force: true, v: true }).catch(() => undefined);
    }
  }
}

/** The same package twice in two versions means nothing. */
function checkList(list: readonly string[]): void {
  const versions = new Map<string, string>();
  for (const entry of list) {
    const { name, version } = pinnedOf(entry);
    const before = versions.get(normalName(name));
    if (before !== undefined && normalVersion(before) !== normalVersion(version))
      throw new NunetError('dependency-list', `Cannot install ${name}: the list wants both ${before} and ${version}`);
    versions.set(normalName(name), version);
  }
}
