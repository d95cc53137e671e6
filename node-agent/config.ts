// The agent's configuration: one versioned JSON file that only its owner can read. Amounts are decimal NTX here and nowhere else.
import { copyFile, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChainAccess } from '@nunet/contracts/chain/open.ts';
import { sourceAddress, SOURCE_WANTED } from '@nunet/contracts/chain/source-address.ts';
import { parseAmount } from '@nunet/shared/amount.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { baseImage } from '@nunet/shared/container-program.ts';
import { cardanoAddress, hex32, multiaddrText, network, peerIdText, type AssetId } from '@nunet/shared/fields.ts';
import { z } from 'zod';
import { MAX_SHARE_PERCENT, MIN_SHARE_PERCENT } from './capacity.ts';
import type { ListenAt } from './network/node.ts';
import { STREAM_SHARES, type Prices } from './pricing.ts';
import { writeWhole } from './whole-file.ts';

export const CONFIG_VERSION = 2;

const share = z.number().min(MIN_SHARE_PERCENT).max(MAX_SHARE_PERCENT);
const price = z.string().refine((text) => {
  try {
    return parseAmount(text) >= 0n;
  } catch {
    return false;
  }
}, 'must be a decimal number of NTX with at most 6 places');
const hourText = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time such as 22:00');
const chainSource = z.string().refine((text) => sourceAddress(text) !== null, SOURCE_WANTED);
const listenText = z.string().refine((text) => parseListen(text) !== null, 'must be HOST:PORT with an IP address, such as 0.0.0.0:9000');

