// onboard: asks what to lend, for how much and where pay goes, and writes the agent's configuration and peer key.
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { NunetError } from '@nunet/shared/errors.ts';
import { hex32 } from '@nunet/shared/fields.ts';
import { z } from 'zod';
import { shareOf } from '../capacity.ts';
import { agentConfig, CONFIG_VERSION, DEFAULTS_OF_2, flagsParsed, pathsOf, writeConfig } from '../config.ts';
import { machineOffer } from '../machine.ts';
import { STREAM_SHARES } from '../pricing.ts';
import { loadPeerKey } from '../network/identity.ts';
import { parseFlags, type Command, type CommandIo } from './flags.ts';

export const DEFAULT_DATA = join(homedir(), '.nunet-agent');

const flags = {
  data: { value: 'FOLDER', help: `where the agent keeps everything (${DEFAULT_DATA})` },
  network: { value: 'NAME', help: 'devnet, preview or preprod' },
  'network-record': { value: 'FILE', help: 'signed record of the network: script hashes, oracles, hubs' },
  pinned: { value: 'KEY,...', help: 'public keys that sign the network record, 64 hex digits each' },
  'pinned-threshold': { value: 'N', help: 'how many of them must have signed (all)' },
  address: { value: 'ADDRESS', help: 'addr_test1... that pay goes to' },
  cpus: { value: 'PERCENT', help: 'share of the CPUs to lend, 10 to 90 (50)' },
  memory: { value: 'PERCENT', help: 'share of the memory to lend, 10 to 90 (50)' },
  disk: { value: 'PERCENT', help: 'share of the free disk to lend, 10 to 90 (20)' },
  'price-cpu-hour': { value: 'NTX', help: 'price of one CPU for an hour (1)' },
  'price-memory-gib-hour': { value: 'NTX', help: 'price of one GiB of memory for an hour (0.1)' },
  'price-gpu-hour': { value: 'NTX', help: 'price of one GPU for an hour (10)' },
  'price-minimum': { value: 'NTX', help: 'the least that a job pays (0.01)' },
  'stream-hold-back': { value: 'PERCENT', help: 'of a job that is paid by vouchers: left open until there are outputs (10)' },
  'stream-max-unpaid': { value: 'PERCENT', help: 'of such a job: what may be unpaid before it stands still (20)' },
  chain: { value: 'URL', help: 'Blockfrost-compatible API, or koios:URL; a project id comes from NUNET_CHAIN_PROJECT_ID' },
  chain2: { value: 'URL', help: 'a second source that must agree on larger amounts; its project id from NUNET_CHAIN2_PROJECT_ID' },
  'compare-above': { value: 'NTX', help: 'the amount above which both sources must agree (100, on a devnet 10)' },
  'listen-tcp': { value: 'IP:PORT', help: 'where to listen, "off" for not at all (0.0.0.0:4201)' },
  'listen-ws': { value: 'IP:PORT', help: 'the same for WebSocket (off)' },
  'listen-webrtc': { value: 'IP:PORT', help: 'the same for WebRTC, which browsers use (0.0.0.0:4202)' },
  'listen-relay': { help: 'be reached through the hubs as well: for a machine that nobody can dial' },
  hub: { value: 'MULTIADDR', many: true, help: 'a hub besides those of the network record' },
  'max-hours': { value: 'HOURS', help: 'longest job that is taken (24)' },
  yes: { help: 'ask nothing, take the values in brackets for what is not given' },
  force: { help: 'write over an earlier configuration; the peer key stays' },
} as const;

/** Fields of the configuration, as the flags are called. */
export const FLAG_OF: Readonly<Record<string, string>> = {
  network: '--network',
  address: '--address',
  'share.cpus': '--cpus',
  'share.memory': '--memory',
  'share.disk': '--disk',
  'prices.cpuHour': '--price-cpu-hour',
  'prices.memoryGibHour': '--price-memory-gib-hour',
  'prices.gpuHour': '--price-gpu-hour',
  'prices.minimum': '--price-minimum',
  'stream.holdBack': '--stream-hold-back',
  'stream.maxUnpaid': '--stream-max-unpaid',
  stream: '--stream-hold-back and --stream-max-unpaid',
  networkRecord: '--network-record',
  'pinned.threshold': '--pinned-threshold',
  'pinned.keys': '--pinned',
  hubs: '--hub',
  chainUrl: '--chain',
  chain2Url: '--chain2',
  compareAbove: '--compare-above',
  'listen.tcp': '--listen-tcp',
  'listen.ws': '--listen-ws',
  'listen.webrtc': '--listen-webrtc',
  'listen.relay': '--listen-relay',
  'limits.maxTimeLimitMs': '--max-hours (in ms)',
};

const notes = `The payout address is bound to this agent by this configuration alone for now: whoever can write the file can redirect later pay (locks that exist keep their address). A binding signed by the wallet (CIP-8) comes with the next release.`;

const keyList = z
  .string()
  .refine((text) => text.split(',').every((key) => hex32.safeParse(key).success), 'must be keys of 64 hex digits with commas between them');
const existingFile = z.string().refine((path) => existsSync(path), 'there is no such file');

