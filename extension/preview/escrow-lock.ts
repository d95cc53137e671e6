// Is this a lock of ours? Only if script, oracle keys, k, asset, return address, times and a verified quote all match the network record.
import { timeOf } from '@nunet/contracts/chain/chain.ts';
import { encodeDatum } from '@nunet/contracts/datum.ts';
import { foreignQuote, lockProblem } from '@nunet/contracts/lock-order.ts';
import { lockedOutput } from '@nunet/contracts/locks.ts';
import { datumOf } from '@nunet/contracts/quote-datum.ts';
import { ESCROW } from '@nunet/contracts/script.ts';
import { hashOfCid } from '@nunet/shared/encoding.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { lockProblems } from '@nunet/shared/lock-check.ts';
import type { LockedOutput } from '@nunet/shared/lock.ts';
import type { NetworkRecord } from '@nunet/shared/network-record.ts';
import { keyOfPeerId } from '@nunet/shared/peer-id.ts';
import { MAX_QUOTE_BYTES, quote as quoteSchema, type Quote } from '@nunet/shared/quote.ts';
import { openStatement, type Signed } from '@nunet/shared/signature.ts';
import { isHome } from './ownership.ts';
import type { Intent } from './preview.ts';
import { areInputsOwn, hasOnlyFields, isBurdened, type Reading } from './reading.ts';
import type { StrictOutput } from './read-strict.ts';

export type LockReading =
  /** Nothing goes to an escrow. */
  | { state: 'none' }
  | { state: 'recognised'; intent: Intent & { kind: 'lock' } }
  /** It goes to our script, and that alone says nothing. `quote-missing`: all else matches the network record. */
  | { state: 'like-ours'; because: 'foreign-oracles' | 'quote-mismatch' | 'quote-missing' | 'mixture'; foreignOracles: number };

/** Inputs, outputs, fee, end of validity; network id. */
const LOCK_FIELDS = new Set([0, 1, 2, 3, 15]);

const isEscrow = ({ to }: StrictOutput, record: NetworkRecord | null): boolean =>
  to.payment?.kind === 'script' &&
  (to.payment.hash === ESCROW.hash || record?.escrows.some(({ scriptHash }) => scriptHash === to.payment?.hash) === true);

/** Null: not a lock by its datum. */
function lockOf(output: StrictOutput): LockedOutput | null {
  try {
    return lockedOutput(output, 0);
  } catch (error) {
    if (error instanceof NunetError) return null;
    throw error;
  }
}

/** Null: its signature, its network or its shape is not right, or it is another one. */
function openQuote(envelope: Uint8Array, quoteHash: string, ground: Reading['ground']): Signed<Quote> | null {
  try {
    const signed = openStatement('quote', quoteSchema, envelope, {
      network: ground.network,
      maxBytes: MAX_QUOTE_BYTES,
      keyOf: (body) => keyOfPeerId(body.computeProvider.peerId),
    });
    return hashOfCid(signed.cid) === quoteHash ? signed : null;
  } catch (error) {
    if (error instanceof NunetError) return null;
    throw error;
  }
}

/** What the network record alone can say about the terms of a lock. */
function fitsRecord(
  { datum, scriptHash, amountBaseUnits }: LockedOutput,
  { ground, transaction }: Reading,
  record: NetworkRecord,
): boolean {
  const until = transaction.validUntil === null ? Number.MAX_SAFE_INTEGER : timeOf(transaction.validUntil, ground.slotConfig);
  // While the tip is not known, what the transaction itself says is the last moment that counts.
  const now = ground.tipTimeMs ?? until - 1;
  return (
    scriptHash === record.escrows[0]?.scriptHash &&
    datum.serviceProvider === ground.account.address &&
    datum.asset.policyId === record.asset.policyId &&
    datum.asset.assetName === record.asset.assetName &&
    datum.k === record.k &&
    datum.settleLovelace === record.settleLovelace &&
    lockProblem({ datum, amountBaseUnits, expiresAt: until }, now) === null
  );
}

const fitsQuote = (output: StrictOutput, lock: LockedOutput, signed: Signed<Quote>, record: NetworkRecord): boolean =>
  lockProblems(lock, signed, record).length === 0 &&
  foreignQuote(signed.body, record) === null &&
  encodeDatum(datumOf(signed)) === output.inlineDatum &&
  !record.revokedPeers.includes(signed.body.computeProvider.peerId);

/** Valid no longer than the quote: its agent holds capacity until then. */
const endsInTime = ({ transaction, ground }: Reading, { body }: Signed<Quote>): boolean =>
  transaction.validUntil !== null && timeOf(transaction.validUntil, ground.slotConfig) <= body.expiresAt;

/** Nothing beside the lock but own inputs and change that comes home. */
const isLockAlone = (reading: Reading, lock: StrictOutput): boolean =>
  hasOnlyFields(reading, LOCK_FIELDS) &&
  reading.transaction.isValid &&
  reading.transaction.redeemers.length === 0 &&
  reading.transaction.scripts.length === 0 &&
  areInputsOwn(reading) &&
  reading.transaction.outputs.every((output) => output === lock || (isHome(output.to, reading.own) && !isBurdened(output)));

export function readLockIntent(reading: Reading): LockReading {
  const { ground, transaction } = reading;
  const { record } = ground;
  const outputs = transaction.outputs.filter((output) => isEscrow(output, record));
  const [output] = outputs;
  if (output === undefined) return { state: 'none' };
  const likeOurs = (because: 'foreign-oracles' | 'quote-mismatch' | 'quote-missing' | 'mixture', foreignOracles = 0): LockReading => ({
    state: 'like-ours',
    because,
    foreignOracles,
  });
  const locks = outputs.map(lockOf);
  const foreign = locks
    .flatMap((one) => one?.datum.oracleKeys ?? [])
    .filter((key) => record?.oracles.some((oracle) => oracle.key === key) !== true);
  if (foreign.length > 0) return likeOurs('foreign-oracles', foreign.length);
  if (record === null || locks.some((one) => one === null || !fitsRecord(one, reading, record))) return likeOurs('quote-mismatch');
  const [lock] = locks;
  if (outputs.length > 1 || lock === undefined || lock === null) return likeOurs('quote-missing');
  for (const { envelope, title } of ground.quotes) {
    const signed = openQuote(envelope, lock.datum.quoteHash, ground);
    if (signed === null) continue;
    if (!fitsQuote(output, lock, signed, record) || !endsInTime(reading, signed)) return likeOurs('quote-mismatch');
    if (!isLockAlone(reading, output)) return likeOurs('mixture');
    const { datum, amountBaseUnits, lovelace } = lock;
    return {
      state: 'recognised',
      intent: {
        kind: 'lock',
        amountBaseUnits,
        lovelace,
        jobTitle: title,
        computeProvider: datum.computeProvider,
        refundableAfterMs: datum.reclaimAfter,
        oracles: datum.oracleKeys.length,
        k: datum.k,
      },
    };
  }
  return likeOurs('quote-missing');
}
