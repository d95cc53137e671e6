// run: a job on somebody else's machine, from a job file and a wallet file. Quotes are shown and asked about before money is locked.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { formatAmount } from '@nunet/shared/amount.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { cidText, peerIdText } from '@nunet/shared/fields.ts';
import { traceparent } from '@nunet/shared/wire.ts';
import type { Offer } from '@nunet/shared/job-flow/preflight.ts';
import type { OpenOptions } from '../run/open-job.ts';
import { amountFlag, hubFlags, parseFlags, pinnedFlags, required, sourceFlag, type Command, type CommandIo } from './flags.ts';

const DEFAULT_DATA = join(homedir(), '.nunet-run');

const flags = {
  wallet: { value: 'FILE', help: 'wallet file of the service provider, mode 0600 ("nunet-agent wallet create" makes one)' },
  'network-record': { value: 'FILE', help: 'signed record of the network: script hashes, oracles, hubs' },
  pinned: { value: 'KEY,...', help: 'public keys that sign the network record, 64 hex digits each' },
  'pinned-threshold': { value: 'N', help: 'how many of them must have signed (all)' },
  chain: { value: 'URL', help: 'Blockfrost-compatible API, or koios:URL; a project id comes from NUNET_CHAIN_PROJECT_ID' },
  chain2: { value: 'URL', help: 'a second source that must agree on larger amounts; its project id from NUNET_CHAIN2_PROJECT_ID' },
  'compare-above': { value: 'NTX', help: 'the amount above which both sources must agree (100, on a devnet 10)' },
  out: { value: 'FOLDER', help: 'where outputs are saved (./outputs)' },
  data: { value: 'FOLDER', help: `where jobs are kept until they have ended (${DEFAULT_DATA})` },
  hub: { value: 'MULTIADDR', many: true, help: 'a hub besides those of the network record' },
  agent: { value: 'PEERID', help: 'take the offer of this agent only' },
  stream: { help: 'pay by vouchers while the job runs, as "stream": true in the job file' },
  yes: { help: 'lock on the best offer without asking' },
  json: { help: 'one JSON event a line' },
  'resume-from': { value: 'PATH', help: 'begin a new job from a checkpoint: its file, or the folder of the job that left it' },
  gpus: { value: 'N', help: 'ask for so many GPUs, whatever the job file says' },
  trace: { value: 'PARENT', help: 'W3C traceparent that the agent’s own trace shall continue (random)' },
  resume: { value: 'JOBID', help: 'go on with this job instead of naming a job file' },
  cancel: { help: 'cancel the job if it does not run yet; one that is paid by vouchers also while it runs' },
} as const;

const usage =
  'Usage: nunet-agent run JOB.json --wallet FILE --network-record FILE\n                       --pinned KEY --chain URL [FLAGS]';

const notes = `The same command after a stop or a crash goes on with the job that it began.
Exit codes: 0 paid for an accepted result, 3 ended otherwise (the money is accounted for), 1 error, 2 wrong flags, 130 stopped.`;

async function choose(offers: readonly Offer[], io: CommandIo, yes: boolean): Promise<Offer | null> {
  const [best] = offers;
  if (yes || best === undefined) return best ?? null;
  if (io.ask === undefined)
    throw new NunetError('flag-missing', 'Cannot ask which offer to take without a terminal: give --yes to take the best one');
  for (;;) {
    const answer = (
      await io.ask(`Lock up to ${formatAmount(best.quote.body.amountBaseUnits)} NTX on offer 1? [1 to ${offers.length}, or no] `)
    ).trim();
    if (/^n(o)?$/i.test(answer)) return null;
    const offer = /^(y|yes)$/i.test(answer) ? best : offers[Number(answer) - 1];
    if (offer !== undefined) return offer;
  }
}

function gpusFlag(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const gpus = /^\d{1,2}$/.test(text) ? Number(text) : NaN;
  if (!(gpus <= 16)) throw new NunetError('flag-invalid', `Cannot run: --gpus "${text.slice(0, 20)}" is not a number from 0 to 16`);
  return gpus;
}

