// The sections of `doctor`: each reads what it needs and hands it to the judges. A section that breaks is a finding, not the end.
import { isPrivate } from '@libp2p/utils';
import { multiaddr } from '@multiformats/multiaddr';
import type { NetworkRecord } from '@nunet/shared/network-record.ts';
import { chainAccessOf, type AgentConfig } from '../config.ts';
import { askControl, controlSocketOf } from '../control-socket.ts';
import { EmbeddedExecutor, systemClock } from '../executor/embedded.ts';
import type { ExecutorFingerprint } from '../executor/executor.ts';
import { readGpus, systemTool } from '../gpu/read-gpus.ts';
import { judgeClock } from './clock.ts';
import { judgeEngine, type EngineSocket } from './engine.ts';
import { fail, skip, type Finding } from './finding.ts';
import { judgeConfig, judgeFolder, judgeKey, judgePayout, judgeRecord, type Read } from './folder.ts';
import { judgeGpus } from './gpus.ts';
import { judgeBaseImages, judgeChain, judgeHubs, judgeOracles, judgePackageIndex } from './others.ts';
import { judgePorts, judgeReach } from './ports.ts';
import { engineSockets, readBaseImages, readEngine } from './read-engine.ts';
import { attempt, readConfigOnly, readFolder, readPayout, readPeerId, readRecord } from './read-folder.ts';
import { ownAddresses, readPorts, readProbeFacts, readResources, readSystem } from './read-machine.ts';
import { askAll, askChain, askHubs } from './read-others.ts';
import { judgeResources } from './resources.ts';
import { judgeSandbox } from './sandbox.ts';
import { judgeSystem } from './system.ts';

export const SECTIONS = ['machine', 'folder', 'engine', 'sandbox', 'gpu', 'network'] as const;
export type Section = (typeof SECTIONS)[number];

export interface DoctorContext {
  dataPath: string;
  env: Readonly<Record<string, string | undefined>>;
  now: () => number;
  signal: AbortSignal;
}

interface Known extends DoctorContext {
  uid: number | null;
  configRead: Read<AgentConfig> | null;
  config: AgentConfig | null;
  record: Read<NetworkRecord> | null;
}

const valueOf = <T>(read: Read<T> | null): T | null => (read !== null && 'value' in read ? read.value : null);

const machine = async ({ dataPath, config, signal }: Known): Promise<Finding[]> => [
  ...judgeSystem(await readSystem(systemTool(signal))),
  ...judgeResources(await readResources(dataPath), config?.share ?? null),
];

async function folder({ dataPath, uid, config, configRead, record, now }: Known): Promise<Finding[]> {
  const peerId = await readPeerId(dataPath);
  const id = valueOf(peerId);
  const payout = config === null || id === null ? null : await readPayout(dataPath, config, id);
  return [
    judgeFolder(await readFolder(dataPath, uid)),
    judgeConfig(configRead),
    judgeKey(peerId),
    judgeRecord(record, now()),
    judgePayout(payout, config, now()),
  ];
}

async function answering({ config, env, uid, signal }: Known): Promise<{ sockets: EngineSocket[]; path: string | null }> {
  const run = systemTool(signal);
  const paths = engineSockets({ configured: config?.containers.socket ?? null, env, uid });
  const sockets = await Promise.all(paths.map(async (path) => readEngine(path, run, signal)));
  const isOff = config?.containers.engine === 'off';
  return { sockets, path: isOff ? null : (sockets.find(({ state }) => state === 'answers')?.path ?? null) };
}

async function engine(known: Known): Promise<Finding[]> {
  const { sockets, path } = await answering(known);
  const findings = judgeEngine(sockets, known.config?.containers ?? null);
  if (path === null) return findings;
  return [...findings, ...judgeBaseImages(known.config?.policy.baseImages ?? [], await readBaseImages(path, known.signal))];
}

