// onboard: terms first, then what to lend, for how much and where pay goes; writes the configuration and the peer key. What can be found out is not asked.
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { NunetError } from '@nunet/shared/errors.ts';
import { hex32 } from '@nunet/shared/fields.ts';
import { PAYOUT_LIFETIME_MS } from '@nunet/shared/payout-statement.ts';
import { z } from 'zod';
import { shareOf } from '../capacity.ts';
import { agentConfig, CONFIG_VERSION, DEFAULTS_OF_2, flagsParsed, pathsOf, writeConfig, type AgentConfig } from '../config.ts';
import { judgeEngine } from '../doctor/engine.ts';
import { gib } from '../doctor/finding.ts';
import { engineSockets, readEngine } from '../doctor/read-engine.ts';
import type { GpuReport } from '../gpu/gpu.ts';
import { readGpus, systemTool } from '../gpu/read-gpus.ts';
import { machineOffer } from '../machine.ts';
import { loadPeerKey } from '../network/identity.ts';
import { payoutPathOf, readPayouts } from '../payout-file.ts';
import { nextPayout } from '../payout-proof.ts';
import { STREAM_SHARES } from '../pricing.ts';
import { plainLine } from '../plain-text.ts';
import { clock } from '../system-clock.ts';
import { parseFlags, type Command, type CommandIo, type Parsed } from './flags.ts';
import { DEFAULT_DATA, FLAG_OF, onboardFlags } from './onboard-flags.ts';
import { askPayout, proofsGiven, takeProofs } from './payout.ts';
import { askFor, type Questions } from './questions.ts';
import { acceptTerms } from './terms.ts';

const notes = `The terms are accepted by typing yes, or by --accept-terms; --yes alone answers the questions and does not accept them.
At the end it shows the payout statement, which the wallet of the address signs: see "nunet-agent payout --help". On preview and preprod the agent starts only with that signature.`;

const { shape } = agentConfig;
const keyList = z
  .string()
  .refine((text) => text.split(',').every((key) => hex32.safeParse(key).success), 'must be keys of 64 hex digits with commas between them');
const existingFile = z.string().refine((path) => existsSync(path), 'there is no such file');
const HOURS = /^(?<from>([01]\d|2[0-3]):[0-5]\d)-(?!\k<from>)(?<to>([01]\d|2[0-3]):[0-5]\d)$/;
const hoursText = z.string().refine((text) => text === 'always' || HOURS.test(text), 'must be such as 22:00-06:00, or always');
const yesNo = z.enum(['yes', 'no'], { error: 'must be yes or no' });

/** Throws `flag-invalid`. */
function hoursOf(text: string): AgentConfig['hours'] {
  if (text === 'always') return null;
  const { from, to } = HOURS.exec(text)?.groups ?? {};
  if (from === undefined || to === undefined)
    throw new NunetError('flag-invalid', `Cannot onboard: --hours "${text.slice(0, 40)}" must be such as 22:00-06:00, or always`);
  return { from, to };
}

async function askShare({ value }: Questions): Promise<AgentConfig['share']> {
  const percent = async (name: 'cpus' | 'memory' | 'disk', text: string, standard: string): Promise<number> =>
    Number(await value(name, { text, field: z.coerce.number().pipe(shape.share.shape[name]), standard }));
  return {
    cpus: await percent('cpus', 'Percent of the CPUs to lend, 10 to 90', '50'),
    memory: await percent('memory', 'Percent of the memory to lend, 10 to 90', '50'),
    disk: await percent('disk', 'Percent of the free disk to lend, 10 to 90', '20'),
  };
}

/** Ids of what is lent. GPUs with a problem are named, and lent only by their id. */
async function askGpus({ gpus, problems }: GpuReport, { value }: Questions, io: CommandIo): Promise<string[]> {
  for (const { name, id, memoryBytes } of gpus)
    io.print(plainLine(`GPU: ${name}${memoryBytes === null ? '' : `, ${gib(memoryBytes)}`} (${id})`));
  for (const { problem, fix } of problems) io.warn(plainLine(`GPU: ${problem}. ${fix}`));
  // A GPU that is cut is lent by its slices.
  const ids = gpus.flatMap(({ id, slices }) => (slices.length === 0 ? [id] : slices.map((slice) => slice.id)));
  const known = z
    .string()
    .refine(
      (text) => ['all', 'none'].includes(text) || text.split(',').every((id) => ids.includes(id)),
      `must be all, none, or of: ${ids.join(', ')}`,
    );
  const standard = problems.length === 0 ? 'all' : 'none';
  const text =
    ids.length === 0
      ? await value('gpus', { text: '', field: known, standard: 'none' })
      : await value('gpus', { text: 'GPUs to lend: all, none, or ids', field: known, standard });
  if (text === 'none') return [];
  if (text === 'all') return ids;
  const unknown = text.split(',').find((id) => !ids.includes(id));
  if (unknown !== undefined)
    throw new NunetError(
      'flag-invalid',
      `Cannot onboard: --gpus "${unknown.slice(0, 60)}" is not here, want all, none${ids.length === 0 ? '' : `, or of ${ids.join(', ')}`}`,
    );
  return text.split(',');
}

