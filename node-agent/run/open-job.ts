// openJob: the folder of the job to drive: one that was begun and not ended, or a new one, prepared and journaled as "opened".
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Chain } from '@nunet/contracts/chain/chain.ts';
import { balanceOf } from '@nunet/contracts/holdings.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { parseJobFile } from '@nunet/shared/job-file.ts';
import { jobHasEnded, openedEntry, readJob, type JobEntry } from '@nunet/shared/job-flow/job-record.ts';
import { jobIdOf } from '@nunet/shared/job-spec.ts';
import { resumedJobFile } from '@nunet/shared/resume-job.ts';
import type { NetworkRecord } from '@nunet/shared/network-record.ts';
import { requestOf } from '@nunet/shared/prepare-job.ts';
import type { JournalOptions } from '../journal.ts';
import type { Wallet } from '../wallet-file.ts';
import { jobsOfFile, makeJobFolder, openJobFolder, type JobFolder } from './job-folder.ts';
import { inputPaths, prepareSpec, readJobFile } from './prepare.ts';
import { findCheckpoint } from './resume-from.ts';
import { clock } from '../system-clock.ts';

export interface OpenOptions {
  /** Path of the job file; undefined when `resume` names the job. */
  jobFile: string | undefined;
  resume: string | undefined;
  /** A checkpoint, or where some lie: a new job begins from it. */
  resumeFrom?: string | undefined;
  /** Instead of what the job file asks for. */
  gpus?: number | undefined;
  data: string;
  out: string;
  /** Pay by vouchers, whatever the job file says. */
  stream: boolean;
  hooks?: JournalOptions<JobEntry>['hooks'];
}

const hooksOf = (options: OpenOptions): { hooks?: NonNullable<OpenOptions['hooks']> } =>
  options.hooks === undefined ? {} : { hooks: options.hooks };

/** The job to go on with, or a new one of the job file. */
export async function openJob(
  options: OpenOptions,
  wallet: Wallet,
  record: NetworkRecord,
  chain: Pick<Chain, 'utxos'>,
  signal: AbortSignal,
): Promise<{ folder: JobFolder; resumed: boolean }> {
  if (options.resume !== undefined) {
    // The limits are known from the journal only; what was fetched before counts against the limit that it had.
    return {
      folder: await openJobFolder(options.resume, { data: options.data, fetchBytes: 2 ** 36, ...hooksOf(options) }),
      resumed: true,
    };
  }
  if (options.jobFile === undefined) throw new NunetError('flag-missing', 'Cannot run: name a job file, or --resume with a job id');
  const path = resolve(options.jobFile);
  const given = await readJobFile(path);
  const resumed = options.resumeFrom === undefined ? given.text : resumedJobFile(given.text, await findCheckpoint(options.resumeFrom));
  const text = options.gpus === undefined ? resumed : withGpus(resumed, options.gpus);
  const file = parseJobFile(text);
  const { program } = file;
  const checkpointBytes = program.kind === 'container' && program.checkpointEveryMs !== null ? 2 * file.resources.diskBytes : 0;
  const folderOptions = { data: options.data, fetchBytes: file.outputLimitBytes + checkpointBytes, ...hooksOf(options) };
  const earlier = await unfinished(await jobsOfFile(options.data, text, dirname(path)), folderOptions);
  if (earlier !== undefined) return { folder: earlier, resumed: true };
  const spec = await prepareSpec(file, dirname(path), wallet.network, signal);
  const before = balanceOf(await chain.utxos(wallet.address, { signal }), record.asset);
  const folder = await makeJobFolder(
    {
      version: 1,
      jobId: jobIdOf(spec),
      jobFile: text,
      jobFileFolder: dirname(path),
      outFolder: resolve(options.out),
      before: { address: wallet.address, ...before },
    },
    folderOptions,
  );
  try {
    const paths = inputPaths(file, dirname(path));
    const graphPath = spec.program.kind === 'onnx' ? paths.get(spec.program.graph) : undefined;
    const graph = graphPath === undefined ? null : await readFile(graphPath);
    const voucherKey = (await folder.keys.signer(jobIdOf(spec), signal)).publicKey;
    const request = requestOf(spec, {
      graph,
      record,
      peerId: folder.peerKey.peerId,
      address: wallet.address,
      voucherKey,
      stream: options.stream || file.stream,
    });
    await folder.journal.append(openedEntry(spec, request, file.budgetBaseUnits, clock.now()));
    return { folder, resumed: false };
  } catch (error) {
    await folder.close();
    throw error;
  }
}

/** The job file as if it asked for so many GPUs. */
function withGpus(text: string, gpus: number): string {
  const written = JSON.parse(text) as { resources: object };
  return JSON.stringify({ ...written, resources: { ...written.resources, gpus } });
}

/** The first of these jobs that has begun, has not ended, and that no other process drives. */
async function unfinished(jobIds: readonly string[], options: Parameters<typeof openJobFolder>[1]): Promise<JobFolder | undefined> {
  for (const jobId of jobIds) {
    let folder: JobFolder;
    try {
      folder = await openJobFolder(jobId, options);
    } catch (error) {
      if (error instanceof NunetError && error.code === 'already-running') continue;
      throw error;
    }
    const record = readJob(await folder.journal.read());
    if (record !== undefined && !jobHasEnded(record)) return folder;
    await folder.close();
  }
  return undefined;
}
