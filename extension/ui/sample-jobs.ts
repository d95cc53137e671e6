// Sample jobs for tests and for the fake runner: journals as a real job writes them, read by the real reducer. Never imported by the page.
import { bytesToHex } from '@noble/hashes/utils.js';
import { cidOf, encode } from '@nunet/shared/encoding.ts';
import { openedEntry, quotedEntry, readJob, type JobEntry, type JobRecord } from '@nunet/shared/job-flow/job-record.ts';
import type { Preflight } from '@nunet/shared/job-flow/preflight.ts';
import type { JobSpec } from '@nunet/shared/job-spec.ts';
import { outputRootOf, type Manifest } from '@nunet/shared/manifest.ts';
import { billedPay, type LockRefusal, type Quote, type QuoteRequest } from '@nunet/shared/quote.ts';
import {
  sampleAdvert,
  sampleContainerRequest,
  sampleContainerSpec,
  sampleHash,
  sampleManifest,
  samplePeerId,
  sampleQuote,
  sampleRequest,
  sampleSigner,
  sampleSpec,
} from '@nunet/shared/samples.ts';
import { signStatement, type Signed } from '@nunet/shared/signature.ts';
import type { JobSnapshot, JobSummary, LiveState } from '../messages.ts';

/** How far a sample job has come, and which way it went. */
export type SampleStage =
  | 'draft'
  | 'submitted'
  | 'preparing'
  | 'running'
  | 'delivered'
  | 'paid'
  | 'disputed'
  | 'missed'
  | 'refused'
  | 'rolled-back'
  | 'dropped'
  | 'shared'
  | 'reclaimed'
  /** A container job, which leaves checkpoints. */
  | 'draft-code'
  | 'running-code'
  | 'failed-code';

/** The same for every kind of program. */
const bareStage = (stage: SampleStage): SampleStage =>
  (({ 'draft-code': 'draft', 'running-code': 'running', 'failed-code': 'shared' }) as const)[stage as 'draft-code'] ?? stage;

const EPOCHS = 20;
const OUTPUT = { name: 'model.onnx', bytes: 408_312 };
const BILLED_MS = 3_840;

const CHECKPOINT_BYTES = 12_400_640;

const codeSpecOf = (title: string): JobSpec => ({
  ...sampleContainerSpec,
  title,
  nonce: sampleHash(`nonce ${title}`).slice(0, 32),
  resources: { ...sampleContainerSpec.resources, diskBytes: 2 ** 30 },
});

const specOf = (title: string): JobSpec => ({
  ...sampleSpec,
  title,
  nonce: sampleHash(`nonce ${title}`).slice(0, 32),
  program: {
    ...(sampleSpec.program as Extract<JobSpec['program'], { kind: 'onnx' }>),
    epochs: EPOCHS,
    metrics: [
      { name: 'loss', output: 'loss' },
      { name: 'accuracy', output: 'accuracy' },
    ],
  },
});

/** A quote whose times count from `atMs`. */
async function quoteFor(spec: JobSpec, atMs: number, agent = 'agent'): Promise<Signed<Quote>> {
  const times = { expiresAt: 90_000, startBy: 120_000, finishBy: 240_000, disputeBy: 300_000, reclaimAfter: 340_000 };
  const body: Quote = {
    ...sampleQuote,
    jobId: cidOf(encode(spec)),
    computeProvider: { ...sampleQuote.computeProvider, peerId: samplePeerId(agent) },
    amountBaseUnits: 4_250_000n,
    rateBaseUnitsPerHour: 255_000_000n,
    minimumBaseUnits: 100_000n,
    issuedAt: atMs,
    ...(Object.fromEntries(Object.entries(times).map(([name, ms]) => [name, atMs + ms])) as typeof times),
  };
  return signStatement('quote', body, sampleSigner(agent));
}

const curveOf = (epochs: number): LiveState['curve'] =>
  Array.from({ length: epochs }, (_, index) => ({
    epoch: index + 1,
    metrics: [
      { name: 'loss', value: 0.12 + 1.9 * Math.exp(-index / 3.2) + 0.02 * Math.sin(index * 2.1) },
      { name: 'accuracy', value: 0.972 - 0.62 * Math.exp(-index / 2.6) + 0.004 * Math.sin(index * 1.7) },
    ],
  }));

