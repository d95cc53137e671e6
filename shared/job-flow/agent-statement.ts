// takeStatement: journals what the agent signed about our lock, whoever brought it.
import { bytesToHex } from '@noble/hashes/utils.js';
import { safeError } from '../errors.ts';
import { openEvidence } from '../evidence.ts';
import type { OutputReference } from '../fields.ts';
import type { Quote } from '../quote.ts';
import type { Signed } from '../signature.ts';
import type { Drive } from './running-job.ts';

/** The first of its kind is kept. False: it is of another lock or key, which is told and ignored. */
export async function takeStatement(
  drive: Drive,
  kind: 'manifest' | 'lock-refusal',
  envelope: Uint8Array,
  context: { quote: Signed<Quote>; lock: OutputReference },
): Promise<boolean> {
  try {
    openEvidence(kind, envelope, context);
  } catch (error) {
    const { code, message } = safeError(error);
    drive.notice(code, message);
    return false;
  }
  const hex = bytesToHex(envelope);
  await drive.append((record, atMs) => {
    if (record.manifest !== undefined) return undefined;
    if (kind === 'manifest') return { type: 'manifest', atMs, envelope: hex };
    return record.refusal === undefined ? { type: 'refusal', atMs, envelope: hex } : undefined;
  });
  return true;
}
