// What a container of the agent costs beside `docker run` of the same image, and what computing in one costs beside the bare program.
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ContainerExecutor } from '@nunet/node-agent/executor/container/container.ts';
import { shellJob } from '@nunet/node-agent/executor/container/conformance-shell-jobs.ts';
import { engineMissing, startTestEngine, type TestEngine } from '@nunet/node-agent/executor/container/test-engine.ts';
import { busyboxImage, importImage, type TestImage } from '@nunet/node-agent/executor/container/test-images.ts';
import { testSettings } from '@nunet/node-agent/executor/container/test-settings.ts';
import { requestOf, type TestJob } from '@nunet/node-agent/executor/conformance-jobs.ts';
import { systemClock } from '@nunet/node-agent/executor/embedded.ts';
import type { ExecutionResult } from '@nunet/node-agent/executor/executor.ts';
import { printRows, type Row } from './table.ts';

const STARTS = 20;
const PAIRS = 7;
/** One thread, no memory, no files: about a second. */
const COMPUTE = 'BEGIN { for (i = 0; i < 5000000; i++) x += i * i % 7; print x }';
const MIB = 2 ** 20;

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

interface Bench {
  readonly engine: TestEngine;
  readonly executor: ContainerExecutor;
  readonly image: TestImage;
  readonly folder: string;
  readonly signal: AbortSignal;
}

export async function benchContainer(folder: string, onLine: (line: string) => void, signal: AbortSignal): Promise<Row[]> {
  const missing = engineMissing('docker');
  if (missing !== null) {
    onLine(`containers: ${missing}`);
    return [];
  }
  await mkdir(folder, { recursive: true });
  const engine = await startTestEngine();
  const executor = new ContainerExecutor({ clock: systemClock, settings: testSettings({ folder, socket: engine.socket }) });
  try {
    const image = await busyboxImage();
    await importImage(engine.docker, image);
    onLine((await executor.fingerprint(signal)).detail);
    const bench = { engine, executor, image, folder, signal };
    const rows = [...(await measureStarts(bench, onLine)), ...(await measureComputing(bench, onLine))];
    printRows('Containers', rows);
    return rows;
  } finally {
    await executor.close();
    await engine.stop();
  }
}

async function measureStarts(bench: Bench, onLine: (line: string) => void): Promise<Row[]> {
  const plain: number[] = [];
  const cold: number[] = [];
  const announced: number[] = [];
  for (let i = 0; i < STARTS; i++) {
    plain.push(await dockerRun(bench));
    cold.push((await runJob(bench, shellJob(bench.image.reference, 'echo hello'), false)).firstLogMs);
    announced.push((await runJob(bench, shellJob(bench.image.reference, 'echo hello'), true)).firstLogMs);
  }
  const over = median(announced) - median(plain);
  onLine(
    `first line, median of ${STARTS}: docker run ${median(plain).toFixed(0)} ms, job ${median(cold).toFixed(0)} ms, announced job ${median(announced).toFixed(0)} ms`,
  );
  return [
    {
      what: 'lock deep to first log line, cached container',
      figure: `${over >= 0 ? '+' : ''}${over.toFixed(0)} ms`,
      baseline: `docker run ${median(plain).toFixed(0)} ms, job ${median(announced).toFixed(0)} ms`,
      goal: '<= +100 ms',
      met: over <= 100,
    },
  ];
}

async function measureComputing(bench: Bench, onLine: (line: string) => void): Promise<Row[]> {
  const ratios: { cpu: number; wall: number }[] = [];
  for (let i = 0; i < PAIRS; i++) {
    const bare = async (): Promise<Timing> => timingOf((await promisify(execFile)('busybox', ['time', 'busybox', 'awk', COMPUTE])).stderr);
    const boxed = async (): Promise<Timing> => {
      const { lines } = await runJob(
        bench,
        shellJob(bench.image.reference, `time awk '${COMPUTE}'`, {}, { limits: { diskBytes: 4 * MIB, timeLimitMs: 120_000 } }),
        true,
      );
      return timingOf(lines.join('\n'));
    };
    // Which of the two goes first alternates: a machine that slows down favours neither.
    const first = i % 2 === 0;
    const one = first ? await bare() : await boxed();
    const other = first ? await boxed() : await bare();
    const [inside, outside] = first ? [other, one] : [one, other];
    ratios.push({ cpu: inside.cpu / outside.cpu, wall: inside.wall / outside.wall });
    onLine(
      `pair ${i + 1}/${PAIRS}: container ${inside.wall.toFixed(2)} s (cpu ${inside.cpu.toFixed(2)}), bare ${outside.wall.toFixed(2)} s (cpu ${outside.cpu.toFixed(2)})`,
    );
  }
  const cpu = median(ratios.map((ratio) => ratio.cpu));
  return [
    {
      what: `computing in a container, ${PAIRS} pairs, CPU time`,
      figure: `${cpu.toFixed(3)} x`,
      baseline: `wall ${median(ratios.map(({ wall }) => wall)).toFixed(3)} x`,
      goal: '<= 1.03 x',
      met: cpu <= 1.03,
    },
  ];
}

/** Seconds, as `time` of busybox writes them. */
interface Timing {
  readonly wall: number;
  readonly cpu: number;
}
function timingOf(text: string): Timing {
  const seconds = (name: string): number => {
    const match = new RegExp(`${name}\\s+(\\d+)m\\s*([\\d.]+)s`).exec(text);
    if (match === null) throw new Error(`Cannot measure: no "${name}" in ${JSON.stringify(text.slice(0, 200))}`);
    return Number(match[1]) * 60 + Number(match[2]);
  };
  return { wall: seconds('real'), cpu: seconds('user') + seconds('sys') };
}

/** ms from the call to the first byte. */
async function dockerRun({ engine, image, signal }: Bench): Promise<number> {
  const before = performance.now();
  const child = spawn('docker', ['-H', `unix://${engine.socket}`, 'run', '--rm', '--network', 'none', image.id, 'sh', '-c', 'echo hello'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    signal,
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const first = new Promise<number>((resolve) => child.stdout.once('data', () => resolve(performance.now() - before)));
  const ms = await Promise.race([first, ended.then(() => Number.NaN)]);
  await ended;
  return ms;
}

/** `isAnnounced`: as an agent does while the lock gets deep. */
async function runJob(
  bench: Bench,
  job: TestJob,
  isAnnounced: boolean,
): Promise<{ firstLogMs: number; lines: string[]; result: ExecutionResult }> {
  const { executor, folder, signal } = bench;
  const request = await requestOf(job, join(folder, randomBytes(8).toString('hex')));
  if (isAnnounced) {
    executor.anticipate(request.jobId, request.spec);
    // The lock is still some confirmations away: what `anticipate` began is over by then.
    await executor.prepare(request, signal);
  }
  const before = performance.now();
  let firstLogMs = Number.NaN;
  const lines: string[] = [];
  await executor.prepare(request, signal);
  const handle = await executor.start(request, async () => {}, signal);
  const result = await executor.wait(
    handle,
    (event) => {
      if (event.type !== 'log') return;
      if (Number.isNaN(firstLogMs)) firstLogMs = performance.now() - before;
      lines.push(event.line);
    },
    signal,
  );
  await executor.remove(handle);
  if (result.exit.kind !== 'completed') throw new Error(`Cannot measure: ${result.exit.message}`);
  return { firstLogMs, lines, result };
}
