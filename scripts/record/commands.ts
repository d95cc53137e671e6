// The commands of `npm run record`: each reads its files, asks for what is missing, and says what it did.
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout as after } from 'node:timers/promises';
import { openSource } from '@nunet/contracts/chain/open.ts';
import { openWalletFile } from '@nunet/node-agent/wallet-file.ts';
import { formatAmount } from '@nunet/shared/amount.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { hex32 } from '@nunet/shared/fields.ts';
import { addRecordSignature, inspectNetworkRecord, signNetworkRecord, type NetworkRecord } from '@nunet/shared/network-record.ts';
import { recordSuccession, withEscrow } from '@nunet/shared/record-succession.ts';
import { draftRecord, LIFETIME_MS } from './draft-record.ts';
import { createOfflineKey, openOfflineKey } from './offline-key.ts';
import { parkScript } from './park-script.ts';
import { readRecordText, recordText } from './record-text.ts';

export interface RecordIo {
  print(line: string): void;
  /** Without echo. */
  passphrase(question: string): Promise<string>;
  now(): number;
  signal: AbortSignal;
}

export type Flags = Readonly<Partial<Record<(typeof FLAGS)[number], string>>>;
export const FLAGS = [
  'record',
  'from',
  'previous',
  'key',
  'wallet',
  'chain',
  'depth',
  'days',
  'out',
  'pinned',
  'threshold',
  'passphrase-file',
] as const;

export interface RecordCommand {
  usage: string;
  what: string;
  /** The exit code. */
  run(flags: Flags, io: RecordIo): Promise<number>;
}

function needed(flags: Flags, name: keyof Flags): string {
  const value = flags[name];
  if (value === undefined || value === '') throw new NunetError('flag-missing', `Cannot go on: --${name} is missing`);
  return value;
}

function count(flags: Flags, name: keyof Flags, otherwise: number): number {
  const text = flags[name];
  if (text === undefined) return otherwise;
  if (!/^\d{1,6}$/.test(text))
    throw new NunetError('flag-invalid', `Cannot go on: --${name} must be a whole number, not "${text.slice(0, 20)}"`);
  return Number(text);
}

async function read(path: string): Promise<Uint8Array> {
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new NunetError('file-missing', `Cannot read ${path}: ${cause.code === 'ENOENT' ? 'no such file' : cause.message}`, { cause });
  });
  return new Uint8Array(bytes);
}

/** Whole or not at all. */
async function write(path: string, bytes: Uint8Array | string): Promise<void> {
  await writeFile(`${path}.next`, bytes);
  await rename(`${path}.next`, path);
}

const previousOf = async (flags: Flags): Promise<NetworkRecord | null> =>
  flags.previous === undefined ? null : inspectNetworkRecord(await read(flags.previous)).record;

/** What a signer must see before signing. Throws `record-succession`. */
function tell(record: NetworkRecord, previous: NetworkRecord | null, io: RecordIo): void {
  const { network, sequence, oracles, k, escrows, hubs } = record;
  io.print(
    `Record ${sequence} of ${network}: ${k} of ${oracles.length} oracles, ${hubs.length} hubs, expires ${new Date(record.expiresAt).toISOString()}`,
  );
  for (const [index, { scriptHash, referenceScript }] of escrows.entries()) {
    const where = referenceScript === null ? 'not parked' : `parked at ${referenceScript.txId}#${referenceScript.index}`;
    io.print(`  escrow ${scriptHash} ${index === 0 ? '(locks go here)' : '(past)'}, ${where}`);
  }
  if (previous === null) return;
  const { problems, changes } = recordSuccession(previous, record);
  io.print(changes.length === 0 ? `As record ${previous.sequence}.` : `Differs from record ${previous.sequence}:`);
  for (const change of changes) io.print(`  ${change}`);
  if (problems.length > 0) throw new NunetError('record-succession', `Cannot follow record ${previous.sequence}: ${problems.join('; ')}`);
}

async function passphraseFor(flags: Flags, io: RecordIo, question: string): Promise<string> {
  const path = flags['passphrase-file'];
  if (path === undefined) return await io.passphrase(question);
  const { readSecret } = await import('@nunet/edge/key-file.ts');
  return (await readSecret(path, 'passphrase', 'put the passphrase into it')).replace(/\r?\n$/, '');
}

/** The devnet makes a block a second; a public chain one in twenty. */
const POLL_MS = 1_000;
/** Deeper than any rollback that was seen on a public chain; 5 minutes. */
const DEPTH = 15;

