// ReservedPeers: whose connections are kept when strangers crowd in (the owner, hubs, the other peer of each running job), and the
// addresses that they come from: before a handshake an address is all that tells them from others.
import { addressKey } from './admission.ts';

/** Of one peer; a phone that moves about leaves the oldest behind. */
const MAX_ADDRESSES = 4;

export class ReservedPeers {
  /** How many asked for it, by peer id. */
  readonly #counts = new Map<string, number>();
  readonly #addresses = new Map<string, string[]>();

  has(peerId: string): boolean {
    return this.#counts.has(peerId);
  }

  /** True for the first who asks. */
  add(peerId: string): boolean {
    const count = this.#counts.get(peerId) ?? 0;
    this.#counts.set(peerId, count + 1);
    return count === 0;
  }

  /** True when the last one who asked has let go. */
  remove(peerId: string): boolean {
    const count = this.#counts.get(peerId) ?? 0;
    if (count > 1) {
      this.#counts.set(peerId, count - 1);
      return false;
    }
    this.#addresses.delete(peerId);
    return this.#counts.delete(peerId);
  }

  /** It is connected from there. */
  seen(peerId: string, host: string): void {
    if (!this.has(peerId)) return;
    const address = addressKey(host);
    const others = (this.#addresses.get(peerId) ?? []).filter((known) => known !== address);
    this.#addresses.set(peerId, [address, ...others].slice(0, MAX_ADDRESSES));
  }

  /** An address that one of them was seen at, as `addressKey` gives it, or one's own id. */
  isFrom(address: string): boolean {
    return this.has(address) || [...this.#addresses.values()].some((known) => known.includes(address));
  }
}
