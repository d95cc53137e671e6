// TwinWatch: does somebody else speak with our key? A copy of the agent's folder that runs elsewhere gives itself away by its adverts
// and quotes: they carry our signature and we did not sign them. Pure but for what it remembers.
import type { Advert } from '@nunet/shared/advert.ts';
import { ADVERT_LIFETIME_MS } from '@nunet/shared/advert.ts';
import type { Quote } from '@nunet/shared/quote.ts';
import type { Signed } from '@nunet/shared/signature.ts';

/** Clocks of two starts of one machine may differ by this much; adverts of the start before are gone after it. */
const SKEW_MS = 30_000;
/** More than an advert's lifetime allows: one in 600 ms, kept as long as it lives. */
const MAX_REMEMBERED = 512;

export interface Twin {
  /** Where the other one says that it is; none where a quote gave it away. */
  readonly addresses: readonly string[];
  readonly issuedAt: number;
}

export class TwinWatch {
  readonly #peerId: string;
  /** POSIX ms of this machine at the start, and the chain's time then; infinite where the chain had not answered. */
  readonly #startedAt: number;
  readonly #chainStartedAt: number;
  readonly #elapsed: () => number;
  readonly #since: number;
  readonly #own = new Set<string>();
  #twin: Twin | null = null;

  /** `elapsed`: monotonic ms. */
  constructor(options: { peerId: string; startedAt: number; chainStartedAt: number; elapsed: () => number }) {
    this.#peerId = options.peerId;
    this.#startedAt = options.startedAt;
    this.#chainStartedAt = options.chainStartedAt;
    this.#elapsed = options.elapsed;
    this.#since = options.elapsed();
  }

  /** Null: none was seen. Once seen, it stays so until a restart: whoever stops one of the two starts the other again. */
  get twin(): Twin | null {
    return this.#twin;
  }

  signed({ cid }: Signed<Advert>): void {
    this.#own.add(cid);
    for (const oldest of this.#own) {
      if (this.#own.size <= MAX_REMEMBERED) break;
      this.#own.delete(oldest);
    }
  }

  /** A valid advert from anybody; `ownAddresses` are ours now. True when it gives a twin away for the first time. */
  heard({ cid, body }: Signed<Advert>, ownAddresses: readonly string[]): boolean {
    if (body.peerId !== this.#peerId || this.#own.has(cid) || this.#twin !== null) return false;
    // What we said before a restart is still told around for its lifetime: from our addresses, at a time before this start.
    const isFresh = this.#elapsed() - this.#since <= ADVERT_LIFETIME_MS + SKEW_MS;
    const mayBeOld = isFresh && (body.issuedAt <= this.#startedAt || body.addresses.some((address) => ownAddresses.includes(address)));
    return mayBeOld ? false : this.#found({ addresses: body.addresses, issuedAt: body.issuedAt });
  }

  /**
   * A quote with our signature that our journal does not have, at chain time `now`. True when only a twin can have given it: it is
   * younger than this start, and not so old that we might have forgotten it.
   */
  heardQuote({ body }: Signed<Quote>, now: number): boolean {
    if (body.computeProvider.peerId !== this.#peerId || body.issuedAt <= this.#chainStartedAt || body.startBy < now) return false;
    this.#found({ addresses: [], issuedAt: body.issuedAt });
    return true;
  }

  #found(twin: Twin): boolean {
    const isFirst = this.#twin === null;
    this.#twin ??= twin;
    return isFirst;
  }
}
