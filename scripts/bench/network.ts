// On a running network: time from a lock that is deep enough to the job's first log line, and memory at rest.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeInferenceJob } from '../jobs/inference-job.ts';
import { startRun } from '../network/start-run.ts';
import { fundedWallet, startNetwork } from '../network/start.ts';
import type { Row } from './table.ts';
import { printRows } from './table.ts';

const RUNS = 20;
const MIB = 2 ** 20;
/** Long enough for three adverts, twelve looks at the chain of a public network, and what else comes by the clock. */
const REST_MS = 60_000;

/** Resident memory of a process, bytes. Linux. */
const residentBytes = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN) * 1024;

/** CPU time of a process and its threads, ms. Linux: USER_HZ is 100 on every architecture that Node runs on. */
function cpuMs(pid: number): number {
  const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** `bareMs`: first log line of the bare child, from the executor's bench in the same run. */
export async function benchNetwork(folder: string, bareMs: number, signal: AbortSignal): Promise<Row[]> {
  const network = await startNetwork(
    {
      folder,
      blockTimeMs: 250,
      oracles: 1,
      k: 1,
      agents: [{ name: 'alder', priceCpuHour: '12' }],
      disputeWindowMs: 60_000,
      claimWindowMs: 60_000,
      say: () => {},
    },
    signal,
  );
  // Start-up garbage is collected in the first seconds; at rest means after that.
  await new Promise((resolve) => setTimeout(resolve, 15_000));
  const [oracle] = network.oracles;
  const agent = network.agents.get('alder');
  if (oracle === undefined || agent === undefined) throw new Error('The network lacks a part');
  const restedCpuMs = cpuMs(agent.process.pid);
  const restedAt = performance.now();
  await new Promise((resolve) => setTimeout(resolve, REST_MS));
  const restPercent = (100 * (cpuMs(agent.process.pid) - restedCpuMs)) / (performance.now() - restedAt);
  const agentMib = residentBytes(agent.process.pid) / MIB;
  const edgeMib = residentBytes(oracle.process.pid) / MIB;

  const jobFile = await makeInferenceJob(join(folder, 'job'));
  const firstLogMs: number[] = [];
  for (let index = 0; index < RUNS; index += 1) {
    const at = join(folder, `run-${index}`);
    const wallet = await fundedWallet(network, at, 'wallet', signal);
    const run = startRun(network, { jobFile, walletFile: wallet.walletFile, folder: at });
    let deepAt = Number.NaN;
    for await (const line of run.lines()) {
      if (line['event'] === 'job' && line['state'] === 'locked') deepAt = performance.now();
      if (line['event'] !== 'log') continue;
      firstLogMs.push(performance.now() - deepAt);
      break;
    }
    await run.exited;
  }
  const first = median(firstLogMs);
  const rows: Row[] = [
    {
      what: `lock deep enough to first log line, median of ${firstLogMs.length}`,
      figure: `${first.toFixed(0)} ms`,
      ...(Number.isNaN(bareMs) ? {} : { baseline: `bare child process ${bareMs} ms` }),
      goal: '< 250 ms',
      met: first < 250,
    },
    { what: 'agent at rest', figure: `${agentMib.toFixed(0)} MiB`, goal: '< 180 MB', met: agentMib * MIB < 180e6 },
    {
      what: `agent at rest, CPU over ${REST_MS / 1000} s`,
      figure: `${restPercent.toFixed(2)} %`,
      baseline: 'of one CPU; devnet: a look at the chain each 150 ms',
      goal: '< 1 %',
      met: restPercent < 1,
    },
    { what: 'edge with its database', figure: `${edgeMib.toFixed(0)} MiB`, goal: '< 450 MB', met: edgeMib * MIB < 450e6 },
  ];
  printRows('A running network', rows);
  return rows;
}
