// What a run says as it goes: one JSON object a line for programs, sentences and a progress bar for people. Amounts in JSON are base units as text.
import { formatAmount } from '@nunet/shared/amount.ts';
import { referenceText } from '@nunet/shared/fields.ts';
import { NO_KEY_HASH } from '@nunet/shared/lock.ts';
import type { Balance } from '@nunet/contracts/holdings.ts';
import type { JobEvent } from '@nunet/shared/job-flow/running-job.ts';
import type { JobEntry, JobRecord } from '@nunet/shared/job-flow/job-record.ts';
import type { Offer, Preflight } from '@nunet/shared/job-flow/preflight.ts';
import type { Quote } from '@nunet/shared/quote.ts';
import { plainJson, plainLine } from '../plain-text.ts';

/** What the wallet should hold after this job if nothing else moved in it. */
export interface Account {
  before: Balance;
  after: Balance;
  /** By the chain's own figures of this job alone. */
  expected: Balance;
  feesLovelace: bigint;
}

export interface Report {
  prepared(record: { jobId: string; title: string; inputs: number; inputBytes: number; budgetBaseUnits: bigint; resumed: boolean }): void;
  quotes(found: Preflight): void;
  chosen(offer: Offer): void;
  event(event: JobEvent): void;
  saved(name: string, path: string, bytes: number): void;
  /** A checkpoint lies there, whole and verified. */
  checkpoint(number: number, path: string, bytes: number): void;
  ended(record: JobRecord, account: Account): void;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
const ntx = (amount: bigint): string => `${formatAmount(amount)} NTX`;
const ada = (lovelace: bigint): string => `${formatAmount(lovelace)} ADA`;

const offerJson = (quote: Quote): Record<string, unknown> => ({
  peerId: quote.computeProvider.peerId,
  amountBaseUnits: quote.amountBaseUnits,
  rateBaseUnitsPerHour: quote.rateBaseUnitsPerHour,
  minimumBaseUnits: quote.minimumBaseUnits,
  expectedStartMs: quote.expectedStartMs,
  sandbox: quote.sandbox,
  finishBy: quote.finishBy,
  disputeBy: quote.disputeBy,
  reclaimAfter: quote.reclaimAfter,
});

/** Bytes of envelopes and transactions stay in the journal: a line is for reading. */
function entryJson(entry: JobEntry, record: JobRecord): Record<string, unknown> | undefined {
  const { atMs } = entry;
  switch (entry.type) {
    case 'opened':
    case 'quoted':
      return undefined;
    case 'job':
    case 'lock':
      return { event: entry.type, atMs, state: entry.state, detail: entry.detail, ...('spent' in entry ? { spent: entry.spent } : {}) };
    case 'lock-built':
      return {
        event: 'lock-built',
        atMs,
        txId: entry.txId,
        index: entry.index,
        feeLovelace: entry.feeLovelace,
        lockedLovelace: entry.lockedLovelace,
        amountBaseUnits: record.quote?.body.amountBaseUnits ?? 0n,
        validUntilMs: entry.validUntilMs,
        bytes: entry.cbor.length / 2,
      };
    case 'voucher': {
      const { paidBaseUnits, final, keyHash } = entry;
      return {
        event: 'voucher',
        atMs,
        paidBaseUnits,
        final,
        namesKey: keyHash !== NO_KEY_HASH,
        amountBaseUnits: record.quote?.body.amountBaseUnits,
      };
    }
    case 'close':
      return { event: 'close', atMs, paidBaseUnits: record.agreement?.paid ?? 0n, revealsKey: entry.secret !== null };
    case 'close-late':
      return { event: 'close-late', atMs };
    case 'opened-outputs':
      return { event: 'opened', atMs, outputs: entry.outputs };
    case 'wrong-plaintext':
      return { event: 'wrong-plaintext', atMs, file: entry.file };
    case 'agree-built':
    case 'reclaim-built':
      return { event: entry.type, atMs, txId: entry.txId, feeLovelace: entry.feeLovelace, bytes: entry.cbor.length / 2 };
    case 'manifest': {
      const body = record.manifest?.body;
      if (body === undefined) return undefined;
      const { exit, billedMs, payBaseUnits, usage, sandbox, metrics, outputs } = body;
      return { event: 'manifest', atMs, cid: record.manifest?.cid, exit, billedMs, payBaseUnits, usage, sandbox, metrics, outputs };
    }
    case 'refusal':
      return { event: 'refusal', atMs, reasons: record.refusal?.body.reasons };
    case 'answer':
      return { event: 'answer', atMs, kind: entry.kind };
    case 'checkpoint':
      return { event: 'checkpoint-kept', atMs, number: entry.number, takenAtMs: entry.takenAtMs, bytes: entry.file.bytes };
    case 'outputs-stored':
    case 'cancel-wanted':
      return { event: entry.type, atMs };
    case 'checked':
      return { event: 'checked', atMs, accept: entry.accept, score: entry.score, detail: entry.detail };
    case 'told':
      return { event: 'told', atMs, to: entry.to, pieces: entry.what.length };
  }
}

export const endJson = (record: JobRecord, account: Account): Record<string, unknown> => ({
  event: 'end',
  jobId: record.jobId,
  job: record.job,
  jobDetail: record.jobHistory.at(-1)?.detail ?? '',
  lock: record.lock,
  lockDetail: record.lockHistory.at(-1)?.detail ?? '',
  jobHistory: record.jobHistory,
  lockHistory: record.lockHistory,
  computeProvider: record.quote?.body.computeProvider ?? null,
  amountBaseUnits: record.quote?.body.amountBaseUnits ?? null,
  lockTxId: record.lockTx?.txId ?? null,
  lockReference: record.lockTx === undefined ? null : referenceText(record.lockTx.reference),
  lockFeeLovelace: record.lockTx?.feeLovelace ?? null,
  lockedLovelace: record.lockTx?.lockedLovelace ?? null,
  spent: record.spent ?? null,
  answer: record.answer?.kind ?? (record.cancel === undefined ? null : 'cancel'),
  score: record.check?.score ?? null,
  check: record.check ?? null,
  billedMs: record.manifest?.body.billedMs ?? null,
  payBaseUnits: record.manifest?.body.payBaseUnits ?? null,
  sandbox: record.manifest?.body.sandbox ?? record.quote?.body.sandbox ?? null,
  metrics: record.manifest?.body.metrics ?? [],
  wallet: {
    before: account.before,
    after: account.after,
    expected: account.expected,
    feesLovelace: account.feesLovelace,
    reconciled: account.after.baseUnits === account.expected.baseUnits && account.after.lovelace === account.expected.lovelace,
  },
});

export function jsonReport(print: (line: string) => void): Report {
  const say = (value: Record<string, unknown>): void =>
    print(plainJson(JSON.stringify(value, (_, field: unknown) => (typeof field === 'bigint' ? field.toString() : field))));
  return {
    prepared: (about) => say({ event: 'prepared', ...about }),
    quotes: ({ offers, others, summary }) =>
      say({
        event: 'quotes',
        summary,
        offers: offers.map((offer) => offerJson(offer.quote.body)),
        others: others.map(({ agent, outcome, reasons, quote }) => ({
          peerId: agent.peerId,
          outcome,
          reasons,
          ...(quote === undefined ? {} : { amountBaseUnits: quote.body.amountBaseUnits }),
        })),
      }),
    chosen: (offer) => say({ event: 'chosen', quoteCid: offer.quote.cid, ...offerJson(offer.quote.body) }),
    event: (event) => {
      if (event.type !== 'entry') {
        const { type, ...rest } = event;
        return say({ event: type, ...rest });
      }
      const told = entryJson(event.entry, event.record);
      if (told !== undefined) say(told);
    },
    saved: (name, path, bytes) => say({ event: 'saved', name, path, bytes }),
    checkpoint: (number, path, bytes) => say({ event: 'checkpoint-saved', number, path, bytes }),
    ended: (record, account) => say(endJson(record, account)),
  };
}

const PHASES = {
  inputs: 'inputs',
  downloads: 'files from the web',
  image: 'image',
  dependencies: 'packages',
} as const;

/** All peer ids begin alike; their ends tell them apart. */
const short = (peerId: string): string => `…${peerId.slice(-8)}`;

/** `rewrite` replaces the last line on a terminal; undefined where lines are only added. */
export function textReport(print: (line: string) => void, rewrite?: (line: string) => void): Report {
  let barAt = 0;
  let barPhase = '';
  let barOpen = false;
  let openEpoch = -1;
  let lastCheckpoint: string | undefined;
  let wasPaused = false;
  const say = (line: string): void => {
    if (barOpen) rewrite?.('');
    barOpen = false;
    print(plainLine(line));
  };
  const progress = (event: Extract<JobEvent, { type: 'progress' }>): void => {
    const share = event.total > 0 ? Math.min(1, event.done / event.total) : 0;
    const metrics = event.metrics.map(({ name, value }) => `${name} ${value.toFixed(4)}`).join('  ');
    const what = event.phase === 'steps' ? `epoch ${event.epoch}` : PHASES[event.phase];
    const filled = Math.round(share * 30);
    // Code need not know how many epochs it will take: then there is no share to draw.
    const bar = event.total > 0 ? `[${'#'.repeat(filled)}${'.'.repeat(30 - filled)}] ${Math.floor(share * 100)} %  ` : '';
    const line = plainLine(`  ${bar}${what}  ${metrics}`);
    if (rewrite !== undefined) {
      rewrite(line);
      barOpen = true;
    } else {
      if (barPhase !== event.phase) barAt = 0;
      barPhase = event.phase;
      if (event.total === 0) {
        if (event.phase !== 'steps') return;
        if (event.epoch !== openEpoch) print(line);
        openEpoch = event.epoch;
        return;
      }
      if (share < barAt) return;
      barAt = share === 1 ? 2 : Math.min(1, share + 0.1);
      print(line);
    }
  };
  const due = ({ paused, payBaseUnits, signedBaseUnits }: Extract<JobEvent, { type: 'due' }>): void => {
    if (paused && !wasPaused) say(`  Paused: waits for the next voucher; ${ntx(payBaseUnits)} are due, ${ntx(signedBaseUnits)} are signed`);
    wasPaused = paused;
  };
  const entry = (event: Extract<JobEvent, { type: 'entry' }>): void => {
    const { entry: written, record } = event;
    switch (written.type) {
      case 'job':
        return say(`Job ${written.state}${written.detail === '' ? '' : `: ${written.detail}`}`);
      case 'lock': {
        const paid =
          written.spent === undefined
            ? ''
            : `, ${ntx(written.spent.paidBaseUnits)} and ${ada(written.spent.paidLovelace)} paid, ${ntx(written.spent.changeBaseUnits)} and ${ada(written.spent.changeLovelace)} back, fee ${ada(written.spent.feeLovelace)}`;
        return say(`Lock ${written.state}${written.detail === '' ? '' : `: ${written.detail}`}${paid}`);
      }
      case 'lock-built':
        return say(
          `Lock ${ntx(record.quote?.body.amountBaseUnits ?? 0n)} and ${ada(written.lockedLovelace)} in ${written.txId}, fee ${ada(written.feeLovelace)}, ${written.cbor.length / 2} bytes`,
        );
      case 'voucher':
        return say(`Signed ${written.final ? 'the final voucher' : 'a voucher'}: ${ntx(written.paidBaseUnits)} so far`);
      case 'close':
        return say(`Both sides signed a pay of ${ntx(record.agreement?.paid ?? 0n)}: no oracle is needed`);
      case 'close-late':
        return say('The agent takes long to close: the oracles hear of the final voucher');
      case 'opened-outputs':
        return say(`Opened ${written.outputs.map(({ name }) => name).join(', ')} with the key`);
      case 'wrong-plaintext':
        return say(`Output ${written.file} is not what was committed to`);
      case 'agree-built':
        return say(`Bringing what both signed on chain with ${written.txId}, fee ${ada(written.feeLovelace)}`);
      case 'reclaim-built':
        return say(`Nobody signed in time: reclaiming with ${written.txId}, fee ${ada(written.feeLovelace)}`);
      case 'manifest': {
        const body = record.manifest?.body;
        if (body !== undefined)
          say(`Result signed: ${body.exit.kind}, ${seconds(body.billedMs)} billed, pay ${ntx(body.payBaseUnits)}, sandbox ${body.sandbox}`);
        return;
      }
      case 'checked':
        return say(`Check ${written.accept ? 'passed' : 'failed'}: ${written.detail}`);
      case 'answer':
        return say(`Signed ${{ ack: 'the acknowledgement', dispute: 'a dispute', cancel: 'the cancellation' }[written.kind]}`);
      case 'told':
        return say(
          `  told ${/^[0-9a-f]{64}$/.test(written.to) ? `oracle ${written.to.slice(0, 8)}` : 'the agent'} (${written.what.length})`,
        );
      case 'cancel-wanted':
        return say('Cancelling');
      default:
        return;
    }
  };
  return {
    prepared: ({ jobId, title, inputs, inputBytes, budgetBaseUnits, resumed }) =>
      say(
        `${resumed ? 'Going on with' : 'Job'} "${title}" ${jobId}: ${inputs} inputs, ${inputBytes} bytes, budget ${ntx(budgetBaseUnits)}`,
      ),
    quotes: ({ offers, others, summary }) => {
      say(summary);
      const rows = offers.map(({ quote: { body } }, index) => [
        `${index + 1}.`,
        short(body.computeProvider.peerId),
        `up to ${ntx(body.amountBaseUnits)}`,
        `${ntx(body.rateBaseUnitsPerHour)} an hour`,
        `at least ${ntx(body.minimumBaseUnits)}`,
        `starts in ${seconds(body.expectedStartMs)}`,
        `sandbox ${body.sandbox}`,
      ]);
      const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
      for (const row of rows)
        say(
          `  ${row
            .map((cell, column) => cell.padEnd(widths[column] ?? 0))
            .join('  ')
            .trimEnd()}`,
        );
      for (const { agent, outcome, reasons } of others)
        say(`  -  ${short(agent.peerId)}  ${outcome}: ${reasons.map((reason) => reason.message).join('; ')}`);
    },
    chosen: ({ quote: { body } }) => say(`Taking the offer of ${short(body.computeProvider.peerId)}: at most ${ntx(body.amountBaseUnits)}`),
    event: (event) => {
      if (event.type === 'entry') entry(event);
      else if (event.type === 'progress') progress(event);
      else if (event.type === 'due') due(event);
      else if (event.type === 'log') say(`  | ${event.line}`);
      else if (event.type === 'notice') say(`  ! ${event.message}`);
    },
    checkpoint: (number, path, bytes) => {
      lastCheckpoint = path;
      say(`Kept checkpoint ${number}, ${bytes} bytes, as ${path}`);
    },
    saved: (name, path, bytes) => say(`Saved ${name}, ${bytes} bytes, as ${path}`),
    ended: (record, { before, after, expected, feesLovelace }) => {
      const paid = record.spent?.paidBaseUnits ?? 0n;
      if (record.job !== 'finished' && lastCheckpoint !== undefined)
        say(`A new job goes on from its last checkpoint with: --resume-from ${lastCheckpoint}`);
      say(
        `The job is ${record.job}, its lock ${record.lock ?? 'was never made'}: paid ${ntx(paid)} of ${ntx(record.quote?.body.amountBaseUnits ?? 0n)}`,
      );
      say(
        `Wallet: ${ntx(before.baseUnits)} -> ${ntx(after.baseUnits)}, ${ada(before.lovelace)} -> ${ada(after.lovelace)}, fees of this wallet ${ada(feesLovelace)}`,
      );
      const same = after.baseUnits === expected.baseUnits && after.lovelace === expected.lovelace;
      if (same) say('The balance fits the transactions of this job to the base unit.');
      else
        say(
          `This job alone would have left ${ntx(expected.baseUnits)} and ${ada(expected.lovelace)}; the rest moved by other transactions of this wallet.`,
        );
    },
  };
}
