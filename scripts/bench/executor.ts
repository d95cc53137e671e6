// What the sandbox costs: time to the first log line, and training time against the same child without any confinement.
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { unconfined } from '@nunet/node-agent/executor/confinement.ts';
import { EmbeddedExecutor, systemClock } from '@nunet/node-agent/executor/embedded.ts';
import type { ExecutionRequest, ExecutionResult } from '@nunet/node-agent/executor/executor.ts';
import { rawCidOf } from '@nunet/shared/encoding.ts';
import { parseJobFile, specOf } from '@nunet/shared/job-file.ts';
import { makeMnistJob } from '../jobs/mnist-job.ts';

export interface ExecutorBenchOptions {
  /** Starts of each kind, interleaved. */
  readonly starts: number;
  /** Pairs of a confined and an unconfined training, interleaved. */
  readonly pairs: number;
  /** Of a training of a pair; 110 take about 10 s of CPU on a slow core. */
  readonly epochs: number;
  onLine(line: string): void;
}
export const EXECUTOR_BENCH_DEFAULTS = { starts: 20, pairs: 9, epochs: 110 };

export interface ExecutorBench {
  readonly sandbox: string;
  /** Median ms from `start` to the first log line: a bare child, a confined one, one that was announced while inputs came. */
  readonly firstLogMs: { readonly bare: number; readonly confined: number; readonly anticipated: number };
  /** Medians over the pairs. */
  readonly trainingRatio: { readonly wall: number; readonly cpu: number; readonly cpuMsEach: number };
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));

/** A request for the job of a folder, as an agent would make it. */
async function requestOf(jobPath: string, workDir: string): Promise<ExecutionRequest> {
  const file = parseJobFile(await readFile(jobPath, 'utf8'));
  const path = (name: string): string => join(dirname(jobPath), file.inputs[name] ?? name);
  const names = Object.keys(file.inputs);
  const inputs = await Promise.all(
    names.map(async (name) => ({ name, cid: rawCidOf(new Uint8Array(0)), bytes: (await stat(path(name))).size })),
  );
  const spec = specOf(file, { network: 'devnet', nonce: randomBytes(16).toString('hex'), inputs });
  return { jobId: `bench-${spec.nonce}`, spec, inputPath: path, workDir, gpus: [] };
}

/** Runs one job and says when its first log line came, ms after `start` was called. */
async function run(executor: EmbeddedExecutor, request: ExecutionRequest): Promise<{ firstLogMs: number; result: ExecutionResult }> {
  const { signal } = new AbortController();
  const before = performance.now();
  let firstLogMs = Number.NaN;
  const handle = await executor.start(request, async () => {}, signal);
  const result = await executor.wait(
    handle,
    (event) => {
      if (event.type === 'log' && Number.isNaN(firstLogMs)) firstLogMs = performance.now() - before;
    },
    signal,
  );
  await executor.remove(handle);
  if (result.exit.kind !== 'completed') throw new Error(`Cannot measure: ${result.exit.message}`);
  return { firstLogMs, result };
}

export async function benchExecutor(options: ExecutorBenchOptions): Promise<ExecutorBench> {
  const folder = await mkdtemp(join(tmpdir(), 'nunet-bench-'));
  const { signal } = new AbortController();
  const confined = new EmbeddedExecutor({ clock: systemClock, allowBelowFloor: true });
  const bare = new EmbeddedExecutor({ clock: systemClock, allowBelowFloor: true, confinements: [unconfined] });
  try {
    const { sandbox, detail } = await confined.fingerprint(signal);
    await bare.fingerprint(signal);
    options.onLine(`sandbox ${sandbox} (${detail})`);

    const short = await makeMnistJob(join(folder, 'short'), { epochs: 1 });
    const request = (path: string): Promise<ExecutionRequest> => requestOf(path, join(folder, randomBytes(8).toString('hex')));
    const firstLogs = { bare: [] as number[], confined: [] as number[], anticipated: [] as number[] };
    for (let i = 0; i < options.starts; i++) {
      firstLogs.bare.push((await run(bare, await request(short))).firstLogMs);
      firstLogs.confined.push((await run(confined, await request(short))).firstLogMs);
      const expected = await request(short);
      confined.anticipate(expected.jobId, expected.spec);
      // What an agent does meanwhile: fetch the inputs and check them.
      await confined.prepare(expected, signal);
      firstLogs.anticipated.push((await run(confined, expected)).firstLogMs);
    }
    const firstLogMs = {
      bare: rounded(median(firstLogs.bare), 0),
      confined: rounded(median(firstLogs.confined), 0),
      anticipated: rounded(median(firstLogs.anticipated), 0),
    };
    options.onLine(
      `first log line after start, median of ${options.starts}: bare child ${firstLogMs.bare} ms, confined ${firstLogMs.confined} ms, confined and announced ${firstLogMs.anticipated} ms`,
    );

    const long = await makeMnistJob(join(folder, 'long'), { epochs: options.epochs });
    const ratios = { wall: [] as number[], cpu: [] as number[], cpuMs: [] as number[] };
    for (let i = 0; i < options.pairs; i++) {
      // Which of the two goes first alternates: a machine that slows down favours neither.
      const order = i % 2 === 0 ? [bare, confined] : [confined, bare];
      const results = new Map<EmbeddedExecutor, ExecutionResult>();
      for (const executor of order) results.set(executor, (await run(executor, await request(long))).result);
      const [one, other] = [results.get(confined), results.get(bare)];
      if (one === undefined || other === undefined) throw new Error('a pair lacks a run');
      ratios.wall.push(one.billedMs / other.billedMs);
      ratios.cpu.push(one.cpuMs / other.cpuMs);
      ratios.cpuMs.push(one.cpuMs);
      options.onLine(
        `pair ${i + 1}/${options.pairs}: confined ${one.billedMs} ms (cpu ${one.cpuMs}), bare ${other.billedMs} ms (cpu ${other.cpuMs})`,
      );
    }
    const trainingRatio = { wall: rounded(median(ratios.wall), 3), cpu: rounded(median(ratios.cpu), 3), cpuMsEach: median(ratios.cpuMs) };
    if (options.pairs > 0) options.onLine(`training confined / bare: wall ${trainingRatio.wall}, cpu ${trainingRatio.cpu}`);
    return { sandbox, firstLogMs, trainingRatio };
  } finally {
    await confined.close();
    await bare.close();
    await rm(folder, { recursive: true, force: true });
  }
}
