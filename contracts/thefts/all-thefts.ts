// Every theft that is tried on a ledger, in the order of docs/thefts.md.
import { AGREEMENT_THEFTS } from './agreement-thefts.ts';
import { BATCH_THEFTS } from './batch-thefts.ts';
import { EXTRA_THEFTS } from './mutant-thefts.ts';
import { PAYOUT_THEFTS } from './payout-thefts.ts';
import { RECLAIM_THEFTS } from './reclaim-thefts.ts';
import { SIGNATURE_THEFTS } from './signature-thefts.ts';
import type { Theft } from './theft.ts';

export const ALL_THEFTS: readonly Theft[] = [
  ...SIGNATURE_THEFTS,
  ...AGREEMENT_THEFTS,
  ...PAYOUT_THEFTS,
  ...BATCH_THEFTS,
  ...RECLAIM_THEFTS,
  ...EXTRA_THEFTS,
];
