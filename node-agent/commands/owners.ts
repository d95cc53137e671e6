// owners: whose extensions control this agent; revokes one at once.
import { resolve } from 'node:path';
import { NunetError } from '@nunet/shared/errors.ts';
import { hex32 } from '@nunet/shared/fields.ts';
import type { OwnerList } from '@nunet/shared/owner-views.ts';
import { pathsOf } from '../config.ts';
import { controlSocketOf, askControl } from '../control-socket.ts';
import { OwnerBook } from '../owner-book.ts';
import { ownersReport } from '../owner-report.ts';
import { plainJson, plainLine } from '../plain-text.ts';
import { parseFlags, type Command, type CommandIo } from './flags.ts';
import { DEFAULT_DATA } from './onboard-flags.ts';
import { order } from './running-agent.ts';

const flags = {
  data: { value: 'FOLDER', help: `folder of the agent (${DEFAULT_DATA})` },
  key: { value: 'KEY', help: 'revoke: the owner’s key, or its first digits' },
  all: { help: 'revoke: every owner' },
  json: { help: 'one JSON object' },
} as const;

const usage = `Usage: nunet-agent owners [list]
       nunet-agent owners revoke --key KEY | --all`;

/** A key's beginning is enough to name it among sixteen. */
const LEAST_DIGITS = 8;

type Known = OwnerList['owners'][number];

/** The running agent is asked; without one its file is read and changed. */
async function ownersOf(dataPath: string, io: CommandIo): Promise<{ owners: Known[]; revoke(publicKey: string): Promise<unknown> }> {
  const isRunning =
    (await askControl(controlSocketOf(dataPath), 'status', AbortSignal.any([io.signal, AbortSignal.timeout(10_000)]))) !== null;
  if (isRunning) {
    const { owners } = await order<OwnerList>(dataPath, { type: 'owners' }, io);
    return { owners, revoke: (publicKey) => order(dataPath, { type: 'revoke-owner', publicKey }, io) };
  }
  const book = await OwnerBook.open(pathsOf(dataPath).owners);
  return { owners: ownersReport(book.all).owners, revoke: (publicKey) => book.revoke(publicKey, Date.now()) };
}

function chosen(owners: readonly Known[], given: { key?: string; all?: true }): Known[] {
  const active = owners.filter(({ revokedAtMs }) => revokedAtMs === null);
  if (given.all === true) return active;
  if (given.key === undefined) throw new NunetError('flag-missing', 'Cannot revoke: give --key KEY, or --all');
  const key = given.key.toLowerCase();
  if (!hex32.safeParse(key.padEnd(64, '0')).success || key.length < LEAST_DIGITS) {
    throw new NunetError('flag-invalid', `Cannot revoke: --key wants at least ${LEAST_DIGITS} of the key's 64 hex digits`);
  }
  const found = active.filter(({ publicKey }) => publicKey.startsWith(key));
  if (found.length === 1) return found;
  throw new NunetError(
    'owner-unknown',
    `Cannot revoke: ${found.length === 0 ? 'no owner has' : `${found.length} owners have`} a key that begins so`,
  );
}

async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const [first, ...others] = argv;
  const isNamed = first !== undefined && !first.startsWith('-');
  const action = isNamed ? first : 'list';
  if (action !== 'list' && action !== 'revoke') {
    throw new NunetError('flag-invalid', `Cannot run owners: want "owners list" or "owners revoke", not "owners ${action.slice(0, 40)}"`);
  }
  const given = parseFlags({ name: `owners ${action}`, flags }, isNamed ? others : argv);
  const dataPath = resolve(given.data ?? DEFAULT_DATA);
  const book = await ownersOf(dataPath, io);
  const { owners } = book;
  if (action === 'revoke') {
    const revoked = chosen(owners, {
      ...(given.key === undefined ? {} : { key: given.key }),
      ...(given.all === true ? { all: true } : {}),
    });
    for (const { publicKey } of revoked) await book.revoke(publicKey);
    if (given.json === true) io.print(plainJson(JSON.stringify({ revoked: revoked.map(({ publicKey }) => publicKey) })));
    else if (revoked.length === 0) io.print('There was no owner to revoke.');
    for (const { name, publicKey } of given.json === true ? [] : revoked)
      io.print(plainLine(`Revoked: ${name} (key ${publicKey.slice(0, 16)}...)`));
    return 0;
  }
  if (given.json === true) io.print(plainJson(JSON.stringify({ owners }, null, 2)));
  else if (owners.length === 0) io.print('No extension controls this agent. Pair yours with: nunet-agent pair');
  else for (const owner of owners) io.print(lineOf(owner));
  return 0;
}

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
const lineOf = ({ publicKey, name, addedAtMs, revokedAtMs }: Known): string =>
  plainLine(`${publicKey.slice(0, 16)}...  ${name}, added ${day(addedAtMs)}${revokedAtMs === null ? '' : `, REVOKED ${day(revokedAtMs)}`}`);

export const command: Command = {
  name: 'owners',
  summary: 'whose extensions control this agent, and taking that back',
  flags,
  usage,
  actions: ['list', 'revoke'],
  run,
};