async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const given = parseFlags({ name: 'onboard', flags }, argv);
  const dataPath = resolve(given.data ?? DEFAULT_DATA);
  const paths = pathsOf(dataPath);
  if (existsSync(paths.config) && given.force !== true) {
    throw new NunetError('config-exists', `Cannot onboard: ${paths.config} exists. Edit it, or give --force to write it anew.`);
  }
  await mkdir(dataPath, { recursive: true, mode: 0o700 });

  /** The flag, or a person's answer (asked again until `field` takes it), or the default. A wrong flag is named at the end, with all others. */
  const value = async (name: keyof typeof flags, question: string, field: z.ZodType, standard?: string): Promise<string> => {
    const flag = given[name];
    if (typeof flag === 'string') return flag;
    while (given.yes !== true && io.ask !== undefined) {
      const answer = (await io.ask(`${question}${standard === undefined ? '' : ` [${standard}]`}: `)).trim();
      const text = answer === '' ? standard : answer;
      if (text === undefined) continue;
      const checked = field.safeParse(text);
      if (checked.success) return text;
      io.warn(`  ${checked.error.issues[0]?.message ?? 'not valid'}`);
    }
    if (standard !== undefined) return standard;
    throw new NunetError('flag-missing', `Cannot onboard: --${name} is missing (${flags[name].help})`);
  };
  const { shape } = agentConfig;
  const percent = async (name: 'cpus' | 'memory' | 'disk', question: string, standard: string): Promise<number> =>
    Number(await value(name, question, z.coerce.number().pipe(shape.share.shape[name]), standard));
  const listen = async (name: 'listen-tcp' | 'listen-ws' | 'listen-webrtc', question: string, standard: string) => {
    const text = await value(name, question, z.literal('off').or(shape.listen.shape.tcp), standard);
    return text === 'off' ? null : text;
  };
  const price = (name: 'price-cpu-hour' | 'price-memory-gib-hour' | 'price-minimum', question: string, standard: string): Promise<string> =>
    value(name, question, shape.prices.shape.cpuHour, standard);

  const machine = await machineOffer(dataPath);
  const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  io.print(`This machine: ${machine.cpus} CPUs, ${gib(machine.memoryBytes)} of memory, ${gib(machine.diskBytes)} of free disk.`);
  const keys = (await value('pinned', 'Public keys that sign the network record, with commas', keyList)).split(',');
  const wrong = keys.find((key) => !hex32.safeParse(key).success);
  if (wrong !== undefined)
    throw new NunetError('flag-invalid', `Cannot onboard: --pinned: "${wrong.slice(0, 70)}" is not a key of 64 hex digits`);
  const config = flagsParsed(
    {
      version: CONFIG_VERSION,
      network: await value('network', 'Network: devnet, preview or preprod', shape.network, 'preprod'),
      address: await value('address', 'Cardano address that pay goes to (addr_test1...)', shape.address),
      share: {
        cpus: await percent('cpus', 'Percent of the CPUs to lend, 10 to 90', '50'),
        memory: await percent('memory', 'Percent of the memory to lend, 10 to 90', '50'),
        disk: await percent('disk', 'Percent of the free disk to lend, 10 to 90', '20'),
      },
      prices: {
        cpuHour: await price('price-cpu-hour', 'NTX for one CPU for an hour', '1'),
        memoryGibHour: await price('price-memory-gib-hour', 'NTX for one GiB of memory for an hour', '0.1'),
        gpuHour: given['price-gpu-hour'] ?? '10',
        minimum: await price('price-minimum', 'NTX that a job pays at least', '0.01'),
      },
      stream: {
        holdBack: Number(given['stream-hold-back'] ?? STREAM_SHARES.holdBack),
        maxUnpaid: Number(given['stream-max-unpaid'] ?? STREAM_SHARES.maxUnpaid),
      },
      networkRecord: resolve(await value('network-record', 'File with the signed network record', existingFile)),
      pinned: { keys, threshold: given['pinned-threshold'] === undefined ? keys.length : Number(given['pinned-threshold']) },
      chainUrl: await value('chain', 'URL of a Blockfrost-compatible API, or koios:URL', shape.chainUrl),
      ...(given.chain2 === undefined ? {} : { chain2Url: given.chain2 }),
      ...(given['compare-above'] === undefined ? {} : { compareAbove: given['compare-above'] }),
      listen: {
        tcp: await listen('listen-tcp', 'Listen for TCP at IP:PORT, or off', '0.0.0.0:4201'),
        ws: await listen('listen-ws', 'Listen for WebSocket at IP:PORT, or off', 'off'),
        webrtc: await listen('listen-webrtc', 'Listen for WebRTC at IP:PORT, or off', '0.0.0.0:4202'),
        relay: given['listen-relay'] === true,
      },
      hubs: given.hub ?? [],
      ...DEFAULTS_OF_2,
      limits: { maxTimeLimitMs: Math.round(Number(given['max-hours'] ?? '24') * 3_600_000), maxQuotesAPeer: 8 },
    },
    'from your answers',
    FLAG_OF,
  );
  const lent = shareOf(machine, config.share);
  const { peerId } = await loadPeerKey(paths.peerKey);
  await writeConfig(paths.config, config);
  io.print(`Lends ${lent.cpus} CPUs, ${gib(lent.memoryBytes)} of memory and ${gib(lent.diskBytes)} of disk on ${config.network}.`);
  io.print(`Pay goes to ${config.address}.`);
  io.print(`This agent is ${peerId}. Its key lies in ${paths.peerKey}: keep a copy, and never run two agents with it.`);
  io.print(`Start it with: nunet-agent start${given.data === undefined ? '' : ` --data ${dataPath}`}`);
  return 0;
}

export const command: Command = { name: 'onboard', summary: 'lend a share of this machine', flags, notes, run };
