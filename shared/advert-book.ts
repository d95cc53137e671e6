// AdvertBook: who offers what right now. Valid, unexpired adverts, the newest of each agent; bounded, and pure but for its contents.
import { ADVERT_LIFETIME_MS, advert, MAX_ADVERT_BYTES, type Advert } from './advert.ts';
import { NunetError } from './errors.ts';
import type { Network } from './fields.ts';
import { keyOfPeerId } from './peer-id.ts';
import { openStatement, type Signed } from './signature.ts';

/** Clocks of honest agents may differ by this much. */
const CLOCK_SKEW_MS = 30_000;
/** An agent that changes faster than this is heard at this pace. */
export const MIN_INTERVAL_MS = 500;
const MAX_ADVERTS = 2_000;

/** `invalid`: nobody honest sends or forwards this. `unneeded`: fine, but nothing new, too often, or no room. */
export type Offered = { type: 'taken'; advert: Signed<Advert> } | { type: 'unneeded'; why: string } | { type: 'invalid'; why: string };

export class AdvertBook {
  readonly #network: Network;
  readonly #now: () => number;
  readonly #maxAdverts: number;
  readonly #isRevoked: (peerId: string) => boolean;
  readonly #onValid: ((advert: Signed<Advert>) => void) | undefined;
  readonly #adverts = new Map<string, Signed<Advert>>();

  /** `onValid` hears of every advert that is signed and of now, whether it is needed or not. */
  constructor(options: {
    network: Network;
    now: () => number;
    maxAdverts?: number;
    isRevoked?: (peerId: string) => boolean;
    onValid?: (advert: Signed<Advert>) => void;
  }) {
    this.#network = options.network;
    this.#now = options.now;
    this.#maxAdverts = options.maxAdverts ?? MAX_ADVERTS;
    this.#isRevoked = options.isRevoked ?? (() => false);
    this.#onValid = options.onValid;
  }

  /** Judges an envelope from a stranger and keeps it when it says something new. */
  offer(envelope: Uint8Array): Offered {
    let opened: Signed<Advert>;
    try {
      opened = openStatement('advert', advert, envelope, {
        network: this.#network,
        maxBytes: MAX_ADVERT_BYTES,
        keyOf: (body) => keyOfPeerId(body.peerId),
      });
    } catch (error) {
      return { type: 'invalid', why: error instanceof NunetError ? error.message : 'not an advert' };
    }
    const { peerId, issuedAt, expiresAt } = opened.body;
    const now = this.#now();
    if (issuedAt > now + CLOCK_SKEW_MS) return { type: 'invalid', why: `advert of ${peerId} is from the future` };
    if (expiresAt <= issuedAt || expiresAt - issuedAt > ADVERT_LIFETIME_MS) {
      return { type: 'invalid', why: `advert of ${peerId} claims a lifetime above ${ADVERT_LIFETIME_MS} ms` };
    }
    if (expiresAt <= now - CLOCK_SKEW_MS) return { type: 'invalid', why: `advert of ${peerId} expired long ago` };
    if (expiresAt <= now) return { type: 'unneeded', why: `advert of ${peerId} has expired` };
    this.#onValid?.(opened);
    if (this.#isRevoked(peerId)) return { type: 'unneeded', why: `${peerId} is revoked` };
    const known = this.#adverts.get(peerId);
    if (known !== undefined && issuedAt < known.body.issuedAt + MIN_INTERVAL_MS) {
      return { type: 'unneeded', why: `advert of ${peerId} is not newer than the one here` };
    }
    if (known === undefined && this.#adverts.size >= this.#maxAdverts) {
      this.#dropExpired(now);
      // Who is in stays in: a flood of new names must not push out agents that work.
      if (this.#adverts.size >= this.#maxAdverts) return { type: 'unneeded', why: 'the book is full' };
    }
    this.#adverts.set(peerId, opened);
    return { type: 'taken', advert: opened };
  }

  /** Unexpired adverts, newest first. */
  current(): Signed<Advert>[] {
    this.#dropExpired(this.#now());
    return [...this.#adverts.values()]
      .filter((entry) => !this.#isRevoked(entry.body.peerId))
      .sort((a, b) => b.body.issuedAt - a.body.issuedAt);
  }

  /** The unexpired advert of one agent. */
  of(peerId: string): Signed<Advert> | undefined {
    return this.current().find(({ body }) => body.peerId === peerId);
  }

  #dropExpired(now: number): void {
    for (const [peerId, entry] of this.#adverts) if (entry.body.expiresAt <= now) this.#adverts.delete(peerId);
  }
}
