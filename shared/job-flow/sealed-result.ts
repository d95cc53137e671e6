// takeSealed: a sealed result, in the one order that leaves nobody with half: ciphertext verified, final voucher for the key, K, readable outputs, check.
import { bytesToHex } from '@noble/hashes/utils.js';
import { keyHashOf } from '../agreement.ts';
import { safeError } from '../errors.ts';
import { isLockEnd } from '../lock-state.ts';
import type { Manifest } from '../manifest.ts';
import { sealedFiles } from '../sealed/manifest-delivery.ts';
import type { SealedOpening } from '../sealed/open-outputs.ts';
import type { Signed } from '../signature.ts';
import { answerResult, fetchDelivered, noteCheck, runCheck, type Result } from './answer.ts';
import type { JobRecord } from './job-record.ts';
import { manifestProblems } from './manifest-check.ts';
import { closeAt, finalPay } from './pay.ts';

/** Tries of an opening that this machine cannot do, and of oracles after the lock's end. */
const TRIES = 5;

/** Fetches and verifies the ciphertext. False: there is nothing to pay for, which is journaled where it is the agent's doing. */
async function storeSealed(work: Result, manifest: Manifest, signal: AbortSignal): Promise<boolean> {
  const { drive, quote } = work;
  const { outputs } = drive.ports;
  if (drive.record().outputsStored) return true;
  const refuse = (detail: string): Promise<false> => noteCheck(drive, { accept: false, score: null, detail }).then(() => false as const);
  const problems = manifestProblems(manifest, quote.body, drive.record().spec);
  if (problems.length > 0) return refuse(problems.map((problem) => problem.message).join('; '));
  const fetched = await fetchDelivered(work, sealedFiles(manifest), (...args) => outputs.fetchSealed(...args), signal);
  if (fetched.type === 'withheld') return refuse(fetched.reason);
  if (fetched.type === 'unsaved') {
    drive.notice('outputs-unsaved', 'The sealed outputs could not be kept here, so they are not paid for yet.');
    return false;
  }
  try {
    await outputs.checkSealed(manifest, signal);
  } catch (error) {
    drive.failed('The sealed outputs cannot be used', error, signal);
    const { code, message } = safeError(error);
    return code === 'outputs-wrong' ? refuse(`the sealed outputs are not what the manifest commits to: ${message}`) : false;
  }
  await drive.append((_, atMs) => ({ type: 'outputs-stored', atMs }));
  return true;
}

/** K as both sides or the chain have it. */
const keyIn = ({ agreement, spent }: JobRecord): string | null => agreement?.secret ?? spent?.secret ?? null;

/** K from an oracle that the agent gave it to; null while none has it. */
async function keyFromOracles({ drive, quote, lockTx }: Result, keyHash: string, signal: AbortSignal): Promise<string | null> {
  for (const oracleKey of quote.body.oracleKeys) {
    // One that is out of reach is no news: the telling lane reports it.
    const key = await drive.ports.oracles.sealedKey(oracleKey, lockTx.reference, signal).catch(() => null);
    if (key !== null && keyHashOf(key) === keyHash) return key;
  }
  signal.throwIfAborted();
  return null;
}

/** Pays for K until it is here: from the agent's close, from the chain, or from an oracle. Null: the lock ended without it. */
async function buyKey(work: Result, manifest: Manifest, paid: bigint, signal: AbortSignal): Promise<string | null> {
  const { drive } = work;
  const { keyHash } = manifest.delivery;
  const found = new AbortController();
  let fromOracle: string | null = null;
  const within = AbortSignal.any([signal, found.signal]);
  let asking: Promise<void> = Promise.resolve();
  const ask = async (): Promise<void> => {
    while (!found.signal.aborted) {
      fromOracle = await keyFromOracles(work, keyHash, within);
      if (fromOracle !== null) return found.abort();
      await drive.ports.clock.sleep(drive.pace.pollMs * 4, within);
    }
  };
  const late = async (): Promise<void> => {
    await drive.append((record, atMs) => (record.closeLate ? undefined : { type: 'close-late', atMs }));
    asking = ask().catch(() => undefined);
  };
  try {
    await closeAt(work, paid, keyHash, late, within);
  } catch (error) {
    if (!found.signal.aborted || signal.aborted) throw error;
  } finally {
    found.abort();
    await asking;
  }
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const key = fromOracle ?? keyIn(drive.record()) ?? (await keyFromOracles(work, keyHash, signal));
    if (key !== null) return key;
    await drive.backOff(attempt, signal);
  }
  return null;
}

async function openWith({ drive }: Result, manifest: Manifest, key: string, signal: AbortSignal): Promise<SealedOpening | undefined> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    try {
      return await drive.ports.outputs.open(manifest, key, signal);
    } catch (error) {
      drive.failed('The sealed outputs cannot be opened', error, signal);
    }
    await drive.backOff(attempt, signal);
  }
  drive.notice('outputs-unopened', 'The sealed outputs could not be opened here; start the job again to try once more.');
  return undefined;
}

/** Takes a sealed result to its end. Idempotent: every step that was journaled is passed over. */
export async function takeSealed(work: Result, signed: Signed<Manifest>, signal: AbortSignal): Promise<void> {
  const { drive, quote } = work;
  const manifest = signed.body;
  if (!(await storeSealed(work, manifest, signal))) {
    if (drive.record().check !== undefined) await answerResult(work, signed, signal);
    return;
  }
  if (drive.record().opened === undefined && drive.record().wrongPlaintext === undefined) {
    const paid = finalPay(drive.record(), manifest, quote.body);
    const { lock } = drive.record();
    const isOver = lock !== null && isLockEnd(lock);
    const key = keyIn(drive.record()) ?? (paid === null && !isOver ? null : await buyKey(work, manifest, paid ?? 0n, signal));
    if (key === null)
      return drive.notice('key-withheld', 'The key of the outputs never came, so they stay sealed; what was locked tells who was paid.');
    const opening = await openWith(work, manifest, key, signal);
    if (opening === undefined) return;
    await drive.append((_, atMs) =>
      opening.type === 'opened'
        ? { type: 'opened-outputs', atMs, outputs: opening.outputs }
        : { type: 'wrong-plaintext', atMs, file: opening.file, proof: bytesToHex(opening.proof) },
    );
  }
  const { opened, wrongPlaintext, check } = drive.record();
  if (wrongPlaintext !== undefined)
    return drive.notice('outputs-wrong', `Output ${wrongPlaintext.file} is not what was committed to; the proof goes to the oracles.`);
  if (opened === undefined || check !== undefined) return;
  const result = await runCheck(work, { ...manifest, outputs: [...opened] }, signal);
  // It is paid for already: a "no" is for the record, and for whom to take next time.
  if (result !== undefined) await noteCheck(drive, result);
}