/** The journal of a job at a stage; `startMs` is when its draft was opened. */
async function sampleJournal(at: SampleStage, startMs: number, title: string): Promise<JobEntry[]> {
  const isCode = at.endsWith('-code');
  const stage = bareStage(at);
  const spec = isCode ? codeSpecOf(title) : specOf(title);
  const request: QuoteRequest = { ...(isCode ? sampleContainerRequest : sampleRequest), jobId: cidOf(encode(spec)) };
  const entries: JobEntry[] = [openedEntry(spec, request, 5_000_000n, startMs)];
  if (stage === 'draft') return entries;
  const quote = await quoteFor(spec, startMs + 1_000);
  const lockTxId = sampleHash(`lock ${title}`);
  const reference = { txId: lockTxId, index: 0 };
  const lock = (ms: number, state: 'submitted' | 'locked' | 'attested' | 'dropped', detail: string): JobEntry => ({
    type: 'lock',
    atMs: startMs + ms,
    state,
    detail,
  });
  const job = (ms: number, state: JobRecord['job'], detail = ''): JobEntry => ({ type: 'job', atMs: startMs + ms, state, detail });
  const spent = (ms: number, state: 'withdrawn' | 'refunded' | 'distributed' | 'reclaimed', paid: bigint): JobEntry => ({
    type: 'lock',
    atMs: startMs + ms,
    state,
    detail: sampleHash(`${state} ${title}`),
    spent: {
      txId: sampleHash(`${state} ${title}`),
      how: state === 'reclaimed' ? 'reclaim' : 'settle',
      paidBaseUnits: paid,
      changeBaseUnits: quote.body.amountBaseUnits - paid,
      paidLovelace: paid === 0n ? 0n : 1_500_000n,
      changeLovelace: paid === 0n ? 3_214_000n : 1_714_000n,
      feeLovelace: 286_431n,
      secret: null,
    },
  });
  entries.push(
    quotedEntry({ agent: { addresses: sampleAdvert.addresses }, quote }, startMs + 9_000),
    {
      type: 'lock-built',
      atMs: startMs + 9_200,
      cbor: '84a4',
      txId: lockTxId,
      feeLovelace: 189_345n,
      validUntilMs: quote.body.expiresAt,
      index: 0,
      lockedLovelace: 3_500_000n,
    },
    lock(9_300, 'submitted', lockTxId),
  );
  if (stage === 'submitted') return entries;
  if (stage === 'dropped')
    return [
      ...entries,
      lock(96_000, 'dropped', 'nothing was locked: no block took it before its validity ended'),
      job(96_020, 'expired', 'nothing was locked: no block took it before its validity ended'),
    ];
  if (stage === 'rolled-back') entries.push(lock(11_000, 'locked', '2 blocks on top'), lock(12_400, 'submitted', 'the chain rolled back'));
  entries.push(lock(13_100, 'locked', '2 blocks on top'), job(13_120, 'locked'));
  if (stage === 'refused') {
    const body: LockRefusal = {
      v: 1,
      network: 'devnet',
      jobId: quote.body.jobId,
      quoteCid: quote.cid,
      lock: reference,
      reasons: [{ code: 'capacity', message: 'Cannot start: another job was given the memory while this lock was late.' }],
      issuedAt: startMs + 13_500,
    };
    const refusal = await signStatement('lock-refusal', body, sampleSigner('agent'));
    return [
      ...entries,
      { type: 'refusal', atMs: startMs + 13_600, envelope: bytesToHex(refusal.envelope) },
      job(13_620, 'refused', body.reasons[0]?.message ?? ''),
      lock(15_000, 'attested', '3 of 3 oracles signed a pay of 0 NTX (refused)'),
      spent(16_200, 'refunded', 0n),
    ];
  }
  entries.push(job(13_600, 'preparing'));
  if (stage === 'preparing') return entries;
  entries.push(job(14_900, 'running', 'one thread, sandbox namespace'));
  if (isCode) {
    const file = { name: 'checkpoint-2.tar', cid: cidOf(encode(`checkpoint ${title}`)), bytes: CHECKPOINT_BYTES };
    entries.push({ type: 'checkpoint', atMs: startMs + 17_000, number: 2, takenAtMs: startMs + 16_400, file });
  }
  if (stage === 'running' || stage === 'rolled-back') return entries;
  if (stage === 'missed' || stage === 'reclaimed') {
    const end = stage === 'missed' ? spent(245_000, 'refunded', 0n) : spent(342_000, 'reclaimed', 0n);
    if (stage === 'missed') entries.push(lock(243_000, 'attested', '3 of 3 oracles signed a pay of 0 NTX (missed)'));
    return [
      ...entries,
      end,
      job(
        end.atMs - startMs + 2_000,
        'expired',
        `the agent delivered no signed result; the money was ${stage === 'missed' ? 'refunded' : 'reclaimed'}`,
      ),
    ];
  }
  const failed = stage === 'shared';
  const outputs = failed ? [] : [{ ...OUTPUT, cid: cidOf(encode(`model ${title}`)) }];
  const manifestBody: Manifest = {
    ...sampleManifest(quote.cid, reference),
    jobId: quote.body.jobId,
    exit: isCode
      ? { kind: 'jobFault', code: 'program-failed', message: 'Exit code 1. RuntimeError: loss is not a number' }
      : failed
        ? { kind: 'jobFault', code: 'memory-limit', message: 'it wanted more memory than the 256 MiB of its limit' }
        : { kind: 'completed' },
    startedAt: startMs + 14_900,
    finishedAt: startMs + 14_900 + BILLED_MS,
    billedMs: BILLED_MS,
    payBaseUnits: billedPay(quote.body, BILLED_MS),
    metrics: [
      { name: 'loss', value: 0.1243 },
      { name: 'accuracy', value: 0.9712 },
    ],
    outputs,
    delivery: { ...sampleManifest(quote.cid).delivery, root: outputRootOf(outputs) },
  };
  const manifest = await signStatement('manifest', manifestBody, sampleSigner('agent'));
  entries.push({ type: 'manifest', atMs: startMs + 18_800, envelope: bytesToHex(manifest.envelope) });
  if (failed) {
    entries.push(
      job(
        18_820,
        'failed',
        isCode
          ? 'the job’s own fault: Exit code 1. RuntimeError: loss is not a number (program-failed)'
          : 'the job’s own fault: it wanted more memory than the 256 MiB of its limit (memory-limit)',
      ),
    );
    return [
      ...entries,
      lock(21_000, 'attested', '3 of 3 oracles signed a pay of 2.125 NTX (job-fault-half)'),
      spent(22_000, 'distributed', 2_125_000n),
    ];
  }
  entries.push(job(18_820, 'finished'), { type: 'outputs-stored', atMs: startMs + 19_100 });
  if (stage === 'delivered') return entries;
  const accept = stage === 'paid';
  const answer = { v: 1 as const, network: 'devnet' as const, jobId: quote.body.jobId, lock: reference, manifestCid: manifest.cid };
  const detail = accept ? 'accuracy 0.9689, want at least 0.93' : 'accuracy 0.1023, want at least 0.93';
  const signed = accept
    ? await signStatement('ack', { ...answer, payBaseUnits: manifest.body.payBaseUnits }, sampleSigner('job key'))
    : await signStatement('dispute', { ...answer, reason: detail }, sampleSigner('job key'));
  entries.push(
    { type: 'checked', atMs: startMs + 19_900, accept, score: accept ? 0.9689 : 0.1023, detail },
    { type: 'answer', atMs: startMs + 19_920, kind: accept ? 'ack' : 'dispute', envelope: bytesToHex(signed.envelope) },
    lock(
      22_000,
      'attested',
      accept ? '3 of 3 oracles signed a pay of 0.272 NTX (acknowledged)' : '3 of 3 oracles signed a pay of 0 NTX (disproved)',
    ),
    accept ? spent(23_100, 'withdrawn', manifest.body.payBaseUnits) : spent(23_100, 'refunded', 0n),
  );
  return entries;
}

