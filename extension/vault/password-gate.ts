// The one way in: a password is tried only when the back-off allows it, and a try is on the disk before it is made.
import { NunetError } from '@nunet/shared/errors.ts';
import { retryAt } from './back-off.ts';
import { unwrapKey, type Wraps } from './envelope.ts';
import type { Moment } from './lock-clock.ts';
import type { VaultStore } from './store.ts';

/** Shorter ones are not taken whatever a page says; pages ask for far more (strength.ts). */
const LEAST_BYTES = 8;

/** Throws `password-too-short`. */
export function demandLength(password: Uint8Array): void {
  if (password.length < LEAST_BYTES)
    throw new NunetError('password-too-short', `Cannot use this password: it has fewer than ${LEAST_BYTES} characters`);
}

const wait = (untilMs: number): NunetError =>
  new NunetError('password-wait', `Cannot try a password before ${new Date(untilMs).toISOString()}: the last one was wrong`);

export class PasswordGate {
  readonly #store: VaultStore;
  readonly #parts: Pick<Wraps, 'kdf' | 'cipher'>;
  readonly #now: () => Moment;
  /** By ticks: who sets the clock forward waits all the same, as long as this worker lives. */
  #closedUntilTicks = 0;
  #retryAtMs: number | null = null;

  constructor(store: VaultStore, parts: Pick<Wraps, 'kdf' | 'cipher'>, now: () => Moment) {
    this.#store = store;
    this.#parts = parts;
    this.#now = now;
  }

  /** No try before this time. */
  get retryAtMs(): number | null {
    return this.#retryAtMs !== null && this.#retryAtMs > this.#now().wallMs ? this.#retryAtMs : null;
  }

  /** What the disk says, at the start. */
  async load(): Promise<void> {
    this.#retryAtMs = retryAt(await this.#store.attempts(), this.#now().wallMs);
  }

  /** The data key, which the caller zeroes, and how long the password's derivation took. Throws `password-wrong`, `password-wait`. */
  async open(wrapped: Uint8Array, password: Uint8Array): Promise<{ key: Uint8Array; tookMs: number }> {
    const before = this.#now();
    if (before.ticksMs < this.#closedUntilTicks) throw wait(before.wallMs + this.#closedUntilTicks - before.ticksMs);
    const closed = await this.#store.beginTry(before.wallMs);
    if (closed !== null) {
      this.#retryAtMs = closed.retryAtMs;
      throw wait(closed.retryAtMs);
    }
    const key = await unwrapKey(wrapped, password, this.#parts);
    const after = this.#now();
    if (key === null) {
      this.#retryAtMs = retryAt(await this.#store.attempts(), after.wallMs);
      if (this.#retryAtMs !== null) this.#closedUntilTicks = after.ticksMs + (this.#retryAtMs - after.wallMs);
      throw new NunetError('password-wrong', 'Cannot open the wallet: the password is not right');
    }
    await this.#store.endTries();
    this.#retryAtMs = null;
    return { key, tookMs: after.ticksMs - before.ticksMs };
  }
}
