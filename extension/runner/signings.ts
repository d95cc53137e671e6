// Transactions of the runner's own that wait for the person: one at a time a job. Whoever answers proves with signatures that the vault
// approved these very bytes; nothing that a page says is taken for an approval.
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { transactionId, type KeyWitness } from '@nunet/contracts/sign.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { orAborted } from '@nunet/shared/job-flow/waiting.ts';
import { verifySignature } from '@nunet/shared/signature.ts';
import type { SigningRequest } from '../messages.ts';

export interface Signings {
  /** Oldest first. */
  list(): readonly SigningRequest[];
  /** The witness of `publicKey`. Throws `signing-refused`, `signing-open` where one of this job waits, and the signal's reason. */
  ask(request: Omit<SigningRequest, 'signingId'>, publicKey: string, signal: AbortSignal): Promise<KeyWitness>;
  /** The person's word. Throws `signing-gone` when nothing of this id waits, `witness-invalid` when it does not sign what waits; that goes on. */
  answer(signingId: string, witnesses: readonly KeyWitness[] | null): void;
}

/** The witness that this key must have made over this transaction, and no other beside it. Throws `witness-invalid`. */
export function ownWitness(cbor: string, publicKey: string, witnesses: readonly KeyWitness[]): KeyWitness {
  const [witness, ...more] = witnesses;
  const refused = (why: string): NunetError => new NunetError('witness-invalid', `Cannot take the signature: ${why}; nothing was sent`);
  if (witness === undefined) throw refused('there is none');
  if (more.length > 0 || witness.publicKey !== publicKey) throw refused('it is of another key than the account’s');
  if (!verifySignature(hexToBytes(witness.signature), hexToBytes(transactionId(cbor)), publicKey))
    throw refused('it does not sign this transaction');
  return witness;
}

export function signings(parts: { random: (bytes: number) => Uint8Array; onChange: () => void }): Signings {
  const open = new Map<string, { request: SigningRequest; publicKey: string; answer: PromiseWithResolvers<KeyWitness> }>();
  return {
    list: () => [...open.values()].map(({ request }) => request),
    async ask(wanted, publicKey, signal) {
      signal.throwIfAborted();
      if ([...open.values()].some(({ request }) => request.jobId === wanted.jobId))
        throw new NunetError('signing-open', 'Cannot ask for a signature: one of this job is waited for');
      const signingId = bytesToHex(parts.random(16));
      const answer = Promise.withResolvers<KeyWitness>();
      open.set(signingId, { request: { ...wanted, signingId }, publicKey, answer });
      parts.onChange();
      try {
        return await orAborted(answer.promise, signal);
      } finally {
        open.delete(signingId);
        parts.onChange();
      }
    },
    answer(signingId, witnesses) {
      const waiting = open.get(signingId);
      if (waiting === undefined)
        throw new NunetError('signing-gone', 'This transaction is not waited for any more; see the timeline of its job');
      const { request, publicKey, answer } = waiting;
      if (witnesses === null)
        answer.reject(
          new NunetError('signing-refused', 'You refused to sign the lock, so nothing was locked; the job ended before it began'),
        );
      else answer.resolve(ownWitness(request.cbor, publicKey, witnesses));
      // One word a request: what was said is not taken back.
      open.delete(signingId);
    },
  };
}
