// The engine helper's work: answers what the agent asks, one engine, many executions. Knows nothing of how it is reached.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { NunetError } from '@nunet/shared/errors.ts';
import { ContainerExecution } from './container-execution.ts';
import type { ContainerClock } from './execution-record.ts';
import { canMountDisks, isMounted, mountsBelow, removeDisk } from './disk-workspace.ts';
import { openEngine, withRuntime, type Engine } from './engine.ts';
import { translated } from './engine-errors.ts';
import { readState } from './execution-state.ts';
import type { Answer, Ask, ContainerJob, FromHelper, HelperSettings, Place } from './helper-protocol.ts';
import { openDependencies, type Dependencies } from './dependencies.ts';
import { openImageStore, type ImageStore, type ReadyImage } from './images.ts';
import { AGENT_LABEL, EXECUTION_LABEL, makeContainer, removeContainer, type JobContainerParts } from './job-container.ts';
import { isKept, removeMemoryWorkspace } from './memory-workspace.ts';
import { SpareDisks } from './spare-disks.ts';
import { probeEngine, type Probed } from './probe.ts';

export interface HelperDeskParts {
  readonly clock: ContainerClock;
  readonly uid: number;
  tell(message: FromHelper): void;
}

interface Desk {
  readonly settings: HelperSettings;
  readonly engine: Engine;
  readonly images: ImageStore;
  readonly dependencies: Dependencies;
  readonly parts: JobContainerParts;
}

export class HelperDesk {
  readonly #parts: HelperDeskParts;
  readonly #executions = new Map<string, ContainerExecution>();
  readonly #held = new Map<string, () => void>();
  readonly #spareDisks = new SpareDisks();
  readonly #startedAt: number;
  #desk: Promise<Desk> | null = null;

  constructor(parts: HelperDeskParts) {
    this.#parts = parts;
    this.#startedAt = parts.clock.now();
  }

