// A pasted payout statement, judged for the account that is open: what is shown of it, as whose owner it would be signed, or why it is not.
import { addressParts } from '@nunet/contracts/address.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import type { Network } from '@nunet/shared/fields.ts';
import { readPastedPayout, type PayoutStatement } from '@nunet/shared/payout-statement.ts';

export type PayoutReading =
  | { ok: false; why: 'invalid' | 'network' | 'expired' | 'foreign'; network?: Network }
  /** `signer`: the address of the statement that this account owns. */
  | { ok: true; statement: PayoutStatement; text: string; signer: string; as: 'new' | 'previous' };

const paymentOf = (address: string): string => addressParts(address).payment.hash;

export function readPayout(pasted: string, { address, network, now }: { address: string; network: Network; now: number }): PayoutReading {
  let read: ReturnType<typeof readPastedPayout>;
  try {
    read = readPastedPayout(pasted);
  } catch (error) {
    if (!(error instanceof NunetError)) throw error;
    return { ok: false, why: 'invalid' };
  }
  const { statement } = read;
  if (statement.network !== network) return { ok: false, why: 'network', network: statement.network };
  if (statement.expiresAt <= now) return { ok: false, why: 'expired' };
  const own = paymentOf(address);
  if (paymentOf(statement.address) === own) return { ok: true, ...read, signer: statement.address, as: 'new' };
  if (statement.previous !== null && paymentOf(statement.previous) === own)
    return { ok: true, ...read, signer: statement.previous, as: 'previous' };
  return { ok: false, why: 'foreign' };
}