async function sandbox(known: Known): Promise<Finding[]> {
  const { config, signal } = known;
  const facts = await readProbeFacts();
  const probe = async (kind: 'embedded' | 'container', ask: () => Promise<ExecutorFingerprint>): Promise<Finding> => {
    const probed = await attempt(ask);
    signal.throwIfAborted();
    return judgeSandbox(kind, 'value' in probed ? probed.value : probed, facts);
  };
  const embedded = new EmbeddedExecutor({ clock: systemClock, allowBelowFloor: false });
  const findings = [await probe('embedded', () => embedded.fingerprint(signal))];
  await embedded.close();
  const { path } = await answering(known);
  if (path === null) return [...findings, skip('sandbox-container', 'No engine to run containers in')];
  // Loaded only where there is an engine.
  const { probeContainers } = await import('./probe-containers.ts');
  return [...findings, await probe('container', () => probeContainers(path, config, signal))];
}

const gpu = async ({ config, signal }: Known): Promise<Finding[]> =>
  judgeGpus(await readGpus({ run: systemTool(signal), sys: '/sys', dev: '/dev' }), config?.gpus ?? null);

/** An address without port, as an interface has it. */
const isPrivateAddress = (address: string): boolean =>
  isPrivate(multiaddr(`/${address.includes(':') ? 'ip6' : 'ip4'}/${address.replace(/%.*$/, '')}/tcp/1`));

async function network({ config, record, dataPath, env, signal }: Known): Promise<Finding[]> {
  if (config === null) return [skip('network', 'Nobody to ask without a configuration')];
  const trusted = valueOf(record);
  const agentRuns = (await askControl(controlSocketOf(dataPath), 'status', signal).catch(() => null)) !== null;
  const ports = await readPorts(config.listen, agentRuns);
  const hubs = await askHubs([...new Set([...(trusted?.hubs ?? []), ...config.hubs])], config.network, signal);
  const oracles = await askAll(trusted?.oracles.map(({ url }) => url) ?? [], signal);
  const access = trusted === null ? null : chainAccessOf(config, trusted.asset, env);
  const chain = await askChain(
    access === null ? [{ source: config.chainUrl }] : [access.first, ...(access.second === undefined ? [] : [access.second])],
    config.network,
    signal,
  );
  const index = config.containers.packageIndex;
  const packages = index === null ? null : (await askAll([index], signal)).answers[0];
  return [
    ...judgePorts(ports),
    judgeReach({
      network: config.network,
      listens: Object.values(config.listen).some((at) => typeof at === 'string'),
      relay: config.listen.relay,
      hubs: hubs.answers.filter(({ error }) => error === null).length,
      own: ownAddresses(),
      seen: hubs.seen,
      isPrivate: isPrivateAddress,
    }),
    judgeHubs(hubs.answers),
    trusted === null ? skip('oracles', 'Named by the network record, which is not there') : judgeOracles(oracles.answers, trusted.k),
    judgeChain(chain.answers),
    judgeClock([...oracles.readings, ...chain.readings]),
    judgePackageIndex(packages ?? null),
  ];
}

const READERS: Readonly<Record<Section, (known: Known) => Promise<Finding[]>>> = { machine, folder, engine, sandbox, gpu, network };

/** One section after the other, as they are found. */
export async function* examine(
  context: DoctorContext,
  only: readonly Section[],
): AsyncGenerator<{ section: Section; findings: Finding[] }> {
  const configRead = await readConfigOnly(context.dataPath);
  const config = valueOf(configRead);
  const record = config === null ? null : await readRecord(context.dataPath, config, context.now());
  const known: Known = { ...context, uid: process.getuid?.() ?? null, configRead, config, record };
  for (const section of SECTIONS.filter((one) => only.includes(one))) {
    const read = await attempt(() => READERS[section](known));
    context.signal.throwIfAborted();
    yield {
      section,
      findings:
        'value' in read
          ? read.value
          : [fail(section, `Cannot be examined: ${read.error}`, 'Run it again with NUNET_DEBUG=1, and report it')],
    };
  }
}