  /** Throws NunetError: what may be told to the agent's owner. */
  async answer(ask: Ask, seq: number, signal: AbortSignal): Promise<Answer> {
    switch (ask.ask) {
      case 'open':
        this.#desk ??= this.#open(ask.settings, signal).catch((error: unknown) => {
          this.#desk = null;
          throw error;
        });
        await this.#desk;
        return { answer: 'done' };
      case 'fingerprint':
        return this.#fingerprint(signal);
      case 'prepare':
        await this.#ready(ask.run, seq, signal);
        return { answer: 'done' };
      case 'anticipate':
        await this.#anticipate(ask.run, ask.diskBytes, seq, signal);
        return { answer: 'done' };
      case 'create':
        await this.#create(ask.job, seq, signal);
        return { answer: 'done' };
      case 'begin':
        await this.#found(ask.place).begin();
        return { answer: 'done' };
      case 'attach':
        await this.#attach(ask.place, ask.heard);
        return { answer: 'done' };
      case 'recover':
        return { answer: 'recovered', state: await this.#recover(ask.place) };
      case 'stop':
        await this.#executions.get(ask.place.id)?.stop(ask.by, ask.message);
        return { answer: 'done' };
      case 'pause':
        await this.#executions.get(ask.place.id)?.pause();
        return { answer: 'done' };
      case 'resume':
        await this.#executions.get(ask.place.id)?.resume();
        return { answer: 'done' };
      case 'remove':
        await this.#remove(ask.place);
        return { answer: 'done' };
      case 'sweep':
        await this.#sweep(ask.places);
        return { answer: 'done' };
    }
  }

  async #open(settings: HelperSettings, signal: AbortSignal): Promise<Desk> {
    const engine = await openEngine(settings, this.#parts.uid);
    await mkdir(settings.workRoot, { recursive: true, mode: 0o700 });
    const images = await openImageStore({
      docker: engine.docker,
      recordPath: join(settings.stateDir, 'images.json'),
      rules: { registries: settings.registries, images: settings.images },
      platform: process.arch === 'arm64' ? 'linux/arm64' : 'linux/amd64',
      maxImageBytes: settings.maxImageBytes,
      budgetBytes: settings.imageBudgetBytes,
      packageIndex: settings.packageIndex,
      now: () => this.#parts.clock.now(),
      elapsed: () => this.#parts.clock.machine(),
    });
    const tried = settings.disk === 'auto' ? ((await canMountDisks(settings.stateDir, signal)) ? 'mount' : 'memory') : settings.disk;
    return this.#deskOf(settings, engine, images, tried);
  }

  #deskOf(settings: HelperSettings, engine: Engine, images: ImageStore, disk: JobContainerParts['disk']): Desk {
    const dependencies = openDependencies({
      docker: engine.docker,
      store: images,
      traits: engine.traits,
      packageIndex: settings.packageIndex,
      downloadHosts: settings.downloadHosts,
      labels: { [AGENT_LABEL]: settings.agent },
      elapsed: () => this.#parts.clock.machine(),
    });
    const parts: JobContainerParts = {
      engine,
      agent: settings.agent,
      stateDir: settings.stateDir,
      disk,
      takeSpareDisk: (bytes) => this.#spareDisks.take(bytes),
    };
    return { settings, engine, images, dependencies, parts };
  }

  async #fingerprint(signal: AbortSignal): Promise<Answer> {
    const { desk, probed } = await this.#probed(signal);
    const { engine } = desk;
    const takes = probed.level === 'container';
    const failed = [...new Set(probed.checks.filter(({ passed }) => !passed).map(({ name }) => name))];
    const quota = desk.parts.disk === 'mount' ? 'disk quota by a filesystem of its own' : 'disk quota in memory';
    const root = engine.isRootless ? 'rootless' : engine.isRemapped ? 'remapped root' : 'root is not remapped';
    const proof = takes
      ? 'no network, read-only root, no capabilities, limits hold'
      : `below the floor, no jobs taken (${failed.join(', ')})`;
    await this.#tellImages();
    return {
      answer: 'fingerprint',
      fingerprint: {
        sandbox: probed.level,
        detail: `${engine.version} (${root}): ${proof}; ${quota}`.slice(0, 1_000),
        checks: [...probed.checks, ...engine.warnings.map((detail) => ({ name: 'engine', passed: true, detail: detail.slice(0, 500) }))],
        takes,
        version: engine.version,
        diskIsMemory: desk.parts.disk === 'memory',
        runtime: engine.traits.runtime,
      },
    };
  }

  /**
   * The strictest way that passes: gVisor where it is there and the owner did not choose, a disk by mounting where the engine sees what
   * is mounted here. What was proven is what jobs run under; with nothing proven the last try says why.
   */
  async #probed(signal: AbortSignal): Promise<{ desk: Desk; probed: Probed }> {
    const first = await this.#opened();
    const { settings, engine, images, parts } = first;
    const runtimes = settings.runtime === 'auto' && engine.traits.runtime === 'runsc' ? ['runsc', 'runc'] : [engine.traits.runtime];
    const disks = parts.disk === 'mount' ? (['mount', 'memory'] as const) : ([parts.disk] as const);
    const ways = runtimes.flatMap((runtime) => disks.map((disk) => this.#deskOf(settings, withRuntime(engine, runtime), images, disk)));
    for (const [i, desk] of ways.entries()) {
      const isLast = i === ways.length - 1;
      const probed = await probeEngine(desk.engine, desk.parts, settings.workRoot, signal).catch((error: unknown) => {
        if (isLast || signal.aborted) throw error;
        return null;
      });
      if (probed?.level !== 'container' && !isLast) continue;
      if (probed === null) break;
      this.#desk = Promise.resolve(desk);
      return { desk, probed };
    }
    throw new NunetError('engine-probe', 'Cannot try the sandbox out: there was no way to do it');
  }

  /** Image and packages, as far as they are missing. */
  async #ready(run: ContainerJob['run'], seq: number, signal: AbortSignal): Promise<ReadyImage> {
    const { images, dependencies } = await this.#opened();
    const progress =
      (phase: 'image' | 'dependencies') =>
      ({ done, total }: { done: number; total: number }): void =>
        this.#parts.tell({ type: 'preparing', seq, phase, done, total });
    const find = async (): Promise<ReadyImage> => {
      if (run.type === 'image') return images.ensure(run.image, { signal, onProgress: progress('image') });
      const base = await images.base(run.base);
      if (run.dependencies.length === 0) return base;
      return dependencies.ensure(base, run.dependencies, { signal, onProgress: progress('dependencies') });
    };
    const image = await find();
    await this.#tellImages();
    return image;
  }

  async #create(job: ContainerJob, seq: number, signal: AbortSignal): Promise<void> {
    const { parts, images, settings } = await this.#opened();
    const image = await this.#ready(job.run, seq, signal);
    const release = images.hold(image.id);
    try {
      const state = await makeContainer(job, image, parts, signal);
      this.#held.set(job.id, release);
      this.#executions.set(
        job.id,
        new ContainerExecution(state, {
          docker: parts.engine.docker,
          clock: this.#parts.clock,
          engineBackMs: settings.engineBackMs,
          tell: (message) => this.#parts.tell(message),
        }),
      );
    } catch (error) {
      release();
      throw error;
    }
  }

  async #anticipate(run: ContainerJob['run'], diskBytes: number, seq: number, signal: AbortSignal): Promise<void> {
    const { parts } = await this.#opened();
    if (parts.disk === 'mount') await this.#spareDisks.add(parts.stateDir, diskBytes, signal).catch(() => undefined);
    await this.#ready(run, seq, signal);
  }

  #found({ id }: Place): ContainerExecution {
    const execution = this.#executions.get(id);
    if (execution === undefined)
      throw new NunetError('execution-unknown', `Cannot reach execution ${id}: the engine helper does not know it`);
    return execution;
  }

  async #attach(place: Place, heard: number): Promise<void> {
    if (this.#executions.has(place.id)) return;
    const { engine, settings } = await this.#opened();
    const state = await readState(place.workDir);
    if (state === null || state.job.id !== place.id)
      throw new NunetError('execution-unknown', `Cannot follow execution ${place.id}: its work folder has no record of it`);
    if (state.result !== null) {
      this.#parts.tell({ type: 'ended', id: place.id, result: state.result });
      return;
    }
    const execution = new ContainerExecution(state, {
      docker: engine.docker,
      clock: this.#parts.clock,
      engineBackMs: settings.engineBackMs,
      tell: (message) => this.#parts.tell(message),
    });
    this.#executions.set(place.id, execution);
    try {
      await execution.attach(heard);
    } catch (error) {
      this.#executions.delete(place.id);
      throw error;
    }
  }

  /** Running, standing still, ended but not collected, or made and not started: there is something to follow. */
  async #recover(place: Place): Promise<'running' | 'gone'> {
    const { engine } = await this.#opened();
    if (this.#executions.has(place.id)) return 'running';
    const state = await readState(place.workDir);
    const [found] = await engine.docker
      .listContainers({ all: true, filters: { label: [`${EXECUTION_LABEL}=${place.id}`] } })
      .catch(translated('engine-lost', 'look for the container of the job'));
    const isWhole = state !== null && state.job.id === place.id && found !== undefined && (await this.#hasDisk(state.disk, place));
    if (isWhole) return 'running';
    await this.#remove(place);
    return 'gone';
  }

  /** A restart of the machine takes both kinds away; a container must never start on the bare folder underneath. */
  async #hasDisk(disk: 'mount' | 'memory', place: Place): Promise<boolean> {
    const { engine } = await this.#opened();
    return disk === 'mount' ? isMounted(place.workDir) : isKept(engine.docker, place.id);
  }

  async #remove(place: Place): Promise<void> {
    const { engine } = await this.#opened();
    const execution = this.#executions.get(place.id);
    // What it would still tell is of no use: the agent asked for its end.
    execution?.forget();
    this.#executions.delete(place.id);
    this.#held.get(place.id)?.();
    this.#held.delete(place.id);
    await removeContainer(engine.docker, place);
  }

  /** What this agent left in the engine and no handle names. */
  async #sweep(places: readonly Place[]): Promise<void> {
    const { engine, settings } = await this.#opened();
    const known = new Set([...places.map(({ id }) => id), ...this.#executions.keys()]);
    /** Without an execution: a step of this agent's own. One that is older than this helper is nobody's any more. */
    const isLeft = (labels: Record<string, string>, created: number): boolean => {
      const id = labels[EXECUTION_LABEL];
      return id === undefined ? created * 1_000 < this.#startedAt : !known.has(id);
    };
    const mine = { label: [`${AGENT_LABEL}=${settings.agent}`] };
    const containers = await engine.docker
      .listContainers({ all: true, filters: mine })
      .catch(translated('engine-lost', 'look for left containers'));
    const left = new Set(containers.flatMap(({ Labels }) => Labels[EXECUTION_LABEL] ?? []));
    const { Volumes } = await engine.docker.listVolumes({ filters: mine }).catch(translated('engine-lost', 'look for left volumes'));
    for (const { Labels } of Volumes ?? []) {
      const id = (Labels as Record<string, string> | null)?.[EXECUTION_LABEL];
      if (id !== undefined) left.add(id);
    }
    for (const { Id, Labels, Created } of containers) {
      if (!isLeft(Labels, Created)) continue;
      await engine.docker
        .getContainer(Id)
        .remove({ force: true, v: true })
        .catch(() => undefined);
    }
    for (const id of left) if (!known.has(id)) await removeMemoryWorkspace(engine.docker, id).catch(() => undefined);
    const folders = new Set(places.map(({ workDir }) => workDir));
    await this.#spareDisks.sweep(settings.stateDir);
    for (const path of await mountsBelow(settings.workRoot)) {
      const folder = join(path, '..');
      if (!folders.has(folder)) await removeDisk(folder).catch(() => undefined);
    }
  }

  async #tellImages(): Promise<void> {
    const { images } = await this.#opened();
    const listing = await images.refresh().catch(() => null);
    if (listing === null) return;
    this.#parts.tell({
      type: 'images',
      listing: { ...listing, references: [...listing.references], dependencies: [...listing.dependencies] },
    });
  }

  async #opened(): Promise<Desk> {
    if (this.#desk === null) throw new NunetError('engine-none', 'Cannot ask the engine: the helper was not told which one');
    return this.#desk;
  }
}
