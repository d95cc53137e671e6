// A whole network on this machine: devnet, oracles each with a replay agent, a hub, agents. Every part is the program a user would run.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { openBlockfrost } from '@nunet/contracts/chain/blockfrost.ts';
import type { Source } from '@nunet/contracts/chain/chain.ts';
import type { NetworkFacts } from '@nunet/contracts/devnet/network-facts.ts';
import type { AssetId } from '@nunet/shared/fields.ts';
import { signNetworkRecord, type NetworkRecord } from '@nunet/shared/network-record.ts';
import { withEscrow } from '@nunet/shared/record-succession.ts';
import { signerOf } from '@nunet/shared/signature.ts';
import type { Balance } from '../demo/ledger-balances.ts';
import { draftRecord } from '../record/draft-record.ts';
import { root } from '../run-tool.ts';
import { callDevnet } from './devnet-client.ts';
import { startProcess, type Process } from './process.ts';
import { confirmed, fund, makeWallet, parkEscrow } from './setup-chain.ts';

export interface AgentPlan {
  name: string;
  /** NTX a CPU hour. */
  priceCpuHour: string;
  /** More flags of its `onboard`. */
  onboard?: readonly string[];
  /** How browsers and others get to it; `hub`: it listens on nothing and is reached through the hub alone. */
  listen?: 'webrtc-direct' | 'ws' | 'hub';
  /** Program instead of the agent's own: a cheat, or one that chaos kills. */
  file?: string;
  env?: Record<string, string>;
}

export interface RunningAgent {
  plan: AgentPlan;
  peerId: string;
  sandbox: string;
  /** Where pay goes. */
  address: string;
  dataPath: string;
  process: Process;
}

export interface RunningOracle {
  name: string;
  key: string;
  url: string;
  feeAddress: string;
  /** What its fee wallet was given. */
  given: Balance;
  process: Process;
  replay: Process;
  /** Starts it again on its own data, as another program of the same flags if one is given. */
  start(how?: { file?: string; env?: Record<string, string> }): Promise<void>;
}

export interface NetworkOptions {
  /** Everything lies in here: keys, journals, logs. */
  folder: string;
  blockTimeMs: number;
  oracles: number;
  k: number;
  agents: readonly AgentPlan[];
  disputeWindowMs: number;
  claimWindowMs: number;
  say: (line: string) => void;
}

/** What a person tries things on: a block a second, 2 of 3 oracles, deadlines of a minute. */
export const EVERYDAY = { blockTimeMs: 1_000, oracles: 3, k: 2, disputeWindowMs: 60_000, claimWindowMs: 40_000 } as const;

export interface RunningNetwork {
  devnet: { url: string; asset: AssetId; process: Process };
  chain: Source;
  record: NetworkRecord;
  /** Flags that any program of this network is given to find and trust it. */
  trust: readonly string[];
  hub: { peerId: string; process: Process };
  oracles: RunningOracle[];
  agents: Map<string, RunningAgent>;
  deployFeeLovelace: bigint;
  startAgent(plan: AgentPlan): Promise<RunningAgent>;
}

const agentFile = join(root, 'node-agent/main.ts');
const edgeFile = join(root, 'edge/node.ts');
const LOOPBACK = '127.0.0.1:0';
const LISTEN_FLAGS = {
  'webrtc-direct': ['--listen-webrtc', LOOPBACK],
  ws: ['--listen-webrtc', 'off', '--listen-ws', LOOPBACK],
  hub: ['--listen-webrtc', 'off', '--listen-relay'],
} as const;

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

/**
 * A port that is free now; the edge's address stands in the network record before the edge runs. Below the range that systems hand
 * out by themselves, or a connection of another part may have it by the time the edge starts.
 */
async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await isFree(port)) return port;
  }
  throw new Error('Cannot start an oracle: no free port between 20000 and 32000');
}

