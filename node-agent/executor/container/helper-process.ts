// The agent's side of the engine helper: a child process that is started when it is needed, asked one thing at a time or many, and started again when it dies.
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { NunetError } from '@nunet/shared/errors.ts';
import { fromHelper, type Answer, type Ask, type FromHelper, type HelperSettings, type ToHelper } from './helper-protocol.ts';

export type Told = Exclude<FromHelper, { type: 'answer' | 'refused' | 'preparing' }>;
export type Preparing = Extract<FromHelper, { type: 'preparing' }>;

export interface HelperProcessParts {
  readonly settings: HelperSettings;
  told(message: Told): void;
  /** The helper died; what it followed goes on in the engine, unheard. */
  lost(): void;
  /** It follows something: it must not be let go. */
  isNeeded(): boolean;
}

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: NunetError): void;
  onPreparing: ((progress: Preparing) => void) | undefined;
}

interface Running {
  readonly child: ChildProcess;
  readonly waiting: Map<number, Waiting>;
  readonly opened: Promise<unknown>;
}

/** Small: a few requests, tar streams passed through. */
const NODE_FLAGS = ['--max-old-space-size=256', '--no-warnings', '--disable-proto=delete'];
/** An engine that hangs must not hold up a stop of the agent. */
const END_MS = 2_000;
/** Unused for so long, it is let go: it is there again within a moment. */
const IDLE_MS = 30_000;

export class HelperProcess {
  readonly #parts: HelperProcessParts;
  #settings: HelperSettings;
  #idle: NodeJS.Timeout | undefined;
  #running: Running | null = null;
  #seq = 0;
  #isClosed = false;

  constructor(parts: HelperProcessParts) {
    this.#parts = parts;
    this.#settings = parts.settings;
  }

  /** null while none runs. */
  get pid(): number | null {
    return this.#running?.child.pid ?? null;
  }

  /** Throws what the helper refused with, `helper-lost` when it died meanwhile, the reason of `signal`. */
  async ask(body: Ask, signal?: AbortSignal, onPreparing?: (progress: Preparing) => void): Promise<Answer> {
    if (this.#isClosed) throw new NunetError('executor-closed', 'Cannot ask the engine helper: the executor is closed');
    signal?.throwIfAborted();
    clearTimeout(this.#idle);
    const running = (this.#running ??= this.#start());
    await running.opened;
    return this.#send(running, body, signal, onPreparing);
  }

  /** What was found out holds for helpers to come. */
  settle(found: Partial<HelperSettings>): void {
    this.#settings = { ...this.#settings, ...found };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.rest();
  }

  /** Lets the process go; the next ask starts another. */
  async rest(): Promise<void> {
    clearTimeout(this.#idle);
    const running = this.#running;
    this.#running = null;
    if (running === null) return;
    const { child } = running;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    if (child.connected) child.disconnect();
    const timer = setTimeout(() => child.kill('SIGKILL'), END_MS);
    await ended;
    clearTimeout(timer);
  }

  #start(): Running {
    const child = fork(fileURLToPath(new URL('./engine-helper.ts', import.meta.url)), [], {
      // No key, no token, no path of the agent's environment.
      env: {},
      execArgv: NODE_FLAGS,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      serialization: 'json',
      // A Ctrl-C is for the agent.
      detached: true,
    });
    const waiting = new Map<number, Waiting>();
    const onEnd = (): void => {
      const isMine = this.#running?.child === child;
      if (isMine) this.#running = null;
      for (const one of waiting.values())
        one.reject(new NunetError('helper-lost', 'Cannot hear from the engine helper: its process ended'));
      waiting.clear();
      if (isMine && !this.#isClosed) this.#parts.lost();
    };
    child.once('exit', onEnd);
    child.once('error', onEnd);
    child.on('message', (value: unknown) => this.#message(value, waiting, child));
    const running: Running = { child, waiting, opened: Promise.resolve() };
    const opened = this.#send(running, { ask: 'open', settings: this.#settings });
    opened.catch(() => {
      // What cannot be opened is tried anew at the next ask.
      if (this.#running?.child === child) this.#running = null;
      if (child.connected) child.disconnect();
    });
    return { ...running, opened };
  }

  async #send(running: Running, body: Ask, signal?: AbortSignal, onPreparing?: Waiting['onPreparing']): Promise<Answer> {
    const seq = ++this.#seq;
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    running.waiting.set(seq, { resolve, reject, onPreparing });
    const abort = (): void => {
      if (running.child.connected) running.child.send({ type: 'abort', seq } satisfies ToHelper);
      running.waiting.delete(seq);
      reject(signal?.reason as NunetError);
    };
    signal?.addEventListener('abort', abort, { once: true });
    try {
      running.child.send({ type: 'ask', seq, body } satisfies ToHelper, (error) => {
        if (error !== null) reject(new NunetError('helper-lost', 'Cannot reach the engine helper: its process ended', { cause: error }));
      });
      return await promise;
    } finally {
      signal?.removeEventListener('abort', abort);
      running.waiting.delete(seq);
      this.#restSoon();
    }
  }

  #restSoon(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      if (this.#running === null || this.#running.waiting.size > 0) return;
      if (this.#parts.isNeeded()) this.#restSoon();
      else void this.rest();
    }, IDLE_MS);
    this.#idle.unref();
  }

  #message(value: unknown, waiting: Map<number, Waiting>, child: ChildProcess): void {
    const parsed = fromHelper.safeParse(value);
    if (!parsed.success) {
      // A helper that breaks its protocol is not to be trusted with anything more.
      child.kill('SIGKILL');
      return;
    }
    const message = parsed.data;
    switch (message.type) {
      case 'answer':
        waiting.get(message.seq)?.resolve(message.body);
        return;
      case 'refused':
        waiting.get(message.seq)?.reject(new NunetError(message.code, message.message));
        return;
      case 'preparing':
        waiting.get(message.seq)?.onPreparing?.(message);
        return;
      default:
        this.#parts.told(message);
    }
  }
}
