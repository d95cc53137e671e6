// How much one stranger may ask: streams at a time and requests a second, for each peer and in all.
// Bounded itself: it remembers a fixed number of peers and forgets the one unseen for longest.

export interface PeerLimit {
  /** Open exchanges of one peer, and of all peers together. */
  maxOpenAPeer: number;
  maxOpen: number;
  /** Requests a peer may make at once, and a second from then on. */
  burst: number;
  perSecond: number;
}

export type Admission = { type: 'admitted'; release(): void } | { type: 'busy' } | { type: 'too-fast' };

const MAX_PEERS_REMEMBERED = 4096;

/** `now` in milliseconds from any fixed origin, never going back. */
export class PeerLimits {
  readonly #limit: PeerLimit;
  readonly #now: () => number;
  readonly #peers = new Map<string, { open: number; tokens: number; atMs: number }>();
  #open = 0;

  constructor(limit: PeerLimit, now: () => number) {
    this.#limit = limit;
    this.#now = now;
  }

  admit(peerId: string): Admission {
    const { burst, perSecond, maxOpen, maxOpenAPeer } = this.#limit;
    const atMs = this.#now();
    const known = this.#peers.get(peerId) ?? { open: 0, tokens: burst, atMs };
    const tokens = Math.min(burst, known.tokens + ((atMs - known.atMs) / 1000) * perSecond);
    const entry = { open: known.open, tokens, atMs };
    this.#remember(peerId, entry);
    if (entry.tokens < 1) return { type: 'too-fast' };
    if (entry.open >= maxOpenAPeer || this.#open >= maxOpen) return { type: 'busy' };
    entry.tokens -= 1;
    entry.open += 1;
    this.#open += 1;
    let released = false;
    return {
      type: 'admitted',
      release: () => {
        if (released) return;
        released = true;
        this.#open -= 1;
        const current = this.#peers.get(peerId);
        if (current !== undefined) current.open -= 1;
      },
    };
  }

  /** Puts the peer last, and forgets the first ones without open exchanges when there are too many. */
  #remember(peerId: string, entry: { open: number; tokens: number; atMs: number }): void {
    this.#peers.delete(peerId);
    this.#peers.set(peerId, entry);
    if (this.#peers.size <= MAX_PEERS_REMEMBERED) return;
    for (const [other, state] of this.#peers) {
      if (state.open > 0 || other === peerId) continue;
      this.#peers.delete(other);
      return;
    }
  }
}