export const COMMANDS: Readonly<Record<string, RecordCommand>> = {
  keygen: {
    usage: '--key FILE [--passphrase-file FILE]',
    what: 'make an offline key; prints the public key that builds pin',
    async run(flags, io) {
      const path = needed(flags, 'key');
      const passphrase = await passphraseFor(flags, io, 'Passphrase for the new key: ');
      if (flags['passphrase-file'] === undefined && (await io.passphrase('Again: ')) !== passphrase)
        throw new NunetError('passphrase-differs', 'Cannot make the key: the two passphrases differ');
      io.print(await createOfflineKey(path, passphrase));
      return 0;
    },
  },

  draft: {
    usage: '--out FILE [--from RECORD.json] [--previous FILE] [--days N]',
    what: 'make the next record, unsigned: what the text gives over what the record before says',
    async run(flags, io) {
      const out = needed(flags, 'out');
      const previous = await previousOf(flags);
      const fields = flags.from === undefined ? {} : readRecordText(new TextDecoder().decode(await read(flags.from)));
      const lifetimeMs = count(flags, 'days', LIFETIME_MS / 86_400_000) * 86_400_000;
      const record = draftRecord(fields, { previous, now: io.now(), lifetimeMs });
      tell(record, previous, io);
      await write(out, await signNetworkRecord(record, []));
      return 0;
    },
  },

  deploy: {
    usage: '--record FILE --wallet FILE --chain URL [--depth N]',
    what: "park this build's escrow script where nobody can spend it, and write the place into the draft",
    async run(flags, io) {
      const path = needed(flags, 'record');
      const { record, signedBy, forged } = inspectNetworkRecord(await read(path));
      if (signedBy.length + forged.length > 0)
        throw new NunetError('record-signed', `Cannot change ${path}: it is signed already; make a new draft with --previous ${path}`);
      const wallet = await openWalletFile(needed(flags, 'wallet'));
      if (wallet.network !== record.network)
        throw new NunetError('network-mismatch', `Cannot deploy: the wallet is for ${wallet.network}, the record for ${record.network}`);
      const projectId = process.env['NUNET_CHAIN_PROJECT_ID'];
      const chain = await openSource({ source: needed(flags, 'chain'), projectId }, record.network, io.signal);
      const journalPath = `${path}.deploy`;
      const parked = await parkScript(
        {
          chain,
          payer: wallet,
          journal: {
            read: () => readFile(journalPath, 'utf8').catch(() => null),
            write: (cbor) => write(journalPath, cbor),
          },
          depth: count(flags, 'depth', DEPTH),
          pause: () => after(POLL_MS, undefined, { signal: io.signal }),
          say: (line) => io.print(line),
        },
        io.signal,
      );
      const { scriptHash, referenceScript, feeLovelace } = parked;
      await write(path, await signNetworkRecord({ ...record, escrows: withEscrow(record.escrows, { scriptHash, referenceScript }) }, []));
      await rm(journalPath, { force: true });
      const fee = feeLovelace === 0n ? '' : `; fee ${formatAmount(feeLovelace)} ADA`;
      io.print(`Escrow ${scriptHash} lies at ${referenceScript.txId}#${referenceScript.index}${fee}`);
      return 0;
    },
  },

  sign: {
    usage: '--record FILE --key FILE [--previous FILE] [--passphrase-file FILE]',
    what: 'add one signature; needs no network',
    async run(flags, io) {
      const path = needed(flags, 'record');
      const bytes = await read(path);
      const { record, cid } = inspectNetworkRecord(bytes);
      const previous = await previousOf(flags);
      if (record.sequence > 1 && previous === null)
        throw new NunetError(
          'flag-missing',
          `Cannot sign record ${record.sequence}: give the record before with --previous, so that no escrow is lost`,
        );
      tell(record, previous, io);
      if (record.escrows[0]?.referenceScript === null)
        throw new NunetError(
          'script-missing',
          'Cannot sign: the newest escrow is not parked; nothing locked there could be settled. Run deploy first',
        );
      const signer = await openOfflineKey(needed(flags, 'key'), await passphraseFor(flags, io, 'Passphrase of the key: '));
      await write(path, await addRecordSignature(bytes, signer));
      io.print(`Signed ${cid} with ${signer.publicKey}`);
      return 0;
    },
  },

  show: {
    usage: '--record FILE',
    what: 'print a record as text, which draft --from takes again',
    async run(flags, io) {
      io.print(recordText(inspectNetworkRecord(await read(needed(flags, 'record'))).record));
      return 0;
    },
  },

  verify: {
    usage: '--record FILE --pinned KEY,... [--threshold N] [--previous FILE]',
    what: 'who signed, whether that is enough, until when, and what changed; exit code 3 when it is not good',
    async run(flags, io) {
      const { record, signedBy, forged } = inspectNetworkRecord(await read(needed(flags, 'record')));
      const pinned = [...new Set(needed(flags, 'pinned').split(','))];
      const wrong = pinned.find((key) => !hex32.safeParse(key).success);
      if (wrong !== undefined)
        throw new NunetError('flag-invalid', `Cannot verify: --pinned "${wrong.slice(0, 70)}" is no key of 64 hex digits`);
      const threshold = count(flags, 'threshold', pinned.length);
      for (const key of pinned) io.print(`${signedBy.includes(key) ? 'signed    ' : 'not signed'}  ${key}`);
      for (const key of signedBy) if (!pinned.includes(key)) io.print(`not pinned  ${key}`);
      for (const key of forged) io.print(`FORGED      ${key}`);
      tell(record, await previousOf(flags), io);
      const voices = pinned.filter((key) => signedBy.includes(key)).length;
      const complaints = [
        ...(threshold < 1 || threshold > pinned.length ? [`a threshold of ${threshold} over ${pinned.length} keys`] : []),
        ...(voices < threshold ? [`${voices} pinned keys signed it, ${threshold} must`] : []),
        ...(record.expiresAt <= io.now() ? [`it expired at ${new Date(record.expiresAt).toISOString()}`] : []),
        ...(record.escrows[0]?.referenceScript === null ? ['its newest escrow is not parked'] : []),
      ];
      io.print(
        complaints.length === 0
          ? `Good: ${voices} of ${pinned.length} pinned keys signed it, ${threshold} must.`
          : `Not good: ${complaints.join('; ')}.`,
      );
      return complaints.length === 0 ? 0 : 3;
    },
  },
};
