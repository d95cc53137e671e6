// One `nunet-agent run` as a child process: its JSON events told as a story while they happen, and kept for the report.
import { formatAmount } from '@nunet/shared/amount.ts';
import type { Process } from '../network/process.ts';
import type { Funded, RunningNetwork } from '../network/start.ts';
import { startRun } from '../network/start-run.ts';
import { bar, bold, dim, green, live, red, say, sparkline, yellow } from './terminal.ts';

export type Event = Record<string, unknown> & { event: string };

/** The last line of a run, with what the demo reads of it. Amounts are base units or lovelace as text. */
export interface End {
  jobId: string;
  job: string;
  jobDetail: string;
  lock: string | null;
  lockDetail: string;
  jobHistory: unknown[];
  lockHistory: unknown[];
  computeProvider: { peerId: string; address: string } | null;
  amountBaseUnits: string | null;
  lockTxId: string | null;
  lockFeeLovelace: string | null;
  lockedLovelace: string | null;
  spent: {
    txId: string;
    how: string;
    paidBaseUnits: string;
    changeBaseUnits: string;
    paidLovelace: string;
    changeLovelace: string;
    feeLovelace: string;
    /** K of sealed outputs, where the transaction revealed it. */
    secret: string | null;
  } | null;
  answer: string | null;
  score: number | null;
  billedMs: number | null;
  sandbox: string | null;
  metrics: { name: string; value: number }[];
  wallet: { expected: { baseUnits: string; lovelace: string }; feesLovelace: string; reconciled: boolean };
}

export interface JobRun {
  wallet: Funded;
  end: End | null;
  exitCode: number;
  wallMs: number;
  events: Event[];
  /** Metrics by epoch, as the agent reported them. */
  curve: { epoch: number; metrics: Record<string, number> }[];
}

export interface RunOptions {
  network: RunningNetwork;
  jobFile: string;
  wallet: Funded;
  folder: string;
  /** Take the offer of this agent only. */
  agent?: string;
  /** Begin from a checkpoint. */
  resumeFrom?: string;
  /** Called for each event while it happens; the demo kills and advances time from here. */
  on?: (event: Event, run: Process) => Promise<void> | void;
}

const ntx = (text: unknown): string => `${formatAmount(BigInt(String(text)))} NTX`;
const ada = (text: unknown): string => `${formatAmount(BigInt(String(text)))} ADA`;
const seconds = (ms: unknown): string => `${(Number(ms) / 1000).toFixed(2)} s`;
const shortId = (text: unknown): string => `${String(text).slice(0, 10)}…`;

export async function runJob(options: RunOptions): Promise<JobRun> {
  const { network, folder } = options;
  const started = performance.now();
  const names = new Map([...network.agents.values()].map((agent) => [agent.peerId, agent.plan.name]));
  const nameOf = (peerId: unknown): string => names.get(String(peerId)) ?? shortId(peerId);
  const run = startRun(network, {
    jobFile: options.jobFile,
    walletFile: options.wallet.walletFile,
    folder,
    ...(options.agent === undefined ? {} : { agent: options.agent }),
    ...(options.resumeFrom === undefined ? {} : { resumeFrom: options.resumeFrom }),
  });
  const events: Event[] = [];
  const curve = new Map<number, Record<string, number>>();
  /** A notice is a condition that lasts; once is enough for a reader. */
  const told = new Set<string>();
  let end: End | null = null;
  for await (const line of run.lines()) {
    if (typeof line['event'] !== 'string') continue;
    const event = line as Event;
    if (event.event !== 'progress') events.push(event);
    if (event.event === 'progress' && event['phase'] === 'steps') {
      const metrics = event['metrics'] as { name: string; value: number }[];
      if (metrics.length > 0) curve.set(Number(event['epoch']), Object.fromEntries(metrics.map(({ name, value }) => [name, value])));
    }
    const isRepeated = event.event === 'notice' && told.has(String(event['message']));
    if (event.event === 'notice') told.add(String(event['message']));
    if (!isRepeated) tell(event, nameOf, curve, dim(`${((performance.now() - started) / 1000).toFixed(1).padStart(5)} s `));
    if (event.event === 'end') end = event as unknown as End;
    await options.on?.(event, run);
  }
  const exitCode = await run.exited;
  return {
    wallet: options.wallet,
    end,
    exitCode,
    wallMs: performance.now() - started,
    events,
    curve: [...curve].sort(([a], [b]) => a - b).map(([epoch, metrics]) => ({ epoch, metrics })),
  };
}

