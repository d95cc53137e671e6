// Claim: brings what both sides signed on chain, for the owner of an agent, in a process of its own that holds a wallet. The agent may run meanwhile.
import type { Source, Utxo } from '@nunet/contracts/chain/chain.ts';
import { collateralOf } from '@nunet/contracts/collateral.ts';
import { lockedOutput } from '@nunet/contracts/locks.ts';
import { scriptOfLock } from '@nunet/contracts/parked-script.ts';
import type { Decision } from '@nunet/contracts/payouts.ts';
import { buildSettle } from '@nunet/contracts/settle.ts';
import { transactionId } from '@nunet/contracts/sign.ts';
import { agreementProblem, type Agreement } from '@nunet/shared/agreement.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { hex32, outputReference, referenceText, timeMs, type OutputReference } from '@nunet/shared/fields.ts';
import type { NetworkRecord } from '@nunet/shared/network-record.ts';
import { z } from 'zod';
import { agreementOf } from './agreement-of.ts';
import type { Job } from './job-book.ts';
import type { Journal } from './journal.ts';
import type { Wallet } from './wallet-file.ts';

/** Locks of one transaction: each costs some 0.1 of what a block's script may use. */
const MAX_BATCH = 8;

/** A claim that was signed and may have been submitted. */
export const claimEntry = z.strictObject({
  type: z.literal('claim'),
  at: timeMs,
  txId: hex32,
  cbor: z.string().regex(/^([0-9a-f]{2})+$/),
  locks: z.array(outputReference).min(1).max(MAX_BATCH),
});
export type ClaimEntry = z.infer<typeof claimEntry>;

export interface ClaimParts {
  chain: Source;
  wallet: Wallet;
  record: NetworkRecord;
  /** Of claims, beside the agent's own. */
  journal: Journal<ClaimEntry>;
  now(): number;
}

export interface Claim {
  txId: string;
  feeLovelace: bigint;
  locks: { jobId: string; lock: OutputReference; paid: bigint; revealsKey: boolean }[];
}

interface Due {
  job: Job;
  utxo: Utxo;
  scriptHash: string;
  agreement: Agreement;
}

/** What is signed by both and still locked; and why something that is signed cannot be claimed. */
async function dueOf(jobs: readonly Job[], chain: Source, signal: AbortSignal): Promise<{ due: Due[]; problems: string[] }> {
  const due: Due[] = [];
  const problems: string[] = [];
  for (const job of jobs) {
    const agreement = agreementOf(job);
    if (agreement === undefined || job.spent !== undefined) continue;
    const output = await chain.output(job.lock, signal);
    if (output === null || output.spentBy !== null) continue;
    const lock = lockedOutput(output.utxo, 0);
    const problem = agreementProblem(agreement, lock);
    if (problem === null) due.push({ job, utxo: output.utxo, scriptHash: lock.scriptHash, agreement });
    else problems.push(`${referenceText(job.lock)}: ${problem}`);
  }
  return { due, problems };
}

/** Claims everything that is due, some locks a transaction. Calling it again is harmless: a lock is spent once. */
export async function claim(
  jobs: readonly Job[],
  parts: ClaimParts,
  signal: AbortSignal,
): Promise<{ claims: Claim[]; waiting: string[]; problems: string[] }> {
  const { due, problems } = await dueOf(jobs, parts.chain, signal);
  const claims: Claim[] = [];
  const waiting = new Set<string>();
  const open: Due[] = [];
  for (const one of due) {
    const txId = await onItsWay(one, parts, signal);
    if (txId === undefined) open.push(one);
    else waiting.add(txId);
  }
  const groups = Map.groupBy(open, ({ scriptHash }) => scriptHash);
  for (const group of groups.values())
    for (let from = 0; from < group.length; from += MAX_BATCH)
      claims.push(await claimBatch(group.slice(from, from + MAX_BATCH), parts, signal));
  return { claims, waiting: [...waiting], problems };
}

/** The last claim of this lock that was signed, while the chain still has it in hand: a second one would only be refused. */
async function onItsWay({ job }: Due, { journal, chain }: ClaimParts, signal: AbortSignal): Promise<string | undefined> {
  const has = ({ locks }: ClaimEntry): boolean => locks.some((lock) => referenceText(lock) === referenceText(job.lock));
  const earlier = journal.entries.findLast(has);
  return earlier !== undefined && (await chain.transaction(earlier.txId, signal)).state === 'pending' ? earlier.txId : undefined;
}

async function claimBatch(batch: readonly Due[], parts: ClaimParts, signal: AbortSignal): Promise<Claim> {
  const { chain, wallet, record, journal } = parts;
  const [first] = batch;
  if (first === undefined) throw new NunetError('claim-empty', 'Cannot claim: nothing is due');
  const [utxos, parameters, { script, scriptAt }] = await Promise.all([
    chain.utxos(wallet.address, { signal }),
    chain.parameters(signal),
    scriptOfLock(chain, record, first.utxo, signal),
  ]);
  const locks = batch.map(({ utxo, agreement }): Decision => ({ by: 'agreement', utxo, agreement }));
  const run = { script, scriptAt, collateral: collateralOf(utxos), evaluate: (cbor: string, s?: AbortSignal) => chain.evaluate(cbor, s) };
  const built = await buildSettle({ locks, payer: { utxos, changeAddress: wallet.address }, parameters, run }, signal);
  const cbor = wallet.sign(built.cbor);
  const txId = transactionId(cbor);
  await journal.append({ type: 'claim', at: parts.now(), txId, cbor, locks: batch.map(({ job }) => job.lock) });
  await chain.submit(cbor, signal);
  return {
    txId,
    feeLovelace: built.fee,
    locks: batch.map(({ job, agreement }) => ({
      jobId: job.jobId,
      lock: job.lock,
      paid: agreement.paid,
      revealsKey: agreement.secret !== null,
    })),
  };
}