async function askPrices(lendsGpus: boolean, { value }: Questions): Promise<AgentConfig['prices']> {
  const price = (name: string, text: string, standard: string): Promise<string> =>
    value(name, { text, field: shape.prices.shape.cpuHour, standard });
  return {
    cpuHour: await price('price-cpu-hour', 'NTX for one CPU for an hour', '1'),
    memoryGibHour: await price('price-memory-gib-hour', 'NTX for one GiB of memory for an hour', '0.1'),
    gpuHour: lendsGpus ? await price('price-gpu-hour', 'NTX for one GPU for an hour', '10') : '10',
    minimum: await price('price-minimum', 'NTX that a job pays at least', '0.01'),
  };
}

async function askContainers(
  given: Parsed<typeof onboardFlags>,
  { value, isSilent }: Questions,
  io: CommandIo,
): Promise<AgentConfig['containers']> {
  const { engine: engineFlag, runtime, 'engine-socket': socket } = given;
  const containers = shape.containers.shape;
  const none = { socket: socket ?? null, packageIndex: null };
  const chosen = engineFlag ?? 'auto';
  if (chosen === 'off') return { ...none, engine: 'off', runtime: 'auto' };
  const paths = engineSockets({ configured: socket ?? null, env: process.env, uid: process.getuid?.() ?? null });
  const run = systemTool(io.signal);
  const sockets = await Promise.all(paths.map(async (path) => readEngine(path, run, io.signal)));
  const isThere = sockets.some(({ state }) => state === 'answers');
  if (!isSilent) {
    for (const { says, state, fix } of judgeEngine(sockets, null)) {
      if (state === 'pass' && !says.startsWith('runc')) io.print(`Engine: ${plainLine(says)}`);
      if (fix !== null) io.warn(`Engine: ${plainLine(`${says}. ${fix}`)}`);
    }
  }
  const engine = isThere
    ? await value('engine', {
        text: 'Run code (images and scripts) in: auto, docker, podman, or off',
        field: containers.engine,
        standard: 'auto',
      })
    : chosen;
  const wantsIndex = isThere && engine !== 'off';
  const index = wantsIndex
    ? await value('package-index', {
        text: 'Package index for lists of dependencies (URL), or none',
        field: z.literal('none').or(containers.packageIndex),
        standard: 'none',
      })
    : (given['package-index'] ?? 'none');
  // Wrong values are named with all others, by the configuration's own check.
  return { ...none, engine, runtime: runtime ?? 'auto', packageIndex: index === 'none' ? null : index } as AgentConfig['containers'];
}

async function askListen(relay: boolean, { value }: Questions): Promise<AgentConfig['listen']> {
  const listen = async (name: string, text: string, standard: string) => {
    const at = await value(name, { text, field: z.literal('off').or(shape.listen.shape.tcp), standard });
    return at === 'off' ? null : at;
  };
  return {
    tcp: await listen('listen-tcp', 'Listen for TCP at IP:PORT, or off', '0.0.0.0:4201'),
    ws: await listen('listen-ws', 'Listen for WebSocket at IP:PORT, or off', 'off'),
    webrtc: await listen('listen-webrtc', 'Listen for WebRTC at IP:PORT, or off', '0.0.0.0:4202'),
    relay,
  };
}