/** One event as a line of the story. */
function tell(event: Event, nameOf: (peerId: unknown) => string, curve: ReadonlyMap<number, Record<string, number>>, at: string): void {
  const line = (text: string): void => say(at + text);
  const detail = typeof event['detail'] === 'string' && event['detail'] !== '' ? dim(` (${event['detail']})`) : '';
  switch (event.event) {
    case 'quotes':
      return tellQuotes(event, nameOf, line);
    case 'chosen':
      return line(`takes ${bold(nameOf(event['peerId']))}, at most ${ntx(event['amountBaseUnits'])}, sandbox ${String(event['sandbox'])}`);
    case 'lock-built':
      return line(
        `locks ${ntx(event['amountBaseUnits'])} and ${ada(event['lockedLovelace'])} in tx ${shortId(event['txId'])} ${dim(`fee ${ada(event['feeLovelace'])}, ${String(event['bytes'])} bytes`)}`,
      );
    case 'progress': {
      const share = Number(event['done']) / Math.max(1, Number(event['total']));
      const metrics = (event['metrics'] as { name: string; value: number }[])
        .map(({ name, value }) => `${name} ${value.toFixed(4)}`)
        .join('  ');
      const phase = event['phase'] === 'steps' ? 'running' : String(event['phase']).padEnd(7);
      return live(`  ${phase} ${bar(share)} ${Math.floor(share * 100)} %  ${metrics}`);
    }
    case 'job':
      return line(`job ${bold(String(event['state']))}${detail}`);
    case 'lock': {
      const spent = event['spent'] as End['spent'] | undefined;
      const paid =
        spent === undefined || spent === null
          ? ''
          : `: ${ntx(spent.paidBaseUnits)} paid, ${ntx(spent.changeBaseUnits)} back, tx ${shortId(spent.txId)} ${dim(`fee ${ada(spent.feeLovelace)}`)}`;
      return line(`lock ${bold(String(event['state']))}${paid}${detail}`);
    }
    case 'manifest': {
      for (const name of Object.keys([...curve.values()][0] ?? {})) {
        const values = [...curve.entries()].sort(([a], [b]) => a - b).map(([, metrics]) => metrics[name] ?? 0);
        if (values.length > 1)
          line(`${name.padEnd(9)} ${sparkline(values.slice(-60))}  ${values[0]?.toFixed(4)} -> ${values.at(-1)?.toFixed(4)}`);
      }
      const exit = event['exit'] as { kind: string; message?: string };
      const why = exit.message === undefined ? '' : `: ${exit.message}`;
      return line(`result signed: ${exit.kind}${why}, ${seconds(event['billedMs'])} billed, asks ${ntx(event['payBaseUnits'])}`);
    }
    case 'checkpoint-saved':
      return line(dim(`checkpoint ${String(event['number'])} kept, ${String(event['bytes'])} bytes`));
    case 'refusal':
      return line(yellow(`refused: ${(event['reasons'] as { message: string }[]).map(({ message }) => message).join('; ')}`));
    case 'checked':
      return line(`check ${event['accept'] === true ? green('passed') : red('failed')}: ${String(event['detail'])}`);
    case 'answer':
      return line(
        `signs ${event['kind'] === 'dispute' ? red('a dispute') : green(event['kind'] === 'ack' ? 'the acknowledgement' : 'the cancellation')}`,
      );
    case 'due':
      return event['paused'] === true
        ? live(`  paused: waits for the next voucher; ${ntx(event['payBaseUnits'])} are due, ${ntx(event['signedBaseUnits'])} are signed`)
        : undefined;
    case 'voucher': {
      const share = Number(event['paidBaseUnits']) / Math.max(1, Number(event['amountBaseUnits']));
      const what = event['final'] === true ? green('final voucher') : 'voucher';
      const key = event['namesKey'] === true ? dim(' for the key of the outputs') : '';
      return line(`${bar(share)} ${what} ${ntx(event['paidBaseUnits'])}${key}`);
    }
    case 'close':
      return line(
        green(
          `both sides signed a pay of ${ntx(event['paidBaseUnits'])}${event['revealsKey'] === true ? '; the key of the outputs came with it' : ''}`,
        ),
      );
    case 'opened':
      return line('outputs opened with the key');
    case 'agree-built':
      return line(`brings what both signed on chain, tx ${shortId(event['txId'])}`);
    case 'reclaim-built':
      return line(yellow(`nobody signed in time: takes the lock back alone, tx ${shortId(event['txId'])}`));
    case 'notice':
      return line(dim(`. ${String(event['message'])}`));
    case 'error':
      return line(red(String(event['message'])));
    default:
      return undefined;
  }
}

function tellQuotes(event: Event, nameOf: (peerId: unknown) => string, line: (text: string) => void): void {
  line(String(event['summary']));
  const offers = event['offers'] as Record<string, string>[];
  for (const offer of offers) {
    say(
      `           ${nameOf(offer['peerId']).padEnd(6)} at most ${ntx(offer['amountBaseUnits']).padEnd(14)} ${ntx(offer['rateBaseUnitsPerHour'])} an hour, at least ${ntx(offer['minimumBaseUnits'])}, sandbox ${offer['sandbox']}`,
    );
  }
  for (const other of event['others'] as { peerId: string; outcome: string; reasons: { message: string }[] }[]) {
    say(`           ${nameOf(other.peerId).padEnd(6)} ${yellow(other.outcome)}: ${other.reasons.map(({ message }) => message).join('; ')}`);
  }
}
