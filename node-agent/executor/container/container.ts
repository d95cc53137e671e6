// The container executor in the agent's process: a client of the engine helper. No engine socket, no container options, no library of either here.
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { NunetError } from '@nunet/shared/errors.ts';
import type { JobSpec } from '@nunet/shared/job-spec.ts';
import type { QuoteRequest } from '@nunet/shared/quote.ts';
import type {
  ExecutionEvent,
  ExecutionHandle,
  ExecutionRequest,
  ExecutionResult,
  Executor,
  ExecutorFingerprint,
  PrepareProgress,
  StopReason,
} from '../executor.ts';
import type { ExecutionClock } from '../embedded-execution.ts';
import type { ContainerJob, ContainerResult, HelperSettings, Place } from './helper-protocol.ts';
import { HelperProcess, type Told } from './helper-process.ts';
import { expectedImageMs, NOTHING_HERE, type ImageListing } from './image-listing.ts';

const KIND = 'container';
/** A helper that dies at each start must not be started for ever without a pause. */
const AGAIN_MS = 500;
const MAX_BUFFERED = 20_000;
const ANTICIPATE_MS = 10 * 60_000;

export interface ContainerExecutorOptions {
  readonly clock: ExecutionClock;
  readonly settings: HelperSettings;
  /** What of a request's `gpus` a container can be given. Throws `gpu-...`. */
  devicesOf?(gpus: readonly string[]): Promise<ContainerJob['gpus']>;
}

/** What the agent knows of one execution; the helper may come and go. */
interface Proxy {
  readonly handle: ExecutionHandle;
  readonly result: Promise<ExecutionResult>;
  settle(result: ExecutionResult): void;
  fail(error: Error): void;
  readonly listeners: Set<(event: ExecutionEvent) => void>;
  buffered: ExecutionEvent[];
  /** Lines told by this or an earlier wait: what a new helper is not to tell again. */
  heard: number;
  billedMs: number;
  /** Monotonic; null: nothing is billed now. */
  billingSince: number | null;
  timeLimitMs: number;
  isOver: boolean;
  /** Some helper has been asked to follow it. */
  isFollowed: boolean;
}

export class ContainerExecutor implements Executor {
  readonly kind = KIND;
  readonly #options: ContainerExecutorOptions;
  readonly #helper: HelperProcess;
  readonly #proxies = new Map<string, Proxy>();
  #fingerprint: Promise<ExecutorFingerprint> | null = null;
  #images: ImageListing = NOTHING_HERE;
  #isClosed = false;

