// Admission: how many connection attempts of strangers are on their way at a time. Before a handshake nobody has a name, only an
// address, and a UDP one may be forged; so what an attempt may cost is bounded in all, and a part is kept for addresses of reserved peers.
import ipaddr from 'ipaddr.js';

export interface AdmissionLimits {
  /** Attempts of strangers at a time: in all, and from one address. */
  maxPending: number;
  maxPendingAnAddress: number;
  /** As many more from addresses of reserved peers. */
  keptPending: number;
  /** New attempts of strangers: at once, and a second from then on. */
  burst: number;
  perSecond: number;
}

/** Ends an attempt's part in the count; calling it again does nothing. */
export type Leave = () => void;

export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #isReserved: (from: string) => boolean;
  readonly #elapsed: () => number;
  readonly #open = { kept: 0, others: 0 };
  readonly #byAddress = new Map<string, number>();
  #tokens: number;
  #at: number;

  /** `isReserved`: an address or peer id of a reserved peer. `elapsed`: monotonic ms. */
  constructor(limits: AdmissionLimits, isReserved: (from: string) => boolean, elapsed: () => number) {
    this.#limits = limits;
    this.#isReserved = isReserved;
    this.#elapsed = elapsed;
    this.#tokens = limits.burst;
    this.#at = elapsed();
  }

  /** Attempts that are on their way. */
  get pending(): number {
    return this.#open.kept + this.#open.others;
  }

  /** `from`: an address, or a peer id where one is known. Null: not now. */
  enter(from: string): Leave | null {
    const address = addressKey(from);
    const here = this.#byAddress.get(address) ?? 0;
    if (here >= this.#limits.maxPendingAnAddress) return null;
    const isKept = this.#open.kept < this.#limits.keptPending && this.#isReserved(address);
    if (!isKept && !this.#takeToken()) return null;
    const pool = isKept ? 'kept' : 'others';
    this.#open[pool] += 1;
    this.#byAddress.set(address, here + 1);
    let hasLeft = false;
    return () => {
      if (hasLeft) return;
      hasLeft = true;
      this.#open[pool] -= 1;
      const left = (this.#byAddress.get(address) ?? 1) - 1;
      if (left === 0) this.#byAddress.delete(address);
      else this.#byAddress.set(address, left);
    };
  }

  #takeToken(): boolean {
    const { burst, perSecond, maxPending } = this.#limits;
    const at = this.#elapsed();
    this.#tokens = Math.min(burst, this.#tokens + ((at - this.#at) / 1_000) * perSecond);
    this.#at = at;
    if (this.#open.others >= maxPending || this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

/** What counts as one address: of IPv6 the network, for a single machine has all of its 2^64 addresses. */
export function addressKey(from: string): string {
  try {
    const address = ipaddr.process(from);
    if (address instanceof ipaddr.IPv4) return address.toString();
    const network = address.parts.slice(0, 4).map((part) => part.toString(16));
    return `${network.join(':')}::/64`;
  } catch {
    return from;
  }
}
