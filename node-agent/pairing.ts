// Pairing: one code at a time, in memory alone. It ends with its use, after five minutes, or after five wrong proofs.
import { equalBytes } from '@noble/curves/utils.js';
import { hexToBytes } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';
import type { Network } from '@nunet/shared/fields.ts';
import { PAIRING_LIFETIME_MS, PAIRING_TRIES, type PairAnswer, type PairRequest } from '@nunet/shared/owner-command.ts';
import { fingerprintOf, formatPairingCode, PAIRING_SECRET_BYTES, pairingProof } from '@nunet/shared/pairing-code.ts';

/** Where a code stands, for the terminal that waits for it. */
export type PairingState =
  | { state: 'none' }
  | { state: 'waiting'; untilMs: number; triesLeft: number }
  | { state: 'paired'; publicKey: string; name: string }
  | { state: 'failed'; why: 'expired' | 'tries' };

export interface PairingParts {
  network: Network;
  /** Of this agent. */
  peerId: string;
  /** Monotonic milliseconds: a clock that is set back must not keep a code alive. */
  elapsed(): number;
  now(): number;
  random(bytes: number): Uint8Array;
  add(owner: { publicKey: string; name: string; peerId: string; nowMs: number }): Promise<void>;
}

const NAME = /^[^\p{C}]{1,60}$/u;
const none = (why: string): NunetError =>
  new NunetError('pairing-refused', `Cannot pair: ${why}; run "nunet-agent pair" at the agent's terminal for a new code`);

export class Pairing {
  readonly #parts: PairingParts;
  #open: { secret: Uint8Array; until: number; triesLeft: number } | null = null;
  #last: PairingState = { state: 'none' };

  constructor(parts: PairingParts) {
    this.#parts = parts;
  }

  /** A new code; an earlier one is worth nothing any more. */
  start(): { code: string; untilMs: number } {
    this.#end({ state: 'none' });
    const secret = this.#parts.random(PAIRING_SECRET_BYTES);
    this.#open = { secret, until: this.#parts.elapsed() + PAIRING_LIFETIME_MS, triesLeft: PAIRING_TRIES };
    const code = formatPairingCode({ fingerprint: fingerprintOf(this.#parts.peerId), secret });
    return { code, untilMs: this.#parts.now() + PAIRING_LIFETIME_MS };
  }

  cancel(): void {
    this.#end({ state: 'none' });
  }

  state(): PairingState {
    this.#expire();
    if (this.#open === null) return this.#last;
    const leftMs = this.#open.until - this.#parts.elapsed();
    return { state: 'waiting', untilMs: Math.round(this.#parts.now() + leftMs), triesLeft: this.#open.triesLeft };
  }

  /** Adds the owner when the proof holds. Throws `pairing-refused`, which says nothing of how wrong a proof was. */
  async answer(request: PairRequest, caller: string): Promise<PairAnswer> {
    const { network, peerId } = this.#parts;
    if (request.network !== network)
      throw new NunetError('network-mismatch', `Cannot pair: the request is for ${request.network}, this is ${network}`);
    if (!NAME.test(request.name))
      throw new NunetError('name-invalid', 'Cannot pair: the name holds characters that a terminal does not show');
    this.#expire();
    const open = this.#open;
    if (open === null) throw none('no code is waiting here');
    const parties = { network, agent: peerId, caller, owner: request.owner, name: request.name };
    if (!equalBytes(hexToBytes(request.proof), hexToBytes(pairingProof(open.secret, 'owner', parties)))) {
      open.triesLeft -= 1;
      if (open.triesLeft === 0) this.#end({ state: 'failed', why: 'tries' });
      throw none(open.triesLeft === 0 ? 'the code was wrong too often and is worth nothing any more' : 'the code is wrong');
    }
    const proof = pairingProof(open.secret, 'agent', parties);
    // Used before anything is awaited: of two that come together with the right code one is an owner.
    this.#end({ state: 'paired', publicKey: request.owner, name: request.name });
    try {
      await this.#parts.add({ publicKey: request.owner, name: request.name, peerId: caller, nowMs: this.#parts.now() });
    } catch (error) {
      this.#end({ state: 'none' });
      throw error;
    }
    return { type: 'paired', agent: peerId, proof };
  }

  #expire(): void {
    if (this.#open !== null && this.#parts.elapsed() >= this.#open.until) this.#end({ state: 'failed', why: 'expired' });
  }

  #end(state: PairingState): void {
    this.#open?.secret.fill(0);
    this.#open = null;
    this.#last = state;
  }
}