/** On a terminal the last line can be written over. */
const rewrite = process.stdout.isTTY
  ? // Wrapped over two rows, only the second would be written over.
    (line: string): void => void process.stdout.write(`\r\u001b[2K${line.slice(0, Math.max(20, process.stdout.columns - 1))}`)
  : undefined;

/** For chaos, which kills the process around a journal write. Empty in every normal run. */
export interface RunHooks {
  journal?: OpenOptions['hooks'];
}

/** Runs or resumes one job; the exit code. */
export async function runCommand(argv: readonly string[], io: CommandIo, hooks: RunHooks = {}): Promise<number> {
  const jobFile = argv[0]?.startsWith('-') === false ? argv[0] : undefined;
  const given = parseFlags({ name: 'run', flags }, jobFile === undefined ? argv : argv.slice(1));
  if (given.agent !== undefined && !peerIdText.safeParse(given.agent).success)
    throw new NunetError('flag-invalid', `Cannot run: --agent "${given.agent.slice(0, 60)}" is not a peer id such as 12D3KooW...`);
  if (given.resume !== undefined && !cidText.safeParse(given.resume).success)
    throw new NunetError('flag-invalid', `Cannot run: --resume "${given.resume.slice(0, 60)}" is not a job id such as bafy2bza...`);
  if (given.trace !== undefined && !traceparent.safeParse(given.trace).success)
    throw new NunetError(
      'flag-invalid',
      `Cannot run: --trace "${given.trace.slice(0, 60)}" is not a W3C traceparent such as 00-...-...-01`,
    );
  if (given.resume !== undefined && (given['resume-from'] ?? given.gpus) !== undefined)
    throw new NunetError('flag-invalid', 'Cannot run: --resume goes on with a job as it is; --resume-from and --gpus are for a new one');
  if (given.resume !== undefined && jobFile !== undefined)
    throw new NunetError('flag-invalid', 'Cannot run: give a job file or --resume with a job id, not both');
  // Loaded here, so that whoever only prints the help loads no wallet and no transaction builder.
  const [{ runSession }, { jsonReport, textReport }] = await Promise.all([import('../run/session.ts'), import('../run/report.ts')]);
  const report = given.json === true ? jsonReport((line) => io.print(line)) : textReport((line) => io.print(line), rewrite);
  try {
    const record = await runSession(
      {
        jobFile,
        resume: given.resume,
        wallet: required('run', given, 'wallet'),
        networkRecord: required('run', given, 'network-record'),
        pinned: pinnedFlags('run', { pinned: required('run', given, 'pinned'), threshold: given['pinned-threshold'] }),
        chain: { source: sourceFlag('run', 'chain', required('run', given, 'chain')), projectId: process.env['NUNET_CHAIN_PROJECT_ID'] },
        chain2:
          given.chain2 === undefined
            ? undefined
            : { source: sourceFlag('run', 'chain2', given.chain2), projectId: process.env['NUNET_CHAIN2_PROJECT_ID'] },
        compareAbove: given['compare-above'] === undefined ? undefined : amountFlag('run', 'compare-above', given['compare-above']),
        data: given.data ?? DEFAULT_DATA,
        out: given.out ?? 'outputs',
        hubs: hubFlags('run', given.hub),
        agent: given.agent,
        cancel: given.cancel === true,
        resumeFrom: given['resume-from'],
        gpus: gpusFlag(given.gpus),
        trace: given.trace,
        stream: given.stream === true,
        choose: (offers) => choose(offers, io, given.yes === true),
        ...(hooks.journal === undefined ? {} : { hooks: hooks.journal }),
      },
      report,
      io.signal,
    );
    return record.job === 'finished' && record.lock === 'withdrawn' && record.answer?.kind !== 'dispute' ? 0 : 3;
  } catch (error) {
    if (io.signal.aborted) {
      rewrite?.('');
      io.warn('Stopped. The same command goes on with the job.');
      return 130;
    }
    if (given.json === true && error instanceof NunetError)
      io.print(JSON.stringify({ event: 'error', code: error.code, message: error.message }));
    throw error;
  }
}

export const command: Command = {
  name: 'run',
  summary: 'run a job on somebody else’s machine and pay for it',
  flags,
  usage,
  notes,
  run: (argv, io) => runCommand(argv, io),
};