/** The record of a job at a stage. */
export async function sampleRecord(stage: SampleStage, startMs: number, title = 'Digits: train a 784-128-10 network'): Promise<JobRecord> {
  const record = readJob(await sampleJournal(stage, startMs, title));
  if (record === undefined) throw new Error('a sample journal is never empty');
  return record;
}

const hasEnded = (stage: SampleStage): boolean =>
  !['draft', 'submitted', 'preparing', 'running', 'delivered', 'rolled-back'].includes(bareStage(stage));

/** A job as the runner tells a page of it. */
export async function sampleSnapshot(stage: SampleStage, startMs: number, title?: string): Promise<JobSnapshot> {
  const record = await sampleRecord(stage, startMs, title);
  const isDecided = stage !== 'delivered';
  const epochs =
    {
      draft: 0,
      submitted: 0,
      preparing: 0,
      refused: 0,
      dropped: 0,
      running: 11,
      'draft-code': 0,
      'running-code': 6,
      'failed-code': 9,
      'rolled-back': 3,
      missed: 7,
      reclaimed: 7,
    }[stage as 'running'] ?? EPOCHS;
  const summary: JobSummary = {
    jobId: record.jobId,
    title: record.spec.title,
    openedAtMs: startMs,
    job: record.job,
    lock: record.lock,
    amountBaseUnits: record.quote?.body.amountBaseUnits ?? null,
    paidBaseUnits: record.spent?.paidBaseUnits ?? null,
    changedAtMs: Math.max(record.jobHistory.at(-1)?.atMs ?? 0, record.lockHistory.at(-1)?.atMs ?? 0),
    reclaimAfterMs: record.quote?.body.reclaimAfter ?? null,
    hasEnded: hasEnded(stage),
    isDriven: bareStage(stage) !== 'draft' && !hasEnded(stage),
    key: 'ready',
    wantsDecision: !isDecided,
  };
  const progress: Partial<Record<SampleStage, LiveState['progress']>> = {
    preparing: { phase: 'inputs', done: 4_718_592, total: 7_473_112, epoch: 0 },
    running: { phase: 'steps', done: 1_562, total: 2_820, epoch: 12 },
    'running-code': { phase: 'steps', done: 0, total: 0, epoch: 7 },
    'rolled-back': { phase: 'steps', done: 420, total: 2_820, epoch: 3 },
  };
  return {
    summary,
    record,
    live: {
      progress: progress[stage] ?? null,
      ...(stage === 'running-code' ? { checkpoint: { number: 3, doneBytes: 4_194_304, totalBytes: CHECKPOINT_BYTES } } : {}),
      curve: curveOf(epochs),
      outputs: record.manifest?.body.outputs.map(({ name, bytes }) => ({ name, bytes, doneBytes: bytes, isStored: true })) ?? [],
    },
    notices: [],
    logLines: epochs === 0 ? 0 : epochs * 3 + 6,
    decision: isDecided
      ? null
      : {
          check: { accept: true, score: 0.9689, detail: 'accuracy 0.9689, want at least 0.93' },
          error: null,
          disputeBy: record.quote?.body.disputeBy ?? 0,
        },
    transactionPage: 'http://127.0.0.1:4000/#tx/',
  };
}