async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const given = parseFlags({ name: 'onboard', flags: onboardFlags }, argv);
  const dataPath = resolve(given.data ?? DEFAULT_DATA);
  const paths = pathsOf(dataPath);
  if (existsSync(paths.config) && given.force !== true)
    throw new NunetError('config-exists', `Cannot onboard: ${paths.config} exists. Edit it, or give --force to write it anew.`);
  const json = given.json === true;
  const isSilent = given.yes === true || json;
  const talk: CommandIo = json ? { ...io, print: () => {} } : io;
  await acceptTerms({ accepted: given['accept-terms'] === true, ask: isSilent ? undefined : io.ask }, talk);
  await mkdir(dataPath, { recursive: true, mode: 0o700 });

  const questions = askFor('onboard', { flags: onboardFlags, given, io: talk, isSilent });
  const { value } = questions;
  const machine = await machineOffer(dataPath);
  talk.print(`This machine: ${machine.cpus} CPUs, ${gib(machine.memoryBytes)} of memory, ${gib(machine.diskBytes)} of free disk.`);
  const keys = (await value('pinned', { text: 'Public keys that sign the network record, with commas', field: keyList })).split(',');
  const wrong = keys.find((key) => !hex32.safeParse(key).success);
  if (wrong !== undefined)
    throw new NunetError('flag-invalid', `Cannot onboard: --pinned: "${wrong.slice(0, 70)}" is not a key of 64 hex digits`);
  const network = await value('network', { text: 'Network: devnet, preview or preprod', field: shape.network, standard: 'preprod' });
  const address = await value('address', { text: 'Cardano address that pay goes to (addr_test1...)', field: shape.address });
  const share = await askShare(questions);
  const gpus = await askGpus(await readGpus({ run: systemTool(io.signal), sys: '/sys', dev: '/dev' }), questions, talk);
  const prices = await askPrices(gpus.length > 0, questions);
  const hours = hoursOf(
    await value('hours', { text: 'When to take new jobs, such as 22:00-06:00, or always', field: hoursText, standard: 'always' }),
  );
  const containers = await askContainers(given, questions, talk);
  const networkRecord = resolve(await value('network-record', { text: 'File with the signed network record', field: existingFile }));
  const chainUrl = await value('chain', { text: 'URL of a Blockfrost-compatible API, or koios:URL', field: shape.chainUrl });
  const listen = await askListen(given['listen-relay'] === true, questions);
  const toOperators =
    given.telemetry === true ||
    (!questions.isSilent &&
      (await value('telemetry', {
        text: 'Send signed usage figures of this machine to the network’s operators: yes or no',
        field: yesNo,
        standard: 'no',
      })) === 'yes');
  const config = flagsParsed(
    {
      version: CONFIG_VERSION,
      network,
      address,
      share,
      prices,
      stream: {
        holdBack: Number(given['stream-hold-back'] ?? STREAM_SHARES.holdBack),
        maxUnpaid: Number(given['stream-max-unpaid'] ?? STREAM_SHARES.maxUnpaid),
      },
      networkRecord,
      pinned: { keys, threshold: given['pinned-threshold'] === undefined ? keys.length : Number(given['pinned-threshold']) },
      chainUrl,
      ...(given.chain2 === undefined ? {} : { chain2Url: given.chain2 }),
      ...(given['compare-above'] === undefined ? {} : { compareAbove: given['compare-above'] }),
      listen,
      hubs: given.hub ?? [],
      ...DEFAULTS_OF_2,
      gpus,
      hours,
      containers,
      telemetry: { ...DEFAULTS_OF_2.telemetry, toOperators },
      limits: { maxTimeLimitMs: Math.round(Number(given['max-hours'] ?? '24') * 3_600_000), maxQuotesAPeer: 8 },
    },
    'from your answers',
    FLAG_OF,
  );
  const { peerId: agent } = await loadPeerKey(paths.peerKey);
  const payoutPath = payoutPathOf(dataPath);
  const { last } = await readPayouts(payoutPath, { network: config.network, agent });
  if (last !== null && last.address !== config.address)
    throw new NunetError(
      'payout-address-differs',
      `Cannot onboard: the wallet of ${last.address} gets this agent's pay; give that address, then change it with "nunet-agent payout change"`,
    );
  await writeConfig(paths.config, config);
  const lent = shareOf(machine, config.share);
  const dataFlag = given.data === undefined ? '' : ` --data ${dataPath}`;
  talk.print(`Lends ${lent.cpus} CPUs, ${gib(lent.memoryBytes)} of memory and ${gib(lent.diskBytes)} of disk on ${config.network}.`);
  talk.print(`Pay goes to ${config.address}.`);
  talk.print(`This agent is ${agent}. Its key lies in ${paths.peerKey}: keep a copy, and never run two agents with it.`);
  const state = { config, agent, last, payoutPath };
  const next = nextPayout({ network: config.network, agent, before: last }, config.address, {
    now: clock.now(),
    lifetimeMs: PAYOUT_LIFETIME_MS,
  });
  let proven = last;
  if (given.proof !== undefined) proven = await takeProofs(state, await proofsGiven([given.proof]), config.address);
  else if (last === null && !questions.isSilent) proven = await askPayout(state, next, talk);
  if (proven === null) talk.print(`The wallet has still to sign that pay goes there: nunet-agent payout prove${dataFlag}`);
  talk.print(`Is everything there? nunet-agent doctor${dataFlag}`);
  talk.print(`Start it with: nunet-agent start${dataFlag}`);
  if (json)
    io.print(
      JSON.stringify({
        agent,
        network: config.network,
        dataPath,
        address: config.address,
        lent,
        gpus,
        isProven: proven !== null,
        statement: proven === null ? next.text : null,
      }),
    );
  return 0;
}

export const command: Command = { name: 'onboard', summary: 'lend a share of this machine', flags: onboardFlags, notes, run };
