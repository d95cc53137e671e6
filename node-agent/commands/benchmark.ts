// benchmark: what this machine reaches, kept and advertised; with --peer, what another agent proves under a nonce of ours.
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { askChallenge, type ChallengeResult } from '@nunet/shared/ask-challenge.ts';
import type { Benchmark } from '@nunet/shared/benchmark.ts';
import { multiaddrText, network as networkName, type Network } from '@nunet/shared/fields.ts';
import { NunetError, safeError } from '@nunet/shared/errors.ts';
import { writeBenchmark } from '../benchmark/benchmark-file.ts';
import { startCompute } from '../benchmark/compute.ts';
import { measure } from '../benchmark/measure.ts';
import { measureNetwork } from '../benchmark/network-probe.ts';
import { shareOf } from '../capacity.ts';
import { pathsOf, readConfig } from '../config.ts';
import { askControl, controlSocketOf } from '../control-socket.ts';
import { readGpus, systemTool } from '../gpu/read-gpus.ts';
import { machineOffer } from '../machine.ts';
import { loadPeerKey } from '../network/identity.ts';
import { createNode } from '../network/node.ts';
import { readNetworkRecord } from '../network-trust.ts';
import { plainLine } from '../plain-text.ts';
import { parseFlags, type Command, type CommandIo } from './flags.ts';
import { DEFAULT_DATA } from './onboard-flags.ts';

const flags = {
  data: { value: 'FOLDER', help: `folder of the agent (${DEFAULT_DATA})` },
  via: { value: 'MULTIADDR', help: 'measure the network with this agent or hub, instead of the first hub' },
  peer: { value: 'MULTIADDR', help: 'challenge this agent instead: it multiplies matrices that follow from a fresh nonce' },
  network: { value: 'NAME', help: 'with --peer and without a folder: devnet, preview or preprod (preprod)' },
  size: { value: 'ROWS', help: 'with --peer: rows of the matrices, 64 to 2048 (2048: 17 GFLOP)' },
  deadline: { value: 'MS', help: 'with --peer: an answer that takes longer does not count (10000)' },
  json: { help: 'the figures as one JSON document' },
} as const;

const elapsed = (): number => performance.now();
const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));
const NETWORK_MS = 20_000;
const CHALLENGE_MS = 60_000;

const scaled = (value: number, unit: string): string => {
  const [size, prefix] = value >= 1e12 ? [1e12, 'T'] : value >= 1e9 ? [1e9, 'G'] : [1e6, 'M'];
  return `${(value / size).toFixed(value / size < 10 ? 2 : 1)} ${prefix}${unit}`;
};

/** A node that only asks, gone after `use`. */
async function withNode<T>(
  network: Network,
  signal: AbortSignal,
  use: (node: Awaited<ReturnType<typeof createNode>>) => Promise<T>,
): Promise<T> {
  const node = await createNode({ network, privateKey: random(32), listen: {}, hub: false, allowPrivate: network === 'devnet', signal });
  try {
    return await use(node);
  } finally {
    await node.stop();
  }
}

const wholeOf = (name: string, text: string | undefined, otherwise: number, min: number, max: number): number => {
  const value = text === undefined ? otherwise : Number(text);
  if (!Number.isInteger(value) || value < min || value > max)
    throw new NunetError(
      'flag-invalid',
      `Cannot run benchmark: --${name} is "${text?.slice(0, 40)}", want a whole number from ${min} to ${max}`,
    );
  return value;
};

/** Whoever answers must be whom we meant. */
function checkAddress(flag: string, text: string): void {
  if (!multiaddrText.safeParse(text).success || !text.includes('/p2p/'))
    throw new NunetError(
      'flag-invalid',
      `Cannot run benchmark: --${flag} must be an address with its peer id, such as /ip4/192.0.2.1/tcp/9000/p2p/12D3Koo...`,
    );
}

async function challenge(
  given: { peer: string; network?: string; size?: string; deadline?: string; json?: true },
  io: CommandIo,
): Promise<number> {
  checkAddress('peer', given.peer);
  const network = networkName.safeParse(given.network ?? 'preprod');
  if (!network.success) throw new NunetError('flag-invalid', 'Cannot run benchmark: --network must be devnet, preview or preprod');
  const size = wholeOf('size', given.size, 2048, 64, 2048);
  const deadlineMs = wholeOf('deadline', given.deadline, 10_000, 1, 30_000);
  const signal = AbortSignal.any([io.signal, AbortSignal.timeout(CHALLENGE_MS)]);
  return withNode(network.data, signal, async (node) => {
    if (given.json !== true) io.warn(`Challenging ${given.peer} ...`);
    const result = await askChallenge(node, given.peer, { size, deadlineMs, random, elapsed, signal });
    const bytesPerSecond = await measureNetwork(node, given.peer, elapsed, signal).catch((error: unknown) => {
      io.warn(safeError(error).message);
      return null;
    });
    if (given.json === true)
      io.print(JSON.stringify({ version: 1, peer: given.peer, ...result, networkBytesPerSecond: bytesPerSecond }, null, 2));
    else for (const line of challengeLines(result, bytesPerSecond)) io.print(line);
    return 0;
  });
}

