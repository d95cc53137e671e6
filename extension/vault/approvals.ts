// What waits for a person's word: bound to who asked, for which account, on which network, and to the exact bytes. Consent is given once, to
// one approval by its id, not sooner than a person can read; it dies when the wallet locks or the account or the network changes.
import { bytesToHex } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';
import type { Random } from './envelope.ts';
import type { Proposal } from './messages.ts';
import type { Prepared } from './prepared.ts';

/** A click that was meant for what lay there before does not count. */
export const INERT_MS = 600;
/** Of all askers together; each asker (origin and frame) has one. */
const MAX_WAITING = 16;
/** Whoever takes longer is shown it again. */
const LASTS_MS = 10 * 60_000;

export interface Approval {
  readonly id: string;
  /** The port that proposed, which alone may approve. */
  readonly by: object;
  readonly proposal: Omit<Proposal, 'what'>;
  readonly prepared: Prepared;
  readonly sinceTicksMs: number;
}

const gone = (): NunetError =>
  new NunetError(
    'approval-unknown',
    'Cannot sign: this approval is not waiting any more; the wallet was locked, or something changed. Ask again.',
  );

export class Approvals {
  readonly #waiting = new Map<string, Approval>();
  readonly #random: Random;
  readonly #ticks: () => number;

  constructor(random: Random, ticks: () => number) {
    this.#random = random;
    this.#ticks = ticks;
  }

  /** A newer proposal of the same asker takes the place of the older. Throws `approvals-full`. */
  add(by: object, { what: _, ...proposal }: Proposal, prepared: Prepared): Approval {
    this.forget((one) => this.#isStale(one) || (one.proposal.origin === proposal.origin && one.proposal.frame === proposal.frame));
    if (this.#waiting.size >= MAX_WAITING)
      throw new NunetError('approvals-full', 'Cannot ask: too many approvals are waiting; answer or refuse them first');
    const approval = { id: bytesToHex(this.#random(16)), by, proposal, prepared, sinceTicksMs: this.#ticks() };
    this.#waiting.set(approval.id, approval);
    return approval;
  }

  /** One that may be approved now; it goes on waiting until it is taken. Throws `approval-unknown`, `approval-too-early`. */
  ready(by: object, id: string): Approval {
    const approval = this.#waiting.get(id);
    if (approval === undefined || approval.by !== by || this.#isStale(approval)) throw gone();
    if (this.#ticks() - approval.sinceTicksMs < INERT_MS)
      throw new NunetError('approval-too-early', 'Cannot sign yet: what is asked has only just been shown');
    return approval;
  }

  /** It is being signed: nobody can a second time. */
  take(id: string): void {
    this.#waiting.delete(id);
  }

  /** An unknown id is refused already. */
  refuse(by: object, id: string): void {
    if (this.#waiting.get(id)?.by === by) this.#waiting.delete(id);
  }

  forget(which: (approval: Approval) => boolean): void {
    for (const [id, approval] of this.#waiting) if (which(approval)) this.#waiting.delete(id);
  }

  #isStale({ sinceTicksMs }: Approval): boolean {
    return this.#ticks() - sinceTicksMs >= LASTS_MS;
  }
}