export const agentConfig = z.strictObject({
  version: z.literal(CONFIG_VERSION),
  network,
  /** Where pay goes. */
  address: cardanoAddress,
  /** Percent of the machine. */
  share: z.strictObject({ cpus: share, memory: share, disk: share }),
  /** NTX. */
  prices: z.strictObject({ cpuHour: price, memoryGibHour: price, gpuHour: price, minimum: price }),
  /** Jobs that are paid by vouchers, percent of their amount. Older files lack it. */
  stream: z
    .strictObject({ holdBack: z.number().min(0).max(100), maxUnpaid: z.number().min(1).max(100) })
    .refine(({ holdBack, maxUnpaid }) => holdBack < maxUnpaid, 'holdBack must be less than maxUnpaid')
    .default(STREAM_SHARES),
  /** Path of the signed network record, and the keys that must have signed it. */
  networkRecord: z.string().min(1),
  pinned: z.strictObject({ keys: z.array(hex32).min(1).max(16), threshold: z.int().min(1).max(16) }),
  /** A Blockfrost-compatible API or koios:URL; its project id, where it wants one, comes from NUNET_CHAIN_PROJECT_ID. */
  chainUrl: chainSource,
  /** A second one, which must agree on what is above `compareAbove`; its project id comes from NUNET_CHAIN2_PROJECT_ID. */
  chain2Url: chainSource.optional(),
  /** NTX. */
  compareAbove: price.optional(),
  /** null: not listened on. */
  listen: z.strictObject({
    tcp: listenText.nullable(),
    ws: listenText.nullable(),
    webrtc: listenText.nullable(),
    /** Be reached through the hubs: for a machine that nobody can dial. Older files lack it. */
    relay: z.boolean().default(false),
  }),
  /** Besides those of the network record. */
  hubs: z.array(multiaddrText).max(32),
  /** Ids of the GPUs that are lent, as `nunet-agent gpus` names them. */
  gpus: z.array(z.string().min(1).max(100)).max(64),
  /** When new jobs are taken, in the machine's local time; `to` may lie on the next day. null: always. */
  hours: z.strictObject({ from: hourText, to: hourText }).nullable(),
  /** Where code jobs run. */
  containers: z.strictObject({
    /** `auto`: the first engine that answers; `off`: data-only jobs alone. */
    engine: z.enum(['auto', 'docker', 'podman', 'off']),
    /** Path of its socket; null: the usual places. */
    socket: z.string().min(1).max(4096).nullable(),
    /** `auto`: runsc where the engine has it and it passes the probe, runc otherwise. */
    runtime: z.enum(['auto', 'runc', 'runsc']),
    /** Package index that lists of dependencies are installed from; null: jobs with dependencies are refused. */
    packageIndex: z
      .url({ protocol: /^https?$/ })
      .max(2_000)
      .nullable(),
  }),
  /** Whose jobs of which kinds are taken. Empty lists of `allow...` and patterns allow everything. */
  policy: z.strictObject({
    kinds: z.array(z.enum(['onnx', 'container'])).max(4),
    /** Host names with an optional port, as they stand in an image reference. Images of others are refused. */
    registries: z
      .array(
        z
          .string()
          .regex(/^[a-z0-9.-]+(:\d{1,5})?$/)
          .max(255),
      )
      .max(64),
    /** Image references without their digest; `*` stands for anything. */
    images: z.array(z.string().min(1).max(300)).max(256),
    /** Base images that scripts may use. */
    baseImages: z.array(baseImage).max(64),
    /** Hosts that inputs may be fetched from; `*` stands for any. */
    downloadHosts: z.array(z.string().min(1).max(255)).max(256),
    allowServiceProviders: z.array(peerIdText).max(1_000),
    denyServiceProviders: z.array(peerIdText).max(1_000),
    /** The owner's own: not bound by hours, and alone in being served below the sandbox floor. */
    ownServiceProviders: z.array(peerIdText).max(64).default([]),
  }),
  /** Logs and outputs of ended jobs stay this long, and the oldest go first above this much. */
  keep: z.strictObject({ days: z.number().min(0).max(365), bytes: z.int().min(0) }),
  telemetry: z.strictObject({
    /** Signed usage figures to the operators of the network record. */
    toOperators: z.boolean(),
    /** Port on loopback; null: off. */
    prometheusPort: z.int().min(1).max(65_535).nullable(),
    /** OTLP over HTTP; null: off. */
    tracesUrl: z
      .url({ protocol: /^https?$/ })
      .max(2_000)
      .nullable(),
  }),
  limits: z.strictObject({
    maxTimeLimitMs: z
      .int()
      .min(1_000)
      .max(30 * 86_400_000),
    maxQuotesAPeer: z.int().min(1).max(1_000),
  }),
});
export type AgentConfig = z.infer<typeof agentConfig>;

/** What version 2 brought, as it is without a word of the owner. */
export const DEFAULTS_OF_2 = {
  gpus: [],
  hours: null,
  containers: { engine: 'auto', socket: null, runtime: 'auto', packageIndex: null },
  policy: {
    kinds: ['onnx', 'container'],
    registries: [],
    images: [],
    baseImages: ['onnx', 'scikit-learn', 'pytorch'],
    downloadHosts: ['*'],
    allowServiceProviders: [],
    denyServiceProviders: [],
    ownServiceProviders: [],
  },
  keep: { days: 7, bytes: 20 * 2 ** 30 },
  telemetry: { toOperators: false, prometheusPort: null, tracesUrl: null },
} satisfies Partial<AgentConfig>;

/** An older configuration as this version has it; what an owner could not know of stays as careful as it was. */
function migrated(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('version' in value) || value.version !== 1) return value;
  return { ...value, ...DEFAULTS_OF_2, containers: { ...DEFAULTS_OF_2.containers, engine: 'off' }, version: 2 };
}

export const pathsOf = (dataPath: string) => ({
  config: join(dataPath, 'config.json'),
  peerKey: join(dataPath, 'peer.key'),
  journal: join(dataPath, 'journal.jsonl'),
  machine: join(dataPath, 'machine.json'),
  blobs: join(dataPath, 'blobs'),
  peers: join(dataPath, 'peers'),
  benchmark: join(dataPath, 'benchmark.json'),
  seenRecord: join(dataPath, 'network-record.seen'),
  owners: join(dataPath, 'owners.json'),
  pause: join(dataPath, 'pause.json'),
});

