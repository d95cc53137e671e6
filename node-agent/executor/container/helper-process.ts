// The agent's side of the engine helper: a child process that is started when it is needed, asked one thing at a time or many, and started again when it dies.
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { NunetError } from '@nunet/shared/errors.ts';
import { fromHelper, type Answer, type Ask, type FromHelper, type HelperSettings } from './helper-protocol.ts';

export type Told = Exclude<FromHelper, { type: 'answer' | 'refused' | 'preparing' }>;
export type Preparing = Extract<FromHelper, { type: 'preparing' }>;

export interface HelperProcessParts {
  readonly settings: HelperSettings;
  told(message: Told): void;
  /** The helper died; what it followed goes on in the engine, unheard. */
  lost(): void;
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

export class HelperProcess {
  readonly #parts: HelperProcessParts;
  #running: Running | null = null;
  #seq = 0;
  #isClosed = false;

  constructor(parts: HelperProcessParts) {
    this.#parts = parts;
  }

  /** null while none runs. */
  get pid(): number | null {
    return this.#running?.child.pid ?? null;
  }

  /** Throws what the helper refused with, `helper-lost` when it died meanwhile, the reason of `signal`. */
  async ask(body: Ask, signal?: AbortSignal, onPreparing?: (progress: Preparing) => void): Promise<Answer> {
    if (this.#isClosed) throw new NunetError('executor-closed', 'Cannot ask the engine helper: the executor is closed');
    signal?.throwIfAborted();
    const running = (this.#running ??= this.#start());
    await running.opened;
    return this.#send(running, body, signal, onPreparing);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const running = this.#running;
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
      if (this.#running?.child === child) this.#running = null;
      for (const one of waiting.values())
        one.reject(new NunetError('helper-lost', 'Cannot hear from the engine helper: its process ended'));
      waiting.clear();
      if (!this.#isClosed) this.#parts.lost();
    };
    child.once('exit', onEnd);
    child.once('error', onEnd);
    child.on('message', (value: unknown) => this.#message(value, waiting, child));
    const running: Running = { child, waiting, opened: Promise.resolve() };
    const opened = this.#send(running, { ask: 'open', settings: this.#parts.settings });
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
      if (running.child.connected) running.child.send({ type: 'abort', seq });
      running.waiting.delete(seq);
      reject(signal?.reason as NunetError);
    };
    signal?.addEventListener('abort', abort, { once: true });
    try {
      running.child.send({ type: 'ask', seq, body }, (error) => {
        if (error !== null) reject(new NunetError('helper-lost', 'Cannot reach the engine helper: its process ended', { cause: error }));
      });
      return await promise;
    } finally {
      signal?.removeEventListener('abort', abort);
      running.waiting.delete(seq);
    }
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
