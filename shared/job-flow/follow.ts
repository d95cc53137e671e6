// followJob: the work lane. Hands the spec to the agent, follows states, progress and logs to a signed result, then has it answered.
import { bytesToHex } from '@noble/hashes/utils.js';
import { NunetError } from '../errors.ts';
import { isJobEnd } from '../job-state.ts';
import { isLockEnd } from '../lock-state.ts';
import type { Quote } from '../quote.ts';
import { signStatement, type Signed } from '../signature.ts';
import type { FollowEvent } from '../wire.ts';
import { takeStatement } from './agent-statement.ts';
import { checkpointLane, type CheckpointLane } from './checkpoints.ts';
import { answerResult, judgeResult } from './answer.ts';
import { takeSealed } from './sealed-result.ts';
import { chainTime, goJob, type Drive } from './running-job.ts';
import { closeAt, closeRefused, finalPay, Meter, payWhileRunning } from './pay.ts';
import { highestVoucher, type JobRecord } from './job-record.ts';
import { NO_KEY_HASH } from '../lock.ts';
import type { BuiltLock } from './ports.ts';
import { orAborted } from './waiting.ts';

interface Work {
  drive: Drive;
  quote: Signed<Quote>;
  lockTx: BuiltLock;
  /** The agent said "accepted" in this run of the flow. */
  accepted: boolean;
  nextEvent: number;
  meter: Meter;
  checkpoints: CheckpointLane;
}

/** The pieces that every step of the work needs; present from the first lock on. */
function workOf(drive: Drive, signal: AbortSignal): Work {
  const { quote, lockTx } = drive.record();
  if (quote === undefined || lockTx === undefined) throw new NunetError('job-not-locked', 'Cannot follow job: nothing is locked');
  const checkpoints = checkpointLane(drive, signal);
  return { drive, quote, lockTx, accepted: false, nextEvent: 0, meter: new Meter(), checkpoints };
}

async function takeEnvelope(work: Work, kind: 'manifest' | 'lock-refusal', envelope: Uint8Array): Promise<void> {
  await takeStatement(work.drive, kind, envelope, { quote: work.quote, lock: work.lockTx.reference });
}

/** Only what the agent signed may end a job; of the rest of its words, those that move the job forward. */
async function takeEvent(work: Work, event: Exclude<FollowEvent, { type: 'error' }>): Promise<void> {
  const { drive } = work;
  switch (event.type) {
    case 'state':
      work.nextEvent = Math.max(work.nextEvent, event.event + 1);
      if (event.state === 'preparing' || event.state === 'running') await goJob(drive, event.state, event.detail ?? '');
      return;
    case 'progress':
      drive.emit(event);
      return;
    case 'due': {
      const { billedMs, payBaseUnits, paused } = event;
      work.meter.take(event);
      drive.emit({ type: 'due', billedMs, payBaseUnits, paused, signedBaseUnits: highestVoucher(drive.record()) });
      return;
    }
    case 'log': {
      const { jobId } = drive.record();
      // An agent that repeats or skips lines cannot rewrite what was kept.
      if (event.offset !== (await drive.ports.outputs.logLength(jobId))) return;
      await drive.ports.outputs.appendLog(jobId, event.offset, event.line);
      drive.emit(event);
      return;
    }
    case 'manifest':
    case 'refusal':
      await takeEnvelope(work, event.type === 'manifest' ? 'manifest' : 'lock-refusal', event.envelope);
      return;
    case 'checkpoint':
      return work.checkpoints.take(event);
    case 'end':
      return;
  }
}

const hasAnswered = (work: Work): boolean => {
  const { manifest, refusal } = work.drive.record();
  return manifest !== undefined || refusal !== undefined;
};

