// VaultClient: the other side of extension/vault/messages.ts, for a page and for the runner. Asks with ids, overwrites the secrets it has
// sent, tells of each new state, and opens another port when the vault has ended or fallen silent.
import { NunetError } from '@nunet/shared/errors.ts';
import type { FromVault, ToVault, VaultAnswers, VaultRequest, VaultState } from './messages.ts';

const TICK_MS = 1_000;
/** A vault that says nothing for so long is asked whether it is there. */
const QUIET_MS = 5_000;
/** Longer than the heaviest password derivation on a slow machine, during which it cannot speak. */
const SILENT_MS = 20_000;
/** So long a question waits for a vault that cannot be had at all. */
const UNSENT_MS = 30_000;
/** An ended worker takes a moment to be gone. */
const REOPEN_MS = 100;
/**
 * A port to a worker that is just ending stays mute for ever, and what is sent on it is lost. A vault speaks first on every port, so nothing
 * is sent before it has, and a mute port is opened again. Where the worker is only slow to start, that does no harm.
 */
const MUTE_MS = 1_000;

export interface VaultClientNeeds {
  /** Opens a port to the vault, starting it where it does not run. */
  open(): MessagePort | Promise<MessagePort>;
  now(): number;
  /** Calls again and again until the given function is called. */
  every(ms: number, act: () => void): () => void;
  /** Calls once, later. */
  after(ms: number, act: () => void): void;
}

type Request<Type extends VaultRequest['type']> = Extract<VaultRequest, { type: Type }>;

interface Pending {
  message: ToVault;
  /** Its bytes are handed over with it, and are nowhere else: it can be sent once. */
  transfer: ArrayBuffer[];
  askedAtMs: number;
  resolve: (value: never) => void;
  reject: (error: unknown) => void;
}

/** The request with every byte array copied, and the originals overwritten: the copies are transferred, so that none stays behind. */
function handedOver<R extends VaultRequest>(request: R): { request: R; transfer: ArrayBuffer[] } {
  const transfer: ArrayBuffer[] = [];
  const copy = Object.fromEntries(
    Object.entries(request).map(([key, value]: [string, unknown]) => {
      if (!(value instanceof Uint8Array)) return [key, value];
      const moved = value.slice();
      value.fill(0);
      transfer.push(moved.buffer);
      return [key, moved];
    }),
  ) as R;
  return { request: copy, transfer };
}

export class VaultClient {
  readonly #needs: VaultClientNeeds;
  readonly #listeners = new Set<(state: VaultState) => void>();
  readonly #pending = new Map<number, Pending>();
  readonly #stop: () => void;
  #state: VaultState | null = null;
  #port: MessagePort | null = null;
  /** The vault has spoken on this port. */
  #isHeard = false;
  /** Since when a port that is there is mute. */
  #muteSince: number | null = null;
  /** Asked before the vault had spoken. */
  #waiting: Pending[] = [];
  #opening = 0;
  #nextId = 0;
  #heardAt: number;
  #askedAt: number | null = null;
  #isClosed = false;

  constructor(needs: VaultClientNeeds) {
    this.#needs = needs;
    this.#heardAt = needs.now();
    this.#stop = needs.every(TICK_MS, () => this.#tick());
    this.#connect();
  }

  /** Null until the vault has spoken. */
  get state(): VaultState | null {
    return this.#state;
  }

