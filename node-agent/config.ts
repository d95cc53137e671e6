// The agent's configuration: one versioned JSON file that only its owner can read. Amounts are decimal NTX here and nowhere else.
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ChainAccess } from '@nunet/contracts/chain/open.ts';
import { sourceAddress, SOURCE_WANTED } from '@nunet/contracts/chain/source-address.ts';
import { parseAmount } from '@nunet/shared/amount.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { cardanoAddress, hex32, multiaddrText, network, type AssetId } from '@nunet/shared/fields.ts';
import { z } from 'zod';
import { MAX_SHARE_PERCENT, MIN_SHARE_PERCENT } from './capacity.ts';
import type { ListenAt } from './network/node.ts';
import { STREAM_SHARES, type Prices } from './pricing.ts';

export const CONFIG_VERSION = 1;

const share = z.number().min(MIN_SHARE_PERCENT).max(MAX_SHARE_PERCENT);
const price = z.string().refine((text) => {
  try {
    return parseAmount(text) >= 0n;
  } catch {
    return false;
  }
}, 'must be a decimal number of NTX with at most 6 places');
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
  limits: z.strictObject({
    maxTimeLimitMs: z
      .int()
      .min(1_000)
      .max(30 * 86_400_000),
    maxQuotesAPeer: z.int().min(1).max(1_000),
  }),
});
export type AgentConfig = z.infer<typeof agentConfig>;

export const pathsOf = (dataPath: string) => ({
  config: join(dataPath, 'config.json'),
  peerKey: join(dataPath, 'peer.key'),
  journal: join(dataPath, 'journal.jsonl'),
  blobs: join(dataPath, 'blobs'),
  peers: join(dataPath, 'peers'),
  seenRecord: join(dataPath, 'network-record.seen'),
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
  const result = agentConfig.safeParse(value);
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
  return parseConfig(value, path);
}

/** Whole or not at all, mode 0600. */
export async function writeConfig(path: string, config: AgentConfig): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(config, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
}