/** Reads one followed stream until it ends, falls silent, or has brought what ends the job. */
async function readStream(work: Work, signal: AbortSignal): Promise<void> {
  const { drive } = work;
  const { network, clock, outputs } = drive.ports;
  const jobId = drive.record().jobId;
  const silent = new AbortController();
  const within = AbortSignal.any([signal, silent.signal]);
  let timer = new AbortController();
  const listen = (): void => {
    timer.abort();
    timer = new AbortController();
    clock.sleep(drive.pace.idleMs, timer.signal).then(
      () => silent.abort(new NunetError('agent-silent', `the agent said nothing for ${drive.pace.idleMs} ms`)),
      () => undefined,
    );
  };
  listen();
  const request = { jobId, fromEvent: work.nextEvent, fromLog: await outputs.logLength(jobId) };
  const stream = network.follow(drive.agent(), request, within)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await orAborted(stream.next(), within);
      if (next.done === true) return;
      listen();
      await takeEvent(work, next.value);
      if (next.value.type === 'end' || hasAnswered(work)) return;
    }
  } finally {
    timer.abort();
    // Not awaited: a stream that ignores its signal must not hold the job.
    stream.return?.().catch(() => undefined);
  }
}

/** Signs and journals the cancel once it is wanted and nothing runs yet. */
async function cancelIfWanted(work: Work, signal: AbortSignal): Promise<void> {
  const { drive, lockTx } = work;
  const { jobId, job, cancelWanted, cancel, spec } = drive.record();
  if (!cancelWanted || cancel !== undefined || isJobEnd(job)) return;
  // The lane that pays asks a streamed job to stop.
  if (job === 'running' && work.quote.body.stream !== undefined) return;
  if (job === 'running') return drive.notice('cancel-late', 'The job runs already: it can be disputed, not cancelled.');
  const body = { v: 1 as const, network: spec.network, jobId, lock: lockTx.reference };
  const signed = await signStatement('cancel', body, await drive.ports.keys.signer(jobId, signal));
  await drive.append((record, atMs) =>
    record.cancel === undefined && record.job !== 'running'
      ? { type: 'answer', atMs, kind: 'cancel', envelope: bytesToHex(signed.envelope) }
      : undefined,
  );
}

/** The agent has our cancel: whatever it is asked about this lock, it begins nothing any more. */
const isCancelKnown = ({ cancel, told }: JobRecord, agentPeerId: string): boolean =>
  cancel !== undefined && (told[agentPeerId] ?? []).includes(cancel.cid);

/** One try: hand over the spec unless that was done, then follow. */
async function tryOnce(work: Work, lockOver: boolean, signal: AbortSignal): Promise<void> {
  const { drive, quote, lockTx } = work;
  const { cancelWanted } = drive.record();
  if (cancelWanted) await cancelIfWanted(work, signal);
  // A job that was cancelled before it was handed over is known to the agent as a refused lock, which it tells whoever hands it over.
  const isToHandOver = cancelWanted ? isCancelKnown(drive.record(), drive.agent().peerId) : !work.accepted;
  if (isToHandOver && !lockOver) {
    const answer = await drive.ports.network.run(
      drive.agent(),
      {
        spec: drive.record().spec,
        quote: quote.envelope,
        lock: lockTx.reference,
        ...(drive.trace === undefined ? {} : { trace: drive.trace }),
      },
      signal,
    );
    if (answer.type === 'refusal') return takeEnvelope(work, 'lock-refusal', answer.envelope);
    work.accepted = true;
  }
  await readStream(work, signal);
}

/** Until the agent has signed a manifest or a refusal, or neither can matter any more. */
async function awaitResult(work: Work, signal: AbortSignal): Promise<void> {
  const { drive, quote } = work;
  for (let attempt = 0; !hasAnswered(work) && !isJobEnd(drive.record().job); attempt++) {
    const before = drive.record();
    const lockOver = before.lock !== null && isLockEnd(before.lock);
    try {
      // A stop of this try: the lock ended meanwhile (one more try asks for what is left), somebody wants to cancel, or an
      // oracle had the manifest that the agent keeps from us.
      await untilChange(drive, signal, lockOver, (within) => tryOnce(work, lockOver, within));
      if (drive.record() !== before) attempt = 0;
    } catch (error) {
      drive.failed('The agent cannot be followed', error, signal);
      await drive.findAgent(signal);
    }
    if (hasAnswered(work)) return;
    if (lockOver) return;
    if ((await chainTime(drive, signal)) >= quote.body.disputeBy) {
      return goJob(drive, 'expired', 'the agent delivered no signed result in time');
    }
    await drive.backOff(attempt, signal);
  }
}

