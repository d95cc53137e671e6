// What is kept of a wallet: its closed shape, how an older one is brought up to it, and how a newer or damaged one is refused untouched.
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';
import type { AssetId, Network, OutputReference } from '@nunet/shared/fields.ts';
import { readParameters } from './envelope.ts';
import type { JobGrant, VaultAccount } from './messages.ts';
import { bytes, fields, flag, integer, list, literal, nullable, quantity, text, type Read } from './read.ts';

export const STORED_VERSION = 1;

/** Readable while locked: nothing of it opens anything. Checked against the keys at each unlock. */
export interface Details {
  accounts: VaultAccount[];
  selected: number;
  isBackedUp: boolean;
  autoLockMinutes: number;
}

export interface StoredVault {
  version: typeof STORED_VERSION;
  /** The data key, wrapped by the password (envelope.ts). */
  wrapped: Uint8Array;
  /** The entropy of the words, sealed by the data key. */
  secret: Uint8Array;
  details: Details;
  /** Approved jobs, sealed by a key of the words; null: none. */
  grants: Uint8Array | null;
}

/** An approved job, with what the vault read of its lock. */
export interface HeldGrant extends JobGrant {
  network: Network;
  account: number;
  asset: AssetId;
  /** Every output that was approved for it: one, and one more each time the lock had to be built again. */
  locks: OutputReference[];
}

export const isLockOf = ({ locks }: HeldGrant, { txId, index }: OutputReference): boolean =>
  locks.some((lock) => lock.txId === txId && lock.index === index);

export const network: Read<Network> = literal('devnet', 'preview', 'preprod');
/** A name that the person gave; printable, so that it can be shown as it is. */
export const publicName: Read<string> = text(/^[^\p{C}\p{Zl}\p{Zp}]{1,40}$/u, 'a name of 1 to 40 characters');
const publicKey = text(/^[0-9a-f]{64}$/, 'a public key');

export const details: Read<Details> = (value, at) => {
  const read = fields({
    accounts: list(fields({ index: integer(0, 99), name: publicName, payment: publicKey, stake: publicKey, drep: publicKey }), 1, 100),
    selected: integer(0, 99),
    isBackedUp: flag,
    autoLockMinutes: integer(1, 60),
  })(value, at);
  if (read.accounts.some(({ index }, place) => index !== place) || read.selected >= read.accounts.length)
    throw new NunetError('request-invalid', `Cannot read ${at}: its accounts are out of order`);
  return read;
};

const grantFields = {
  jobId: text(/^b[a-z2-7]{20,110}$/, 'a job id'),
  keyId: text(/^[0-9a-f]{32}$/, '16 bytes in hex'),
  computeProvider: text(/^addr_test1[a-z0-9]{40,110}$/, 'a test-network address'),
};
export const jobGrant: Read<JobGrant> = fields({ ...grantFields, budgetBaseUnits: quantity });

const heldGrants = list(
  fields({
    ...grantFields,
    budgetBaseUnits: text(/^\d{1,19}$/, 'an amount'),
    network,
    account: integer(0, 99),
    asset: fields({ policyId: text(/^[0-9a-f]{56}$/, 'a policy'), assetName: text(/^([0-9a-f]{2}){0,32}$/, 'an asset name') }),
    locks: list(fields({ txId: text(/^[0-9a-f]{64}$/, 'a transaction'), index: integer(0, 65_535) }), 1, 16),
  }),
  0,
  256,
);

export const grantsToBytes = (grants: readonly HeldGrant[]): Uint8Array =>
  utf8ToBytes(JSON.stringify(grants, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)));

export const grantsFromBytes = (plain: Uint8Array): HeldGrant[] =>
  heldGrants(JSON.parse(new TextDecoder().decode(plain)), 'grants').map((grant) => ({
    ...grant,
    budgetBaseUnits: BigInt(grant.budgetBaseUnits),
  }));

const storedVault: Read<StoredVault> = fields({
  version: literal(STORED_VERSION),
  wrapped: bytes(1, 1024),
  secret: bytes(1, 1024),
  details,
  grants: nullable(bytes(1, 1 << 20)),
});

/** Step n brings version n to n + 1. A step that has shipped never changes. */
export type Step = (older: Record<string, unknown>) => Record<string, unknown>;
const STEPS: Readonly<Record<number, Step>> = {};

const damaged = (why: string, cause?: unknown): NunetError =>
  new NunetError(
    'vault-damaged',
    `Cannot read the stored wallet: ${why}; nothing was changed. Restore it from its words or from a backup file.`,
    { cause },
  );

/** `isOlder`: it was brought up, and what was stored has to be kept before this replaces it. Throws `vault-damaged`, `vault-newer`. */
export function readStored(value: unknown, steps: Readonly<Record<number, Step>> = STEPS): { vault: StoredVault; isOlder: boolean } {
  if (typeof value !== 'object' || value === null) throw damaged('it is no record');
  let record: Record<string, unknown> = { ...value };
  let version = record['version'];
  if (typeof version !== 'number' || !Number.isInteger(version)) throw damaged('it has no version');
  if (version > STORED_VERSION)
    throw new NunetError(
      'vault-newer',
      `Cannot read the stored wallet: a newer version of NuNet made it (format ${version}, this one knows ${STORED_VERSION}); nothing was changed. Install that version again.`,
    );
  const isOlder = version < STORED_VERSION;
  for (; version < STORED_VERSION; version += 1) {
    const step = steps[version];
    if (step === undefined) throw damaged(`its format ${version} was never made`);
    record = { ...step(record), version: version + 1 };
  }
  try {
    const vault = storedVault(record, 'wallet');
    readParameters(vault.wrapped);
    return { vault, isOlder };
  } catch (cause) {
    if (cause instanceof NunetError && cause.code !== 'request-invalid') throw cause;
    throw damaged('a part of it is missing or changed', cause);
  }
}