  /** Calls with each new state, and at once with the one that is known. Gives the way to stop. */
  onState(listener: (state: VaultState) => void): () => void {
    this.#listeners.add(listener);
    if (this.#state !== null) listener(this.#state);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Byte arrays of the request are overwritten here and now. Throws what the vault answered; `vault-closing` when it locked before it took
   * a request with bytes; or `vault-silent`.
   */
  ask<Type extends VaultRequest['type']>(request: Request<Type>): Promise<VaultAnswers[Type]> {
    const handed = handedOver<VaultRequest>(request);
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      const pending: Pending = {
        message: { id, request: handed.request },
        transfer: handed.transfer,
        askedAtMs: this.#needs.now(),
        resolve,
        reject,
      };
      this.#pending.set(id, pending);
      this.#send(pending);
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#stop();
    this.#port?.close();
    this.#fail('vault-closing', 'The connection to the wallet was closed');
  }

  #connect(): void {
    const opening = ++this.#opening;
    this.#port?.close();
    this.#port = null;
    this.#isHeard = false;
    this.#askedAt = null;
    this.#muteSince = null;
    void Promise.resolve(this.#needs.open()).then(
      (port) => {
        if (this.#isClosed || opening !== this.#opening) {
          port.close();
          return;
        }
        this.#port = port;
        this.#muteSince = this.#needs.now();
        port.onmessage = ({ data }: MessageEvent<FromVault>) => {
          if (port === this.#port) this.#take(data);
        };
        port.start();
      },
      () => {
        if (opening === this.#opening) this.#muteSince = this.#needs.now();
      },
    );
  }

  #take(message: FromVault): void {
    this.#heardAt = this.#needs.now();
    this.#askedAt = null;
    this.#muteSince = null;
    if (!this.#isHeard && message.type !== 'closing') {
      this.#isHeard = true;
      for (const pending of this.#waiting.splice(0)) this.#send(pending);
    }
    switch (message.type) {
      case 'reply': {
        const pending = this.#settle(message.id);
        // Whoever asks next, asks the next worker.
        if (message.closing !== null) this.#ended(message.closing);
        pending?.resolve(message.value as never);
        return;
      }
      case 'failed':
        if (message.code === 'vault-closing') this.#reopen();
        else this.#settle(message.id)?.reject(new NunetError(message.code, message.message));
        return;
      case 'state':
        this.#tell(message.state);
        return;
      case 'closing':
        this.#ended(message.state);
        return;
    }
  }

  /** The port first, so that whoever hears of the lock and asks at once asks the next worker. */
  #ended(state: VaultState): void {
    this.#reopen();
    this.#tell(state);
  }

  #tell(state: VaultState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener(state);
  }

  #send(pending: Pending): void {
    if (this.#port === null || !this.#isHeard) this.#waiting.push(pending);
    else this.#port.postMessage(pending.message, pending.transfer);
  }

  /** The vault has ended. What it had not answered it had not begun: the next one is asked, except with bytes that are gone. */
  #reopen(): void {
    this.#port?.close();
    this.#port = null;
    this.#isHeard = false;
    this.#opening += 1;
    const unsent = new Set(this.#waiting);
    for (const pending of this.#pending.values()) {
      if (unsent.has(pending)) continue;
      if (pending.transfer.length === 0) this.#waiting.push(pending);
      else {
        this.#pending.delete(pending.message.id);
        pending.reject(new NunetError('vault-closing', 'The wallet has just been locked; ask again'));
      }
    }
    this.#needs.after(REOPEN_MS, () => {
      if (!this.#isClosed && this.#port === null) this.#connect();
    });
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  #tick(): void {
    const now = this.#needs.now();
    if (this.#waiting.some(({ askedAtMs }) => now - askedAtMs >= UNSENT_MS)) this.#fail('vault-silent', 'The wallet cannot be reached');
    if (this.#muteSince !== null) {
      if (now - this.#muteSince >= MUTE_MS) this.#connect();
    } else if (this.#askedAt !== null && now - this.#askedAt >= SILENT_MS) {
      this.#fail('vault-silent', 'The wallet did not answer in time; it was started again');
      this.#connect();
    } else if (this.#askedAt === null && this.#isHeard && (now - this.#heardAt >= QUIET_MS || this.#pending.size > 0)) {
      this.#askedAt = now;
      this.ask({ type: 'state' }).catch(() => undefined);
    }
  }

  #fail(code: string, message: string): void {
    // What was never sent is still here.
    for (const { transfer } of this.#waiting.splice(0)) for (const buffer of transfer) new Uint8Array(buffer).fill(0);
    for (const { reject } of this.#pending.values()) reject(new NunetError(code, message));
    this.#pending.clear();
  }
}