  constructor(options: ContainerExecutorOptions) {
    this.#options = options;
    this.#helper = new HelperProcess({
      settings: options.settings,
      told: (message) => this.#told(message),
      lost: () => this.#lost(),
      isNeeded: () => [...this.#proxies.values()].some(({ isOver }) => !isOver),
    });
  }

  /** Of the helper; null while none runs. */
  get helperPid(): number | null {
    return this.#helper.pid;
  }

  /** Without an engine it takes no kinds, and says why. */
  fingerprint(signal: AbortSignal): Promise<ExecutorFingerprint> {
    this.#fingerprint ??= this.#probe(signal).catch((error: unknown) => {
      this.#fingerprint = null;
      throw error;
    });
    return this.#fingerprint;
  }

  async #probe(signal: AbortSignal): Promise<ExecutorFingerprint> {
    const answer = await this.#helper.ask({ ask: 'fingerprint' }, signal).catch((error: unknown) => {
      if (error instanceof NunetError && error.code.startsWith('engine-')) return error;
      throw error;
    });
    if (answer instanceof NunetError) {
      await this.#helper.rest();
      return { sandbox: 'none', detail: answer.message, checks: [], kinds: [], version: 'no container engine' };
    }
    if (answer.answer !== 'fingerprint') throw wrongAnswer();
    const { sandbox, detail, checks, takes, version, diskIsMemory, runtime } = answer.fingerprint;
    this.#helper.settle({ runtime: runtime === 'runsc' ? 'runsc' : 'runc', disk: diskIsMemory ? 'memory' : 'mount' });
    return {
      sandbox,
      detail,
      checks,
      version,
      kinds: takes ? ['container'] : [],
      ...(takes ? {} : { ownKinds: ['container'] as const }),
      ...(diskIsMemory ? { diskIsMemory: true as const } : {}),
    };
  }

  async prepare(request: ExecutionRequest, signal: AbortSignal, onProgress?: (progress: PrepareProgress) => void): Promise<void> {
    const { kinds, detail } = await this.fingerprint(signal);
    if (kinds.length === 0 && request.isOwn !== true)
      throw new NunetError('sandbox-below-floor', `Cannot run the job: the sandbox is ${detail}`);
    const { run } = await this.#jobOf(request, '0'.repeat(32));
    await this.#helper.ask({ ask: 'prepare', run }, signal, ({ phase, done, total }) => onProgress?.({ phase, done, total }));
  }

  expectedStartMs(work: QuoteRequest['work']): number {
    return work.kind === 'container' ? expectedImageMs(work.run, this.#images, this.#options.settings.packageIndex) : 0;
  }

  /** As last read. */
  hasImage(reference: string): boolean {
    return this.#images.references.includes(reference);
  }

  /** Wakes the helper up and has image and disk got ready, so that they need not be waited for when the inputs are here. */
  anticipate(_jobId: string, spec: JobSpec): void {
    if (spec.program.kind !== 'container') return;
    const { run } = spec.program;
    const { diskBytes } = spec.resources;
    const signal = AbortSignal.timeout(ANTICIPATE_MS);
    this.fingerprint(signal)
      .then(async ({ kinds }) => (kinds.length === 0 ? undefined : this.#helper.ask({ ask: 'anticipate', run, diskBytes }, signal)))
      .catch(() => undefined);
  }

  async start(
    request: ExecutionRequest,
    saveHandle: (handle: ExecutionHandle) => Promise<void>,
    signal: AbortSignal,
  ): Promise<ExecutionHandle> {
    const id = randomBytes(16).toString('hex');
    const { jobId, workDir, spec } = request;
    const handle: ExecutionHandle = { v: 1, executor: KIND, id, jobId, workDir, pid: null, bootId: null, startTime: null };
    const job = await this.#jobOf(request, id);
    const place: Place = { id, workDir };
    try {
      await this.#helper.ask({ ask: 'create', job }, signal);
      await saveHandle(handle);
    } catch (error) {
      // Nothing has run; what was made goes again, by a new helper if need be.
      await this.#helper.ask({ ask: 'remove', place }).catch(() => undefined);
      await rm(workDir, { recursive: true, force: true });
      throw error;
    }
    const proxy = this.#proxyOf(handle, 0, spec.timeLimitMs);
    try {
      await this.#helper.ask({ ask: 'begin', place });
    } catch (error) {
      // The handle is saved: a helper that died in between is replaced by one that finds the container made, and starts it.
      if (!isLost(error)) throw error;
      await this.#follow(proxy);
    }
    return handle;
  }

  async wait(handle: ExecutionHandle, onEvent: (event: ExecutionEvent) => void, signal: AbortSignal, heard = 0): Promise<ExecutionResult> {
    let proxy = this.#proxies.get(handle.id);
    if (proxy === undefined)
      throw new NunetError('execution-unknown', `Cannot wait for execution ${handle.id}: this process did not start it`);
    if (!proxy.isFollowed) {
      proxy.heard = heard;
      await this.#follow(proxy);
    }
    for (const event of proxy.buffered.splice(0)) onEvent(event);
    proxy.listeners.add(onEvent);
    const aborted = Promise.withResolvers<never>();
    const abort = (): void => aborted.reject(signal.reason);
    signal.addEventListener('abort', abort);
    try {
      signal.throwIfAborted();
      return await Promise.race([proxy.result, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', abort);
      proxy.listeners.delete(onEvent);
    }
  }

  async stop(handle: ExecutionHandle, { by, message }: StopReason): Promise<void> {
    const proxy = this.#proxies.get(handle.id);
    if (proxy === undefined || proxy.isOver) return;
    await this.#followed(proxy);
    await this.#persist({ ask: 'stop', place: placeOf(handle), by, message: message.slice(0, 500) }, proxy);
  }

  async pause(handle: ExecutionHandle): Promise<void> {
    await this.#whileRunning(handle, 'pause');
  }

  async resume(handle: ExecutionHandle): Promise<void> {
    await this.#whileRunning(handle, 'resume');
  }

  billed(handle: ExecutionHandle): number {
    const proxy = this.#proxies.get(handle.id);
    if (proxy === undefined) return 0;
    const running = proxy.billingSince === null ? 0 : this.#options.clock.monotonic() - proxy.billingSince;
    return Math.min(proxy.timeLimitMs, Math.ceil(proxy.billedMs + running));
  }

  async remove(handle: ExecutionHandle): Promise<void> {
    const proxy = this.#proxies.get(handle.id);
    const place = placeOf(handle);
    await this.#helper.ask({ ask: 'remove', place }).catch(async (error: unknown) => {
      if (!isLost(error)) throw error;
      await this.#helper.ask({ ask: 'remove', place });
    });
    if (proxy !== undefined && !proxy.isOver) this.#end(proxy, removedResult(this.billed(handle)));
    this.#proxies.delete(handle.id);
    await rm(handle.workDir, { recursive: true, force: true });
  }

  async recover(handle: ExecutionHandle): Promise<'running' | 'gone'> {
    const proxy = this.#proxies.get(handle.id);
    if (proxy !== undefined) return 'running';
    const answer = await this.#helper.ask({ ask: 'recover', place: placeOf(handle) });
    if (answer.answer !== 'recovered') throw wrongAnswer();
    if (answer.state === 'running') this.#proxyOf(handle, 0, Number.MAX_SAFE_INTEGER).isFollowed = false;
    return answer.state;
  }

  async sweep(handles: readonly ExecutionHandle[]): Promise<void> {
    await this.#helper.ask({ ask: 'sweep', places: handles.map(placeOf) });
  }

  /** Lets go of the engine. What still runs goes on, and the next start finds it again: a stop of the agent has ended its jobs before. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#helper.close();
    for (const proxy of this.#proxies.values())
      if (!proxy.isOver)
        proxy.fail(new NunetError('executor-closed', `Cannot wait for execution ${proxy.handle.id}: the executor was closed`));
    this.#proxies.clear();
  }

  async #jobOf(request: ExecutionRequest, id: string): Promise<ContainerJob> {
    const { jobId, spec, workDir, gpus } = request;
    const { program } = spec;
    if (program.kind !== 'container')
      throw new NunetError('spec-kind', `Cannot start the job: its kind is ${program.kind}, this executor takes container`);
    const names = [...spec.inputs.map(({ name }) => name), ...program.downloads.map(({ name }) => name)];
    const wanted = program.run.type === 'script' ? [program.run.script] : [];
    for (const name of [...wanted, ...(program.resumeFrom === null ? [] : [program.resumeFrom])])
      if (!names.includes(name)) throw new NunetError('program-input', `Cannot run the job: ${name} is none of its inputs`);
    if (new Set(names).size !== names.length)
      throw new NunetError('program-input', 'Cannot run the job: two of its inputs have the same name');
    if (gpus.length > 0 && this.#options.devicesOf === undefined)
      throw new NunetError('gpu-none', `Cannot give the job ${gpus.length} GPUs: this agent lends none`);
    return {
      v: 1,
      id,
      jobId,
      workDir,
      run: program.run,
      environment: program.environment,
      resources: spec.resources,
      timeLimitMs: spec.timeLimitMs,
      outputLimitBytes: spec.outputLimitBytes,
      checkpointEveryMs: program.checkpointEveryMs,
      resumeFrom: program.resumeFrom,
      inputs: names.map((name) => ({ name, path: request.inputPath(name) })),
      gpus: gpus.length === 0 ? [] : ((await this.#options.devicesOf?.(gpus)) ?? []),
    };
  }

  #proxyOf(handle: ExecutionHandle, heard: number, timeLimitMs: number): Proxy {
    const { promise, resolve, reject } = Promise.withResolvers<ExecutionResult>();
    // Whoever waits hears of it.
    promise.catch(() => undefined);
    const proxy: Proxy = {
      handle,
      result: promise,
      settle: resolve,
      fail: reject,
      listeners: new Set(),
      buffered: [],
      heard,
      billedMs: 0,
      billingSince: null,
      timeLimitMs,
      isOver: false,
      isFollowed: true,
    };
    this.#proxies.set(handle.id, proxy);
    return proxy;
  }

  #told(message: Told): void {
    if (message.type === 'images') {
      this.#images = message.listing;
      return;
    }
    const proxy = this.#proxies.get(message.id);
    if (proxy === undefined || proxy.isOver) return;
    switch (message.type) {
      case 'billing':
        proxy.billedMs = message.billedMs;
        proxy.billingSince = message.running ? this.#options.clock.monotonic() : null;
        return;
      case 'ended':
        this.#end(proxy, resultOf(message.result));
        return;
      case 'event': {
        if (message.event.type === 'log') proxy.heard += 1;
        if (proxy.listeners.size > 0) for (const listener of proxy.listeners) listener(message.event);
        else if (proxy.buffered.length < MAX_BUFFERED || message.event.type === 'checkpoint') proxy.buffered.push(message.event);
      }
    }
  }

  #end(proxy: Proxy, result: ExecutionResult): void {
    proxy.isOver = true;
    proxy.billedMs = result.billedMs;
    proxy.billingSince = null;
    proxy.settle(result);
  }

  /** The helper died: a new one follows what the old one did, from the line where it stopped. */
  #lost(): void {
    if (this.#isClosed) return;
    for (const proxy of this.#proxies.values()) {
      if (proxy.isOver || !proxy.isFollowed) continue;
      proxy.isFollowed = false;
      this.#follow(proxy).catch((error: unknown) => proxy.fail(error instanceof Error ? error : new Error(String(error))));
    }
  }

  async #follow(proxy: Proxy): Promise<void> {
    if (proxy.isFollowed && proxy.billingSince !== null) return;
    proxy.isFollowed = true;
    for (let tries = 0; ; tries++) {
      try {
        await this.#helper.ask({ ask: 'attach', place: placeOf(proxy.handle), heard: proxy.heard });
        return;
      } catch (error) {
        if (!isLost(error) || this.#isClosed || tries >= 20) throw error;
        await delay(AGAIN_MS, undefined, { ref: false });
      }
    }
  }

  async #followed(proxy: Proxy): Promise<void> {
    if (!proxy.isFollowed) await this.#follow(proxy);
  }

  async #whileRunning(handle: ExecutionHandle, ask: 'pause' | 'resume'): Promise<void> {
    const proxy = this.#proxies.get(handle.id);
    if (proxy === undefined || proxy.isOver) return;
    await this.#followed(proxy);
    await this.#persist({ ask, place: placeOf(handle) }, proxy);
  }

  /** Asked again of a new helper when the one that was asked died over it. */
  async #persist(ask: Parameters<HelperProcess['ask']>[0], proxy: Proxy): Promise<void> {
    for (let tries = 0; ; tries++) {
      try {
        await this.#helper.ask(ask);
        return;
      } catch (error) {
        if (!isLost(error) || proxy.isOver || tries >= 3) throw error;
        await this.#follow(proxy);
      }
    }
  }
}

const placeOf = ({ id, workDir }: ExecutionHandle): Place => ({ id, workDir });
const isLost = (error: unknown): boolean => error instanceof NunetError && error.code === 'helper-lost';
const wrongAnswer = (): NunetError =>
  new NunetError('engine-helper', 'Cannot use the answer of the engine helper: it answers something else');

const resultOf = ({
  exit,
  billedMs,
  usage: { cpuMs, peakMemoryBytes, ...usage },
  imageId,
  outputs,
  metrics,
}: ContainerResult): ExecutionResult => ({
  exit,
  billedMs,
  cpuMs,
  peakMemoryBytes,
  usage,
  imageId,
  outputs,
  metrics,
});

const removedResult = (billedMs: number): ExecutionResult => ({
  exit: { kind: 'computeProviderFault', code: 'agent-stopped', message: 'The execution was removed' },
  billedMs,
  cpuMs: 0,
  peakMemoryBytes: 0,
  outputs: [],
  metrics: [],
});
