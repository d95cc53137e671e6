// `npm run chain:check -- --network preprod --source koios`: tells in one command whether a chain source works for this build.
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { hexToBytes } from '@noble/hashes/utils.js';
import { checkTable } from '@nunet/contracts/chain-check/check-line.ts';
import { checkChain } from '@nunet/contracts/chain-check/checks.ts';
import { openSource } from '@nunet/contracts/chain/open.ts';
import { sourceAddress } from '@nunet/contracts/chain/source-address.ts';
import { networkFacts } from '@nunet/contracts/devnet/network-facts.ts';
import { PREPROD_TNTX } from '@nunet/shared/amount.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { cardanoAddress, hex32, network as networkName, type AssetId, type Network } from '@nunet/shared/fields.ts';
import { openNetworkRecord, type NetworkRecord } from '@nunet/shared/network-record.ts';
import { z } from 'zod';

const PUBLIC: Readonly<Record<'koios' | 'blockfrost', Partial<Record<Network, string>>>> = {
  koios: { preprod: 'https://preprod.koios.rest/api/v1', preview: 'https://preview.koios.rest/api/v1' },
  blockfrost: { preprod: 'https://cardano-preprod.blockfrost.io/api/v0', preview: 'https://cardano-preview.blockfrost.io/api/v0' },
};
/** Where a devnet has each API below its address. */
const DEVNET_PATH = { koios: '/koios/api/v1', blockfrost: '/api/v0' } as const;
const LIMIT_MS = 60_000;
const DEVNET_LIMIT_MS = 5_000;

const USAGE = `Usage: npm run chain:check -- --network NAME [FLAGS]

  --network NAME    preprod, preview or devnet
  --source KIND     koios or blockfrost (koios)
  --url URL         the source's API instead of the public one; on a devnet the address that it printed
  --address ADDR    your wallet's addr_test1...: its balance is shown and a lock is built from it, unsigned and not sent
  --record FILE     signed network record; the reference script is the one that it names (on a devnet it is asked for)
  --pinned KEY,...  public keys that must have signed the record

A project id or token comes from NUNET_CHAIN_PROJECT_ID. Exit codes: 0 all is well, 1 something failed, 2 wrong flags.`;

interface Flags {
  network: Network;
  source: string;
  /** Of a devnet, without an API's path. */
  devnet: string | null;
  address: string | null;
  record: { path: string; pinned: string[] } | null;
}

const wrong = (why: string): NunetError => new NunetError('flag-invalid', `Cannot check the chain: ${why}`);

/** Throws `flag-invalid`. */
function readFlags(argv: readonly string[]): Flags {
  const names = ['network', 'source', 'url', 'address', 'record', 'pinned'] as const;
  let given: Partial<Record<(typeof names)[number], string>>;
  try {
    given = parseArgs({ args: [...argv], options: Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])) }).values;
  } catch (error) {
    throw wrong((error as Error).message.split('\n')[0] ?? 'unknown flag');
  }
  const network = networkName.safeParse(given.network);
  if (!network.success) throw wrong('--network must be preprod, preview or devnet');
  const kind = given.source ?? 'koios';
  if (kind !== 'koios' && kind !== 'blockfrost') throw wrong(`--source must be koios or blockfrost, not "${kind.slice(0, 40)}"`);
  const isDevnet = network.data === 'devnet';
  const url = given.url ?? PUBLIC[kind][network.data];
  if (url === undefined) throw wrong('a devnet has no public source: give --url with the address that it printed');
  if (sourceAddress(`${kind}:${url}`) === null)
    throw wrong(`--url "${url.slice(0, 80)}" is not a URL that starts with https:// or http://`);
  const bare = isDevnet && new URL(url).pathname === '/';
  if (given.address !== undefined && !cardanoAddress.safeParse(given.address).success)
    throw wrong('--address must be a test-network address (addr_test1...)');
  const pinned = given.pinned?.split(',') ?? [];
  if (pinned.some((key) => !hex32.safeParse(key).success)) throw wrong('--pinned must be keys of 64 hex digits with commas between them');
  if ((given.record === undefined) !== (pinned.length === 0))
    throw wrong('--record and --pinned belong together: a record counts by who signed it');
  return {
    network: network.data,
    source: `${kind}:${bare ? new URL(url).origin + DEVNET_PATH[kind] : url}`,
    devnet: isDevnet ? new URL(url).origin : null,
    address: given.address ?? null,
    record: given.record === undefined ? null : { path: given.record, pinned },
  };
}

const devnetInfo = z.object({ asset: z.object({ policyId: z.string(), assetName: z.string() }) });

async function devnetJson(origin: string, path: string): Promise<unknown> {
  const response = await fetch(origin + path, { redirect: 'error', signal: AbortSignal.timeout(DEVNET_LIMIT_MS) }).catch(() => null);
  return response?.ok === true ? response.json() : null;
}

/** The record and the NTX of this network: from the file, from a running devnet, or what every build knows. */
async function factsOf(flags: Flags): Promise<{ record: NetworkRecord | null; asset: AssetId }> {
  const { network } = flags;
  const trusted = (bytes: Uint8Array, keys: readonly string[]): NetworkRecord =>
    openNetworkRecord(bytes, { network, pinned: { keys, threshold: keys.length }, now: Date.now(), lastSequence: 0 });
  if (flags.record !== null) {
    const { path, pinned } = flags.record;
    const bytes = await readFile(path).catch(() => {
      throw wrong(`--record ${path} cannot be read`);
    });
    const record = trusted(bytes, pinned);
    return { record, asset: record.asset };
  }
  if (flags.devnet === null) return { record: null, asset: PREPROD_TNTX };
  const facts = networkFacts.safeParse(await devnetJson(flags.devnet, '/devnet/network'));
  if (facts.success) {
    const record = trusted(hexToBytes(facts.data.record), facts.data.pinned);
    return { record, asset: record.asset };
  }
  // A devnet on which no network runs yet still has its own NTX.
  const info = devnetInfo.safeParse(await devnetJson(flags.devnet, '/devnet/info'));
  return { record: null, asset: info.data?.asset ?? PREPROD_TNTX };
}

async function main(argv: readonly string[]): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    console.log(USAGE);
    return 0;
  }
  const flags = readFlags(argv);
  const projectId = process.env['NUNET_CHAIN_PROJECT_ID'];
  const { record, asset } = await factsOf(flags);
  console.log(`${flags.network} through ${flags.source}\n`);
  const lines = await checkChain(
    {
      network: flags.network,
      open: (signal) => openSource({ source: flags.source, projectId }, flags.network, signal),
      record,
      asset,
      address: flags.address,
      now: Date.now,
      limitMs: LIMIT_MS,
    },
    new AbortController().signal,
  );
  for (const line of checkTable(lines)) console.log(line);
  const bad = lines.filter(({ state }) => state === 'failed').length;
  console.log(bad === 0 ? '\nThis source works.' : `\n${bad} of ${lines.length} failed.`);
  return bad === 0 ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof NunetError)) throw error;
  console.error(`${error.message}${error.code === 'flag-invalid' ? `\n\n${USAGE}` : ''}`);
  process.exitCode = error.code === 'flag-invalid' ? 2 : 1;
}