/** "127.0.0.1:9000" or "[::1]:9000". */
export function parseListen(text: string): ListenAt | null {
  const match = /^(?:\[([0-9a-f:]+)\]|(\d{1,3}(?:\.\d{1,3}){3})):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host === undefined || port > 65_535 ? null : { host, port };
}

export const pricesOf = (config: AgentConfig): Prices => ({
  cpuHour: parseAmount(config.prices.cpuHour),
  memoryGibHour: parseAmount(config.prices.memoryGibHour),
  gpuHour: parseAmount(config.prices.gpuHour),
  minimum: parseAmount(config.prices.minimum),
});

/** The chain of this configuration; project ids are secrets and come from the environment. */
export const chainAccessOf = (config: AgentConfig, asset: AssetId, env: Readonly<Record<string, string | undefined>>): ChainAccess => ({
  network: config.network,
  first: { source: config.chainUrl, projectId: env['NUNET_CHAIN_PROJECT_ID'] },
  second: config.chain2Url === undefined ? undefined : { source: config.chain2Url, projectId: env['NUNET_CHAIN2_PROJECT_ID'] },
  asset,
  compareAbove: config.compareAbove === undefined ? undefined : parseAmount(config.compareAbove),
});

/** Every wrong field is named, by `names` where it has another. Throws `config-invalid`. */
export function parseConfig(value: unknown, path: string, names: Readonly<Record<string, string>> = {}): AgentConfig {
  const version = z.object({ version: z.int() }).safeParse(value);
  if (version.success && version.data.version > CONFIG_VERSION) {
    throw new NunetError(
      'config-newer',
      `Cannot read ${path}: it is version ${version.data.version}, this program knows ${CONFIG_VERSION}`,
    );
  }
  const result = agentConfig.safeParse(migrated(value));
  if (result.success) return result.data;
  const lines = result.error.issues.slice(0, 10).map((issue) => {
    const field = issue.path.map(String).join('.');
    const flag =
      names[field] ?? (field.startsWith('hubs.') ? names['hubs'] : field.startsWith('pinned.keys.') ? names['pinned.keys'] : undefined);
    return `  ${(flag ?? field) || '(top level)'}: ${issue.message}`;
  });
  throw new NunetError('config-invalid', `Cannot use the configuration ${path}:\n${lines.join('\n')}`);
}

/** A configuration made of flags: what is wrong is a flag. Throws `flag-invalid`. */
export function flagsParsed(value: unknown, from: string, names: Readonly<Record<string, string>>): AgentConfig {
  try {
    return parseConfig(value, from, names);
  } catch (error) {
    if (error instanceof NunetError && error.code === 'config-invalid')
      throw new NunetError('flag-invalid', error.message, { cause: error });
    throw error;
  }
}

/** Throws `config-missing`, `config-open`, `config-invalid`, `config-newer`. */
export async function readConfig(path: string): Promise<AgentConfig> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new NunetError('config-missing', `Cannot read ${path}: run "nunet-agent onboard" first, or give --data with its folder`, {
      cause,
    });
  });
  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0) throw new NunetError('config-open', `Cannot use ${path}: others may read or change it; run chmod 600 on it`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new NunetError('config-invalid', `Cannot use the configuration ${path}: not JSON (${(cause as Error).message})`, { cause });
  }
  const config = parseConfig(value, path);
  if ((value as { version: number }).version < CONFIG_VERSION) {
    await copyFile(path, `${path}.v${(value as { version: number }).version}`);
    await writeConfig(path, config);
  }
  return config;
}

/** Whole or not at all, mode 0600. */
export const writeConfig = (path: string, config: AgentConfig): Promise<void> => writeWhole(path, `${JSON.stringify(config, null, 2)}\n`);
