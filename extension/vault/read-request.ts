// Requests as they come over a port, read to the closed union of messages.ts: nothing else reaches the vault.
import { MAX_PHRASE_BYTES } from './mnemonic.ts';
import { MAX_ACCOUNTS } from './account-keys.ts';
import { MAX_BACKUP_BYTES } from './backup-file.ts';
import { MAX_PAYLOAD_BYTES } from '@nunet/contracts/cose.ts';
import { ownerOrder, peerId } from './owner-order.ts';
import { jobGrant, network, publicName } from './stored.ts';
import { MAX_TRANSACTION_BYTES } from './signed-transaction.ts';
import type { ToVault, VaultRequest } from './messages.ts';
import { bytes, fields, flag, integer, list, literal, nullable, oneOf, text, type Read } from './read.ts';

/** Longer than any passphrase; bounds what is stretched. */
const MAX_PASSWORD_BYTES = 1024;
const MAX_TRANSACTIONS = 20;

const password = bytes(0, MAX_PASSWORD_BYTES);
const account = integer(0, MAX_ACCOUNTS - 1);
const role = literal('payment', 'stake', 'drep');
const jobId = text(/^b[a-z2-7]{20,110}$/, 'a job id');
const keyId = text(/^[0-9a-f]{32}$/, '16 bytes in hex');
const approvalId = keyId;
const counter = integer(0, Number.MAX_SAFE_INTEGER);
const hexUpTo = (most: number): Read<string> => {
  const hex = text(/^([0-9a-f]{2})+$/, 'bytes in lower-case hex');
  // Measured before the pattern looks at it.
  return (value, at) => hex(typeof value === 'string' && value.length > 2 * most ? null : value, at);
};
const cbor = hexUpTo(MAX_TRANSACTION_BYTES);
const payload: Read<string> = (value, at) => (value === '' ? '' : hexUpTo(MAX_PAYLOAD_BYTES)(value, at));

const signable = oneOf('kind', {
  transactions: fields({
    kind: literal('transactions'),
    transactions: list(fields({ cbor, roles: list(role, 1, 3) }), 1, MAX_TRANSACTIONS),
  }),
  lock: fields({ kind: literal('lock'), cbor, grant: jobGrant }),
  data: fields({ kind: literal('data'), role, address: hexUpTo(57), payload }),
  owner: fields({ kind: literal('owner'), agent: peerId, order: ownerOrder, above: counter }),
});

const proposal = fields({
  origin: nullable(text(/^https?:\/\/[^\s/]{1,250}$/, 'an origin')),
  frame: text(/^[\x20-\x7e]{0,200}$/, 'a short name'),
  account,
  network,
  isLarge: (value, at) => value !== undefined && flag(value, at),
  what: signable,
});

const only = <const T extends string>(type: T): Read<{ type: T }> => fields({ type: literal(type) });
const secret = bytes(1, MAX_PHRASE_BYTES);

const request: Read<VaultRequest> = oneOf('type', {
  state: only('state'),
  create: fields({ type: literal('create'), password, words: nullable(secret) }),
  unlock: fields({ type: literal('unlock'), password }),
  lock: only('lock'),
  touch: only('touch'),
  reveal: fields({ type: literal('reveal'), password }),
  'confirm-backup': only('confirm-backup'),
  'change-password': fields({ type: literal('change-password'), password, next: password }),
  export: fields({ type: literal('export'), password }),
  import: fields({ type: literal('import'), file: bytes(1, MAX_BACKUP_BYTES), password }),
  wipe: fields({ type: literal('wipe'), confirm: literal('remove this wallet') }),
  'add-account': fields({ type: literal('add-account'), name: publicName }),
  'rename-account': fields({ type: literal('rename-account'), index: account, name: publicName }),
  'select-account': fields({ type: literal('select-account'), index: account }),
  'set-auto-lock': fields({ type: literal('set-auto-lock'), minutes: integer(1, 60) }),
  network: fields({ type: literal('network'), network }),
  propose: fields({ type: literal('propose'), proposal }),
  approve: fields({ type: literal('approve'), approvalId, password: nullable(password) }),
  refuse: fields({ type: literal('refuse'), approvalId }),
  'job-key': fields({ type: literal('job-key'), keyId }),
  'job-sign': fields({ type: literal('job-sign'), jobId, bytes: bytes(1, 512) }),
  'job-spend': fields({ type: literal('job-spend'), jobId, account, cbor }),
  'job-end': fields({ type: literal('job-end'), jobId }),
  'owner-key': fields({ type: literal('owner-key'), peerId }),
  'owner-sign': fields({ type: literal('owner-sign'), network, agent: peerId, order: ownerOrder, above: counter }),
});

/** Null: without an id there is nobody to answer. */
export function messageId(data: unknown): number | null {
  const id = typeof data === 'object' && data !== null && 'id' in data ? data.id : undefined;
  return typeof id === 'number' && Number.isSafeInteger(id) && id >= 0 ? id : null;
}

const message: Read<ToVault> = fields({ id: integer(0, Number.MAX_SAFE_INTEGER), request });

/** Throws `request-invalid`. */
export const readRequest = (data: unknown): VaultRequest => message(data, 'message').request;

/** Overwrites what was secret in a message, read or not. */
export function forgetSecrets(data: unknown): void {
  const inner = typeof data === 'object' && data !== null && 'request' in data ? data.request : null;
  if (typeof inner !== 'object' || inner === null) return;
  for (const value of Object.values(inner)) if (value instanceof Uint8Array) value.fill(0);
}
