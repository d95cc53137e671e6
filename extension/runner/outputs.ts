// The Outputs port of the browser: blocks into the database, the log beside them, then the job file's check and, where wanted, the person's word.
import { checkOutputs } from '@nunet/shared/check-outputs.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { fetchFile } from '@nunet/shared/fetch-file.ts';
import type { OutputCheck } from '@nunet/shared/job-file.ts';
import type { CheckResult, Clock, Outputs } from '@nunet/shared/job-flow/ports.ts';
import type { JobSpec } from '@nunet/shared/job-spec.ts';
import type { Manifest } from '@nunet/shared/manifest.ts';
import { outputFault } from '@nunet/shared/output-fault.ts';
import type { Dialer } from '@nunet/shared/peer-client.ts';
import { deliveredTree } from '@nunet/shared/sealed/delivered-tree.ts';
import { openOutputs } from '@nunet/shared/sealed/open-outputs.ts';
import type { Scorer } from '../score/score-client.ts';
import type { BlockStore } from './block-store.ts';
import { plainBlob, sealedBlocks } from './sealed-blocks.ts';
import type { JobNote } from './database.ts';
import type { LogStore } from './log-store.ts';

/** Lines taken in one go; then others have a turn, so that a flood of lines freezes nobody. */
const LINES_A_TURN = 500;
/** After as many that are not kept: no honest agent sends so many. Longer, and the result behind a million of them comes too late (measured: 50 ms cost 90 s). */
const DROPPED_PAUSE_MS = 5;

const isOwn = (error: unknown): boolean =>
  error instanceof DOMException || (error instanceof NunetError && (error.code === 'store-full' || error.code === 'file-incomplete'));

export function browserOutputs(parts: {
  dialer: Dialer;
  clock: Clock;
  blocks: BlockStore;
  log: LogStore;
  note: Pick<JobNote, 'checkFiles'>;
  check: OutputCheck;
  scorer: Pick<Scorer, 'score'>;
  /** What the check found, or why it could not be run -> what is answered. */
  decide: (found: CheckResult | NunetError, signal: AbortSignal) => Promise<CheckResult>;
  /** CIDs of checkpoints that were kept before, oldest first. */
  checkpoints: () => Promise<readonly string[]>;
  onStored: (name: string) => void;
  onLine: () => void;
  /** A line came that is not kept any more. */
  onLineDropped: () => void;
}): Outputs {
  const { blocks, log, clock } = parts;
  let linesTaken = 0;
  let fetching: string | undefined;
  let found: { manifest: string; result: CheckResult } | undefined;

  const contentOf = (cid: string): Blob => {
    const content = blocks.content(cid);
    if (content === null) throw new NunetError('file-incomplete', `Cannot use file ${cid}: it is not kept whole`);
    return content;
  };
  const run = async (spec: JobSpec, manifest: Manifest, signal: AbortSignal): Promise<CheckResult> => {
    const key = manifest.quoteCid + manifest.outputs.map(({ cid }) => cid).join();
    // A person may take hours; the check is not run again for each look.
    if (found?.manifest === key) return found.result;
    const files = {
      own: async (path: string) => {
        const cid = parts.note.checkFiles[path];
        if (cid === undefined) throw new NunetError('check-file-missing', `Cannot check the result: ${path.slice(0, 200)} is not kept`);
        return { cid, file: contentOf(cid) };
      },
      input: async (name: string) => {
        const input = spec.inputs.find((one) => one.name === name);
        return input === undefined ? null : contentOf(input.cid);
      },
      output: async ({ cid }: { cid: string }) => contentOf(cid),
      score: parts.scorer.score,
    };
    const result = await checkOutputs(parts.check, files, spec, manifest, signal);
    found = { manifest: key, result };
    return result;
  };

  const orFault = async <T>(work: Promise<T>, signal: AbortSignal): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      signal.throwIfAborted();
      throw outputFault(error, isOwn);
    }
  };
  const fetchWhole: Outputs['fetchSealed'] = async (agent, jobId, file, onBytes, signal) => {
    await fetchFile({
      dialer: parts.dialer,
      peer: agent,
      jobId,
      cid: file.cid,
      expectedBytes: file.bytes,
      store: blocks,
      onProgress: ({ doneBytes }) => onBytes(doneBytes),
      sleep: (ms, within) => clock.sleep(ms, within),
      signal,
    });
    contentOf(file.cid);
  };

  return {
    fetch: (agent, jobId, file, onBytes, signal) =>
      orFault(
        fetchWhole(agent, jobId, file, onBytes, signal).then(() => parts.onStored(file.name)),
        signal,
      ),
    async keepCheckpoint(agent, jobId, { file }, onBytes, signal) {
      const before = (await parts.checkpoints()).filter((cid) => cid !== file.cid);
      // What came of one that was replaced meanwhile is of no use.
      if (fetching !== undefined && fetching !== file.cid && !before.includes(fetching)) await blocks.drop(fetching);
      fetching = file.cid;
      await orFault(fetchWhole(agent, jobId, file, onBytes, signal), signal);
      // The last one stays until its successor is in the journal.
      for (const cid of before.slice(0, -1)) await blocks.drop(cid);
    },
    fetchSealed: (agent, jobId, file, onBytes, signal) => orFault(fetchWhole(agent, jobId, file, onBytes, signal), signal),
    async checkSealed(manifest, signal) {
      await orFault(deliveredTree(manifest, sealedBlocks(blocks, manifest.jobId)), signal);
    },
    async open(manifest, key, signal) {
      const opening = await orFault(
        openOutputs(manifest, key, sealedBlocks(blocks, manifest.jobId), plainBlob(blocks, signal), signal),
        signal,
      );
      if (opening.type === 'opened') for (const { name } of opening.outputs) parts.onStored(name);
      return opening;
    },
    async check(spec, manifest, signal) {
      let result: CheckResult | NunetError;
      try {
        result = await run(spec, manifest, signal);
      } catch (error) {
        signal.throwIfAborted();
        result =
          error instanceof NunetError
            ? error
            : new NunetError('check-failed', `Cannot check the result: ${String(error)}`, { cause: error });
      }
      return parts.decide(result, signal);
    },
    logLength: async () => log.length(),
    async appendLog(_jobId, _offset, line) {
      const isKept = await log.append(line);
      if (isKept) parts.onLine();
      else parts.onLineDropped();
      linesTaken += 1;
      if (linesTaken % LINES_A_TURN === 0) await clock.sleep(isKept ? 0 : DROPPED_PAUSE_MS, NEVER);
    },
  };
}

const NEVER = new AbortController().signal;
