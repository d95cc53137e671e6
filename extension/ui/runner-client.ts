// RunnerClient: a page's side of extension/messages.ts. Asks with ids, keeps what the runner pushes as signals, and opens the port again
// when the runner falls silent. What it shows is only what the runner said.
import { signal, type ReadonlySignal } from '@preact/signals';
import { NunetError } from '@nunet/shared/errors.ts';
import type { Answers, AppState, JobSnapshot, LiveState, PageRequest, RunnerMessage } from '../messages.ts';

/** The runner pushes the chain's tip every few seconds; a page that hears nothing asks. */
const QUIET_MS = 4_000;
/** Long enough for a runner that hashes a large file between two messages. */
const SILENT_MS = 12_000;
const TICK_MS = 1_000;
/** Between two requests for the host while it is missing. */
const ENSURE_MS = 3_000;

export interface ClientNeeds {
  /** Opens a port to the runner, starting it where it does not run. */
  open(): MessagePort;
  /** Asks the background script for the host of the frames. */
  ensureHost(): void;
  now(): number;
  /** Calls again and again until the given function is called. */
  every(ms: number, act: () => void): () => void;
}

interface Pending {
  resolve: (value: never) => void;
  reject: (error: NunetError) => void;
}

type Lines = (from: number, lines: readonly string[]) => void;

export class RunnerClient {
  readonly #needs: ClientNeeds;
  readonly #app = signal<AppState | null>(null);
  readonly #job = signal<JobSnapshot | null>(null);
  readonly #live = signal<LiveState | null>(null);
  readonly #silent = signal(false);
  readonly #ready = signal(false);
  readonly #listeners = new Set<Lines>();
  readonly #pending = new Map<number, Pending>();
  readonly #stop: () => void;
  #port: MessagePort;
  #nextId = 0;
  #watched: string | null = null;
  #heardAt: number;
  #askedAt: number | null = null;
  #ensuredAt = -Infinity;

  constructor(needs: ClientNeeds) {
    this.#needs = needs;
    this.#heardAt = needs.now();
    this.#port = this.#connect();
    this.#watchAgain();
    this.#stop = needs.every(TICK_MS, () => this.#tick());
  }

  /** Null until the runner has spoken. */
  get app(): ReadonlySignal<AppState | null> {
    return this.#app;
  }

  /** The watched job; null until the runner has told of it. */
  get job(): ReadonlySignal<JobSnapshot | null> {
    return this.#job;
  }

  /** Its quick parts, apart so that ten changes a second draw little. */
  get live(): ReadonlySignal<LiveState | null> {
    return this.#live;
  }

  /** The runner has answered once, so that it has opened its jobs: before that, an empty list says nothing. */
  get ready(): ReadonlySignal<boolean> {
    return this.#ready;
  }

  /** The runner has not answered for a while; the port is being opened again. */
  get silent(): ReadonlySignal<boolean> {
    return this.#silent;
  }

  /** Throws what the runner answered, or `runner-silent`. */
  ask<Type extends PageRequest['type']>(request: Extract<PageRequest, { type: Type }>): Promise<Answers[Type]> {
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      this.#pending.set(id, { resolve, reject });
      this.#port.postMessage({ id, request }, []);
    });
  }

  /** From now on tells of this job and of no other. */
  async watch(jobId: string | null): Promise<void> {
    if (jobId !== this.#watched) {
      this.#job.value = null;
      this.#live.value = null;
    }
    this.#watched = jobId;
    await this.ask({ type: 'watch', jobId });
  }

  /** New log lines of the watched job. Gives the way to stop. */
  onLines(listener: Lines): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#stop();
    this.#port.close();
    this.#failPending();
  }

  #connect(): MessagePort {
    const port = this.#needs.open();
    port.onmessage = ({ data }: MessageEvent<RunnerMessage>) => {
      if (port === this.#port) this.#take(data);
    };
    port.start();
    return port;
  }

  #take(message: RunnerMessage): void {
    this.#heardAt = this.#needs.now();
    this.#askedAt = null;
    this.#silent.value = false;
    switch (message.type) {
      case 'reply':
        this.#settle(message.id)?.resolve(message.value as never);
        return;
      case 'failed':
        this.#settle(message.id)?.reject(new NunetError(message.code, message.message));
        return;
      case 'app':
        this.#app.value = message.app;
        this.#wantHost();
        return;
      case 'job':
        if (message.job.summary.jobId !== this.#watched) return;
        this.#job.value = message.job;
        this.#live.value = message.job.live;
        return;
      case 'live':
        if (message.jobId === this.#watched) this.#live.value = message.live;
        return;
      case 'lines':
        if (message.jobId !== this.#watched) return;
        for (const listener of this.#listeners) listener(message.from, message.lines);
        return;
    }
  }

  #settle(id: number): Pending | undefined {
    this.#ready.value = true;
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  #wantHost(): void {
    if (this.#app.value?.host !== 'missing' || this.#needs.now() - this.#ensuredAt < ENSURE_MS) return;
    this.#ensuredAt = this.#needs.now();
    this.#needs.ensureHost();
  }

  #tick(): void {
    const now = this.#needs.now();
    this.#wantHost();
    if (this.#askedAt !== null && now - this.#askedAt >= SILENT_MS) {
      this.#reopen();
    } else if (this.#askedAt === null && now - this.#heardAt >= QUIET_MS) {
      this.#askedAt = now;
      this.#watchAgain();
    }
  }

  /** A runner that has died is started by the new port; one that lives has one port more, and a closed one. */
  #reopen(): void {
    this.#silent.value = true;
    this.#port.close();
    this.#failPending();
    this.#askedAt = this.#needs.now();
    this.#port = this.#connect();
    this.#watchAgain();
  }

  /** Any answer is a sign of life; a repeated watch changes nothing. */
  #watchAgain(): void {
    this.ask({ type: 'watch', jobId: this.#watched }).catch(() => undefined);
  }

  #failPending(): void {
    for (const { reject } of this.#pending.values()) reject(new NunetError('runner-silent', 'The runner did not answer in time'));
    this.#pending.clear();
  }
}