const challengeLines = ({ size, elapsedMs, flops }: ChallengeResult, bytesPerSecond: number | null): string[] => [
  `Answered in ${elapsedMs.toFixed(0)} ms: it reached at least ${scaled(flops, 'FLOP/s')} on a product of ${size} x ${size}, ours to check.`,
  'That is a throughput under a deadline, the network included; it does not show on which machine.',
  ...(bytesPerSecond === null ? [] : [`Bytes come from it at ${scaled(bytesPerSecond, 'B/s')}.`]),
];

function benchmarkLines(result: Benchmark, threads: number): string[] {
  const or = (value: number | null, unit: string): string => (value === null ? 'not measured' : scaled(value, unit));
  const rows: [string, string][] = [
    ['CPU, one thread', scaled(result.cpuFlops, 'FLOP/s')],
    [`CPU, ${threads} lent`, scaled(result.cpuFlopsAll, 'FLOP/s')],
    ['memory, copied', scaled(result.memoryBytesPerSecond, 'B/s')],
    ['disk, written', or(result.diskWriteBytesPerSecond, 'B/s')],
    ['disk, read', or(result.diskReadBytesPerSecond, 'B/s')],
    ['network', or(result.networkBytesPerSecond, 'B/s')],
    ...result.gpus.map(({ name, flops }): [string, string] => [name, or(flops, 'FLOP/s')]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => plainLine(`${name.padEnd(width)}  ${value}`));
}

async function own(given: { data?: string; via?: string; json?: true }, io: CommandIo): Promise<number> {
  if (given.via !== undefined) checkAddress('via', given.via);
  const dataPath = resolve(given.data ?? DEFAULT_DATA);
  const paths = pathsOf(dataPath);
  const config = await readConfig(paths.config);
  const { network } = config;
  const { peerId, signer } = await loadPeerKey(paths.peerKey);
  const record = await readNetworkRecord({
    path: config.networkRecord,
    seenPath: paths.seenRecord,
    network,
    pinned: config.pinned,
    now: Date.now(),
  });
  const isRunning =
    (await askControl(controlSocketOf(dataPath), 'status', AbortSignal.any([io.signal, AbortSignal.timeout(10_000)]))) !== null;
  if (isRunning) io.warn('The agent runs: what its jobs take is missing in the figures, and they go first.');
  const [hub] = given.via === undefined ? [...record.hubs, ...config.hubs] : [given.via];
  const { cpus: threads } = shareOf(await machineOffer(dataPath), config.share);
  const { gpus } = await readGpus({ run: systemTool(io.signal), sys: '/sys', dev: '/dev' });
  const result = await measure({
    threads,
    dataPath,
    gpus: gpus.filter(({ id, slices }) => config.gpus.includes(id) || slices.some((slice) => config.gpus.includes(slice.id))),
    startCompute: () => startCompute({ isPolite: isRunning }),
    network:
      hub === undefined
        ? null
        : () => {
            const signal = AbortSignal.any([io.signal, AbortSignal.timeout(NETWORK_MS)]);
            return withNode(network, signal, (node) => measureNetwork(node, hub, elapsed, signal));
          },
    now: Date.now,
    elapsed,
    onStep: (step) => (given.json === true ? undefined : io.warn(`Measuring ${step} ...`)),
    onMissing: (what) => io.warn(`Not measured: ${what}`),
    signal: io.signal,
  });
  await writeBenchmark(paths.benchmark, result, { network, peerId, signer });
  if (given.json === true) io.print(JSON.stringify({ version: 1, peerId, ...result }, null, 2));
  else for (const line of [...benchmarkLines(result, threads), 'Signed and kept; the agent advertises it within a minute.']) io.print(line);
  return 0;
}

export const command: Command = {
  name: 'benchmark',
  summary: 'measure this machine, or have another agent prove what it computes',
  flags,
  notes:
    'Best of several short runs; CPU and GPU by a float32 matrix product.\nA figure says what was reached under a deadline, not on which machine: an agent can pass a challenge on.',
  run: (argv, io) => {
    const given = parseFlags({ name: 'benchmark', flags }, argv);
    const { peer } = given;
    return peer === undefined ? own(given, io) : challenge({ ...given, peer }, io);
  },
};
