// The encrypted backup: one file of the wallet's own envelope and three sealed parts, which another machine opens with the same password.
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';
import { KEY_BYTES, seal, unseal, unwrapKey, wrapKey, type KdfParameters, type Wraps } from './envelope.ts';
import { details as readDetails, type Details } from './stored.ts';

/** 100 accounts with long names and 256 jobs take under 200 kB. */
export const MAX_BACKUP_BYTES = 512 * 1024;

const MAGIC = utf8ToBytes('NTXB');
const VERSION = 1;
const SECRET_AS = 'nunet/backup/secret/1';
const DETAILS_AS = 'nunet/backup/details/1';
const GRANTS_AS = 'nunet/backup/grants/1';

export interface Backup {
  entropy: Uint8Array;
  details: Details;
  /** Sealed already, by a key of the words. */
  grants: Uint8Array | null;
}

const invalid = (why: string): NunetError => new NunetError('backup-invalid', `Cannot read the backup file: ${why}; nothing was changed`);

/** With a data key and a salt of its own: a later change of the wallet's password leaves no way from an old file to the wallet. */
export async function writeBackup(
  { entropy, details, grants }: Backup,
  password: Uint8Array,
  parameters: KdfParameters,
  parts: Wraps,
): Promise<Uint8Array> {
  const key = parts.random(KEY_BYTES);
  try {
    const sections = [
      await wrapKey(key, password, parameters, parts),
      await seal(key, SECRET_AS, entropy, parts),
      await seal(key, DETAILS_AS, utf8ToBytes(JSON.stringify(details)), parts),
      await seal(key, GRANTS_AS, grants ?? new Uint8Array(), parts),
    ];
    const lengths = new DataView(new ArrayBuffer(sections.length * 4));
    for (const [at, { length }] of sections.entries()) lengths.setUint32(at * 4, length);
    return concatBytes(MAGIC, Uint8Array.of(VERSION), new Uint8Array(lengths.buffer), ...sections);
  } finally {
    key.fill(0);
  }
}

function sectionsOf(file: Uint8Array): Uint8Array[] {
  if (file.length < 21 || MAGIC.some((byte, at) => file[at] !== byte)) throw invalid('it is no backup of a NuNet wallet');
  const version = file[4] ?? 0;
  if (version > VERSION)
    throw new NunetError('backup-newer', `Cannot read the backup file: a newer version of NuNet made it (format ${version})`);
  const view = new DataView(file.buffer, file.byteOffset);
  let at = 21;
  const sections = [0, 1, 2, 3].map((index) => {
    const length = view.getUint32(5 + index * 4);
    const section = file.subarray(at, at + length);
    at += length;
    return section;
  });
  if (version !== VERSION || at !== file.length) throw invalid('it is not whole');
  return sections;
}

/** Null: another password. Throws `backup-invalid`, `backup-newer`, and as `readParameters` (envelope.ts). */
export async function readBackup(file: Uint8Array, password: Uint8Array, parts: Pick<Wraps, 'kdf' | 'cipher'>): Promise<Backup | null> {
  const [wrapped, secret, details, grants] = sectionsOf(file);
  if (wrapped === undefined || secret === undefined || details === undefined || grants === undefined) throw invalid('it is not whole');
  const key = await unwrapKey(wrapped, password, parts);
  if (key === null) return null;
  try {
    const entropy = await unseal(key, SECRET_AS, secret, parts.cipher);
    const plainDetails = await unseal(key, DETAILS_AS, details, parts.cipher);
    const plainGrants = await unseal(key, GRANTS_AS, grants, parts.cipher);
    if (entropy === null || plainDetails === null || plainGrants === null) throw invalid('a part of it was changed');
    return {
      entropy,
      details: readDetails(JSON.parse(new TextDecoder().decode(plainDetails)), 'details'),
      grants: plainGrants.length === 0 ? null : plainGrants,
    };
  } finally {
    key.fill(0);
  }
}