/** The act, stopped when the lock ends, a cancel is wanted or a manifest comes while it runs. After the lock's end it gets one last try. */
async function untilChange(
  drive: Drive,
  signal: AbortSignal,
  lockOver: boolean,
  act: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const settled = new AbortController();
  const { cancelWanted } = drive.record();
  const watching = lockOver
    ? drive.ports.clock.sleep(drive.pace.lastTryMs, settled.signal)
    : drive.until(
        (record) =>
          (record.lock !== null && isLockEnd(record.lock)) || record.cancelWanted !== cancelWanted || record.manifest !== undefined,
        AbortSignal.any([signal, settled.signal]),
      );
  watching.then(
    () => stop.abort(new NunetError('state-changed', 'the state of the job changed')),
    () => undefined,
  );
  try {
    await act(AbortSignal.any([signal, stop.signal]));
  } catch (error) {
    if (!stop.signal.aborted || signal.aborted) throw error;
  } finally {
    settled.abort();
  }
}

/** Runs until the job's work has ended and, if it delivered, has been answered. */
export async function followJob(drive: Drive, signal: AbortSignal): Promise<void> {
  const { lock } = await drive.until((record) => record.lock !== null && record.lock !== 'building' && record.lock !== 'submitted', signal);
  if (lock === 'dropped') return;
  const work = workOf(drive, signal);
  const { jobId, spec } = drive.record();
  await drive.ports.network.serveInputs(jobId, spec.inputs, { peerIds: [drive.agent().peerId], anybody: spec.replay === 'public' });
  await whilePaying(work, signal, awaitResult(work, signal));
  // A job that gave what it should needs no way to go on; of any other the last checkpoint is what it leaves.
  await work.checkpoints.end(drive.record().manifest?.body.exit.kind !== 'completed');
  const { manifest, refusal } = drive.record();
  if (refusal !== undefined) {
    await goJob(drive, 'refused', refusal.body.reasons.map((reason) => reason.message).join('; '));
    if (manifest === undefined) await closeRefused(work, refusal, signal);
  }
  if (manifest === undefined) return;
  const { exit } = manifest.body;
  if (exit.kind === 'completed') await goJob(drive, 'finished', '');
  else
    await goJob(
      drive,
      'failed',
      `${exit.kind === 'jobFault' ? 'the job’s own fault' : 'the compute provider’s fault'}: ${exit.message} (${exit.code})`,
    );
  const result = { drive, quote: work.quote, lockTx: work.lockTx };
  if (work.quote.body.delivery === 'sealed' && exit.kind === 'completed') return takeSealed(result, manifest, signal);
  if (work.quote.body.stream === undefined) return answerResult(result, manifest, signal);
  await judgeResult(result, manifest, signal);
  const paid = finalPay(drive.record(), manifest.body, work.quote.body);
  if (paid === null) return answerResult(result, manifest, signal);
  // No oracle is asked while the agent closes in time.
  await closeAt(work, paid, NO_KEY_HASH, () => answerResult(result, manifest, signal), signal);
}

/** Pays by voucher until the work has a result. */
async function whilePaying(work: Work, signal: AbortSignal, result: Promise<void>): Promise<void> {
  if (work.quote.body.stream === undefined) return result;
  const over = new AbortController();
  const within = AbortSignal.any([signal, over.signal]);
  const paying = payWhileRunning(work, work.meter, within).catch((error: unknown) => {
    if (!within.aborted) throw error;
  });
  try {
    // A lane that cannot pay because the journal fails ends the other too.
    await Promise.race([result, paying.then(() => result)]);
  } finally {
    over.abort();
    await paying;
  }
}