/** What agents say to a draft: two match, three do not. */
export async function samplePreflight(record: JobRecord, atMs: number): Promise<Preflight> {
  const offers = await Promise.all(
    ['agent', 'agent b'].map(async (name, index) => {
      const signed = await quoteFor(record.spec, atMs, name);
      const body: Quote =
        index === 0
          ? signed.body
          : { ...signed.body, amountBaseUnits: 6_000_000n, rateBaseUnitsPerHour: 360_000_000n, sandbox: 'container' };
      const quote = index === 0 ? signed : await signStatement('quote', body, sampleSigner(name));
      return {
        agent: { peerId: samplePeerId(name), addresses: sampleAdvert.addresses },
        advert: { ...sampleAdvert, peerId: samplePeerId(name) },
        quote,
      };
    }),
  );
  const no = (name: string) => ({
    agent: { peerId: samplePeerId(name), addresses: [] },
    advert: { ...sampleAdvert, peerId: samplePeerId(name) },
  });
  return {
    offers,
    others: [
      {
        ...no('agent c'),
        outcome: 'refused',
        reasons: [{ code: 'memory', message: 'The job wants 512 MiB of memory, 128 MiB are free.' }],
      },
      { ...no('agent d'), outcome: 'unreachable', reasons: [{ code: 'peer-slow', message: 'no answer while others waited 3 s' }] },
      { ...no('agent e'), outcome: 'over-budget', reasons: [{ code: 'over-budget', message: 'it asks 12 NTX, your budget is 5' }] },
    ],
    summary:
      '2 agents match; 1 refused: The job wants 512 MiB of memory, 128 MiB are free.; 1 did not answer: no answer while others waited 3 s; 1 over budget',
  };
}