export async function startNetwork(options: NetworkOptions, signal: AbortSignal): Promise<RunningNetwork> {
  const { folder, say } = options;
  const at = (...parts: string[]): string => join(folder, ...parts);
  const logFile = (name: string): string => at('logs', `${name}.log`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });

  const devnetProcess = startProcess({
    name: 'devnet',
    file: join(root, 'contracts/devnet/main.ts'),
    args: ['--block-time', String(options.blockTimeMs)],
    logFile: logFile('devnet'),
  });
  const hubProcess = startProcess({
    name: 'hub',
    file: agentFile,
    args: ['hub', '--data', at('hub'), '--network', 'devnet', '--listen-webrtc', LOOPBACK, '--listen-ws', LOOPBACK, '--json'],
    logFile: logFile('hub'),
  });
  const { url, asset } = (await devnetProcess.line((line) => 'url' in line)) as { url: string; asset: AssetId };
  const chain = await openBlockfrost({ url, network: 'devnet', signal });
  const [parked, hub] = await Promise.all([
    parkEscrow(url, chain, signal),
    hubProcess.line((line) => 'peerId' in line) as Promise<{ peerId: string; addresses: string[] }>,
  ]);
  say(`Devnet at ${url}; escrow ${parked.scriptHash.slice(0, 12)}… parked; hub ${hub.peerId.slice(-8)}`);

  const offline = signerOf(ed25519.utils.randomSecretKey());
  const oraclePlans = await Promise.all(
    Array.from({ length: options.oracles }, async (_, index) => {
      const secretKey = ed25519.utils.randomSecretKey();
      return { name: `oracle-${index + 1}`, secretKey, key: signerOf(secretKey).publicKey, port: await freePort(), fee: makeWallet() };
    }),
  );
  const { scriptHash, referenceScript } = parked;
  const record = draftRecord(
    {
      network: 'devnet',
      asset: { policyId: asset.policyId, assetName: asset.assetName },
      escrows: withEscrow([], { scriptHash, referenceScript }),
      oracles: oraclePlans.map(({ key, port }) => ({ key, url: `http://127.0.0.1:${port}` })),
      k: options.k,
      hubs: hub.addresses,
      confirmations: [{ upTo: (1n << 63n) - 1n, blocks: 1 }],
      settleLovelace: 2_000_000n,
      disputeWindowMs: options.disputeWindowMs,
      claimWindowMs: options.claimWindowMs,
    },
    { previous: null, now: Date.now(), lifetimeMs: 7 * 86_400_000 },
  );
  const recordFile = at('network-record.cbor');
  const signedRecord = await signNetworkRecord(record, [offline]);
  writeFileSync(recordFile, signedRecord);
  const facts: NetworkFacts = { version: 1, network: 'devnet', pinned: [offline.publicKey], record: bytesToHex(signedRecord) };
  await callDevnet(url, '/devnet/network', facts, 'PUT');
  const trust = ['--network-record', recordFile, '--pinned', offline.publicKey, '--chain', url];

  const startOracle = async (plan: (typeof oraclePlans)[number]): Promise<RunningOracle> => {
    const data = at(plan.name);
    mkdirSync(data, { recursive: true, mode: 0o700 });
    const oracleKeyFile = join(data, 'oracle-key.json');
    const feeKeyFile = join(data, 'fee-key.json');
    writeFileSync(oracleKeyFile, `${JSON.stringify({ version: 1, network: 'devnet', oracleKey: bytesToHex(plan.secretKey) })}\n`, {
      mode: 0o600,
    });
    writeFileSync(feeKeyFile, `${JSON.stringify({ version: 1, network: 'devnet', paymentKey: plan.fee.secretKey })}\n`, { mode: 0o600 });
    const socket = join(data, 'replay.sock');
    const given = { lovelace: 60_000_000n, ntx: 0n };
    await fund(url, plan.fee.address, { lovelace: given.lovelace / 3n, ntxBaseUnits: 0n, outputs: 3 });
    const replay = startProcess({
      name: `${plan.name}-replay`,
      file: agentFile,
      args: ['replay', '--socket', socket, '--data', join(data, 'replay'), '--network', 'devnet', '--allow-below-floor', '--json'],
      logFile: logFile(`${plan.name}-replay`),
    });
    const launch = async ({ file = edgeFile, env }: { file?: string; env?: Record<string, string> } = {}): Promise<Process> => {
      const edge = startProcess({
        name: plan.name,
        file,
        args: [
          ...['--port', String(plan.port), '--data', join(data, 'db'), ...trust, '--oracle-key', oracleKeyFile, '--fee-key', feeKeyFile],
          ...['--replay-socket', socket, '--block-ms', String(options.blockTimeMs)],
        ],
        logFile: logFile(plan.name),
        ...(env === undefined ? {} : { env }),
      });
      await edge.line((line) => 'url' in line);
      return edge;
    };
    const [edge] = await Promise.all([launch(), replay.line((line) => 'ready' in line || 'socket' in line || 'peerId' in line)]);
    const running: RunningOracle = {
      name: plan.name,
      key: plan.key,
      url: `http://127.0.0.1:${plan.port}`,
      feeAddress: plan.fee.address,
      given,
      process: edge,
      replay,
      async start(how) {
        running.process = await launch(how);
      },
    };
    return running;
  };

  const agents = new Map<string, RunningAgent>();
  const startAgent = async (plan: AgentPlan): Promise<RunningAgent> => {
    const dataPath = at('agents', plan.name);
    const earlier = agents.get(plan.name);
    const address = earlier?.address ?? makeWallet().address;
    if (earlier === undefined) {
      const onboard = startProcess({
        name: `${plan.name}-onboard`,
        file: agentFile,
        args: [
          ...['onboard', '--yes', '--accept-terms', '--network', 'devnet', '--data', dataPath, '--address', address, ...trust],
          ...['--cpus', '50', '--memory', '10', '--disk', '10', '--price-cpu-hour', plan.priceCpuHour, '--price-minimum', '0.001'],
          ...[
            '--engine',
            'off',
            '--gpus',
            'none',
            '--listen-tcp',
            'off',
            ...LISTEN_FLAGS[plan.listen ?? 'webrtc-direct'],
            ...(plan.onboard ?? []),
          ],
        ],
        logFile: logFile(plan.name),
      });
      if ((await onboard.exited) !== 0) throw new Error(`Cannot onboard ${plan.name}; see ${logFile(plan.name)}`);
    }
    const process = startProcess({
      name: plan.name,
      file: plan.file ?? agentFile,
      args: ['start', '--data', dataPath, '--json', '--allow-below-floor'],
      logFile: logFile(plan.name),
      ...(plan.env === undefined ? {} : { env: plan.env }),
    });
    const { peerId, sandbox } = (await process.line((line) => 'peerId' in line)) as { peerId: string; sandbox: string };
    const running = { plan, peerId, sandbox, address, dataPath, process };
    agents.set(plan.name, running);
    return running;
  };

  const [oracles] = await Promise.all([Promise.all(oraclePlans.map(startOracle)), Promise.all(options.agents.map(startAgent))]);
  return {
    devnet: { url, asset: record.asset, process: devnetProcess },
    chain,
    record,
    trust,
    hub: { peerId: hub.peerId, process: hubProcess },
    oracles,
    agents,
    deployFeeLovelace: parked.feeLovelace,
    startAgent,
  };
}

/** A service provider with a wallet file and NTX in it. */
export interface Funded {
  walletFile: string;
  address: string;
  given: Balance;
}

/** Makes a wallet file as `nunet-agent wallet create` does, and pays test ADA and NTX into it. */
export async function fundedWallet(network: RunningNetwork, folder: string, name: string, signal: AbortSignal): Promise<Funded> {
  const wallet = makeWallet();
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const walletFile = join(folder, `${name}.json`);
  writeFileSync(walletFile, `${JSON.stringify({ version: 1, network: 'devnet', paymentKey: wallet.secretKey }, null, 2)}\n`, {
    mode: 0o600,
  });
  const { url } = network.devnet;
  const txId = await fund(url, wallet.address, { lovelace: 50_000_000n, ntxBaseUnits: 25_000_000n, outputs: 4 });
  await confirmed(network.chain, txId, signal);
  return { walletFile, address: wallet.address, given: { lovelace: 200_000_000n, ntx: 100_000_000n } };
}
