// The next network record from the one before and what people wrote: sequence, dates and escrows are worked out here. Pure.
import { ESCROW } from '@nunet/contracts/script.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import type { NetworkRecord } from '@nunet/shared/network-record.ts';
import { recordSuccession } from '@nunet/shared/record-succession.ts';
import { recordFrom, type RecordFields } from './record-text.ts';

/** Long enough to gather signatures for the next; short enough that a lost key cannot rule for years. */
export const LIFETIME_MS = 180 * 86_400_000;

/** Throws `record-invalid`, and `record-succession` when it may not follow `previous`. */
export function draftRecord(
  fields: RecordFields,
  { previous, now, lifetimeMs = LIFETIME_MS }: { previous: NetworkRecord | null; now: number; lifetimeMs?: number },
): NetworkRecord {
  const record = recordFrom({
    // Where the script is parked is found by `deploy`.
    escrows: [{ scriptHash: ESCROW.hash, referenceScript: null }],
    hubs: [],
    revokedPeers: [],
    ...previous,
    ...fields,
    v: 1,
    sequence: (previous?.sequence ?? 0) + 1,
    issuedAt: now,
    expiresAt: now + lifetimeMs,
  });
  const problems = previous === null ? [] : recordSuccession(previous, record).problems;
  if (problems.length > 0) throw new NunetError('record-succession', `Cannot make the record: ${problems.join('; ')}`);
  return record;
}
