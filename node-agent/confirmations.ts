// Confirmations: what an owner asked for and a person at the terminal has not said yes to. In memory: a restart forgets it, and the owner
// asks again.
import { NunetError } from '@nunet/shared/errors.ts';
import type { OwnerOrder } from '@nunet/shared/owner-command.ts';

/** An owner who asked from afar may be home by then. */
const LIFETIME_MS = 60 * 60_000;
const MAX_WAITING = 8;
/** Crockford's alphabet without its digits' look-alikes: typed by hand, bound to nothing secret. */
const ALPHABET = '23456789ABCDEFGHJKMNPQRSTVWXYZ';
const ID_LENGTH = 4;

export interface Waiting {
  readonly id: string;
  readonly order: OwnerOrder;
  readonly owner: { readonly publicKey: string; readonly name: string };
  readonly what: string;
  /** Wall clock. */
  readonly untilMs: number;
}

export class Confirmations {
  readonly #clock: { now(): number; elapsed(): number };
  readonly #random: (bytes: number) => Uint8Array;
  #waiting: (Waiting & { until: number })[] = [];

  constructor(clock: { now(): number; elapsed(): number }, random: (bytes: number) => Uint8Array) {
    this.#clock = clock;
    this.#random = random;
  }

  /** The same order of the same owner waits once, under the name that the terminal was told. Throws `confirmations-full`. */
  add(order: OwnerOrder, owner: Waiting['owner'], what: string): Waiting {
    const same = (one: Waiting): boolean => one.owner.publicKey === owner.publicKey && JSON.stringify(one.order) === JSON.stringify(order);
    const waiting = this.list();
    const known = waiting.find(same);
    if (known?.what === what) return known;
    const others = waiting.filter((one) => !same(one));
    if (others.length >= MAX_WAITING) {
      throw new NunetError('confirmations-full', `Cannot ask the terminal: ${MAX_WAITING} things wait for its yes already`);
    }
    const added = {
      id: this.#newId(),
      order,
      owner,
      what,
      untilMs: this.#clock.now() + LIFETIME_MS,
      until: this.#clock.elapsed() + LIFETIME_MS,
    };
    this.#waiting = [...this.#waiting.filter((one) => !same(one)), added];
    return added;
  }

  list(): readonly Waiting[] {
    this.#waiting = this.#waiting.filter(({ until }) => until > this.#clock.elapsed());
    return this.#waiting;
  }

  /** Takes it out, to be carried out or dropped. Throws `confirmation-unknown`. */
  take(id: string): Waiting {
    const found = this.list().find((one) => one.id === id.toUpperCase());
    if (found === undefined)
      throw new NunetError('confirmation-unknown', `Cannot confirm ${id.slice(0, 20)}: nothing of that name waits; it may have expired`);
    this.#waiting = this.#waiting.filter((one) => one !== found);
    return found;
  }

  /** A revoked owner has nothing to ask for. */
  forget(publicKey: string): void {
    this.#waiting = this.#waiting.filter(({ owner }) => owner.publicKey !== publicKey);
  }

  #newId(): string {
    for (;;) {
      const id = Array.from(this.#random(ID_LENGTH), (byte) => ALPHABET[byte % ALPHABET.length]).join('');
      if (!this.#waiting.some((one) => one.id === id)) return id;
    }
  }
}
