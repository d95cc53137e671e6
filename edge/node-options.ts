// Flags of the Node entry, each also an environment variable (EDGE_ORACLE_KEY for --oracle-key).
import { parseArgs } from 'node:util';
import { sourceAddress, SOURCE_WANTED } from '@nunet/contracts/chain/source-address.ts';
import { parseAmount } from '@nunet/shared/amount.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { hex32 } from '@nunet/shared/fields.ts';
import type { PinnedKeys } from '@nunet/shared/network-record.ts';

const FLAGS = {
  port: ['PORT', 'port to listen on; 0 takes a free one (0)'],
  host: ['HOST', 'address to listen on (127.0.0.1)'],
  data: ['DIR', 'folder of decisions and database; one for each oracle key'],
  database: ['URL', 'postgres:// URL instead of the database in --data'],
  'network-record': ['FILE', 'signed network record; read again when it changes'],
  pinned: ['KEY,...', 'public keys that sign the network record, 64 hex digits each'],
  'pinned-threshold': ['N', 'how many of them must have signed (all)'],
  'oracle-key': ['FILE', 'secret key of this oracle, mode 0600'],
  'fee-key': ['FILE', 'payment key of the fee wallet, mode 0600'],
  chain: ['URL', 'chain source: a Blockfrost-compatible API, or koios:URL'],
  'chain-project': ['FILE', "file with the source's project id, mode 0600"],
  chain2: ['URL', 'second source, which must agree on larger amounts'],
  'chain2-project': ['FILE', 'the same for the second source'],
  'compare-above': ['NTX', 'the amount above which both must agree (100, on a devnet 10)'],
  'replay-socket': ['PATH', "socket of the operator's own agent: nunet-agent replay --socket PATH"],
  'block-ms': ['MS', "time between the chain's blocks (20000, on a devnet 1000)"],
} as const;
type FlagName = keyof typeof FLAGS;

export interface NodeOptions {
  port: number;
  host: string;
  data: string;
  database: string | null;
  networkRecord: string;
  pinned: PinnedKeys;
  oracleKey: string;
  feeKey: string;
  chain: string;
  chainProject: string | null;
  chain2: string | null;
  chain2Project: string | null;
  /** Base units. */
  compareAbove: bigint | null;
  replaySocket: string | null;
  blockMs: number | null;
}

export const HELP = [
  'edge: an oracle of the network. Prints one line of JSON when it listens, then serves until SIGTERM.',
  '',
  ...Object.entries(FLAGS).map(([name, [value, help]]) => `  ${`--${name} ${value}`.padEnd(26)}  ${help}`),
  '',
  'Each flag can be given as an environment variable: EDGE_ORACLE_KEY for --oracle-key. Keys: node edge/create-keys.ts.',
].join('\n');

/** `help` when it was asked for. Throws `flag-invalid`, `flag-missing`. */
export function readOptions(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): NodeOptions | 'help' {
  const names = Object.keys(FLAGS) as FlagName[];
  let given: Partial<Record<string, string | boolean>>;
  try {
    const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
    given = parseArgs({ args: [...argv], options: { ...options, help: { type: 'boolean', short: 'h' } } }).values;
  } catch (cause) {
    throw new NunetError(
      'flag-invalid',
      `Cannot start: ${(cause as Error).message}. Allowed: ${names.map((name) => `--${name}`).join(' ')}`,
      { cause },
    );
  }
  if (given['help'] === true) return 'help';
  const optional = (name: FlagName): string | null => {
    const value = given[name] ?? env[`EDGE_${name.toUpperCase().replaceAll('-', '_')}`];
    return typeof value === 'string' && value !== '' ? value : null;
  };
  const wanted = (name: FlagName): string => {
    const value = optional(name);
    if (value === null) throw new NunetError('flag-missing', `Cannot start: --${name} is missing; see --help`);
    return value;
  };
  const wholeNumber = (name: FlagName, text: string, least: number, most: number): number => {
    if (/^\d{1,9}$/.test(text) && Number(text) >= least && Number(text) <= most) return Number(text);
    throw new NunetError('flag-invalid', `Cannot start: --${name} is "${text.slice(0, 20)}", want a whole number from ${least} to ${most}`);
  };
  const keys = wanted('pinned')
    .split(',')
    .map((key) => key.trim());
  const wrong = keys.find((key) => !hex32.safeParse(key).success);
  if (wrong !== undefined)
    throw new NunetError('flag-invalid', `Cannot start: --pinned: "${wrong.slice(0, 70)}" is not a key of 64 hex digits`);
  const database = optional('database');
  // Not quoted: it holds a password.
  if (database !== null && !/^postgres(ql)?:\/\//.test(database))
    throw new NunetError('flag-invalid', 'Cannot start: --database is no postgres:// URL; leave it away for the database in --data');
  const source = (name: FlagName, text: string): string => {
    if (sourceAddress(text) !== null) return text;
    throw new NunetError('flag-invalid', `Cannot start: --${name} "${text.slice(0, 60)}" ${SOURCE_WANTED}`);
  };
  const amount = (name: FlagName, text: string): bigint => {
    try {
      return parseAmount(text);
    } catch (cause) {
      throw new NunetError('flag-invalid', `Cannot start: --${name} is "${text.slice(0, 20)}", want an amount of NTX such as 2.5`, {
        cause,
      });
    }
  };
  const blockMs = optional('block-ms');
  const chain2 = optional('chain2');
  const compareAbove = optional('compare-above');
  return {
    port: wholeNumber('port', optional('port') ?? '0', 0, 65_535),
    host: optional('host') ?? '127.0.0.1',
    data: wanted('data'),
    database,
    networkRecord: wanted('network-record'),
    pinned: { keys, threshold: wholeNumber('pinned-threshold', optional('pinned-threshold') ?? String(keys.length), 1, keys.length) },
    oracleKey: wanted('oracle-key'),
    feeKey: wanted('fee-key'),
    chain: source('chain', wanted('chain')),
    chainProject: optional('chain-project'),
    chain2: chain2 === null ? null : source('chain2', chain2),
    chain2Project: optional('chain2-project'),
    compareAbove: compareAbove === null ? null : amount('compare-above', compareAbove),
    replaySocket: optional('replay-socket'),
    blockMs: blockMs === null ? null : wholeNumber('block-ms', blockMs, 20, 600_000),
  };
}
