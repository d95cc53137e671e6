// Conway certificates, votes and proposals from the body of a transaction (CDDL of the Conway era): whose they are and what they bind.
import type { Credential } from '@nunet/contracts/address.ts';
import { asArray, asBytes, asInt, asMap, type CborItem } from '@nunet/contracts/chain/cbor.ts';
import { bech32 } from '@scure/base';
import { bytesToHex, concatBytes } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';
import type { OutputReference } from '@nunet/shared/fields.ts';
import { viewAddress, type AddressView } from './address-view.ts';
import type { CertificateName } from './preview.ts';

export interface Certificate {
  name: CertificateName;
  /** Who has to agree. A pool's registration: its operator and its owners. */
  credentials: Credential[];
  pool: string | null;
  drep: string | null;
  /** Named by the certificate. Null: the ledger's own amount for `key` or `pool`. Above zero: paid; below: comes back. */
  deposit: bigint | 'key' | 'pool' | 'key-back';
  /** Where a pool's rewards go. */
  rewards: AddressView | null;
}

export interface Vote {
  role: 'committee' | 'drep' | 'pool';
  credential: Credential;
  action: OutputReference;
  choice: 'no' | 'yes' | 'abstain';
}

export interface Proposal {
  action: string;
  deposit: bigint;
  returnsTo: AddressView;
}

const unreadable = (why: string): NunetError => new NunetError('cbor-invalid', `Cannot read transaction: ${why}`);
/** The ledger's amounts have 64 bits, and 45 billion ADA fit 56. */
const MOST = 1n << 64n;

export function coin(item: CborItem | undefined): bigint {
  const value = asInt(item);
  if (value < 0n || value >= MOST) throw unreadable(`an amount of ${value}`);
  return value;
}

function hash28(item: CborItem | undefined): Uint8Array {
  const bytes = asBytes(item);
  if (bytes.length !== 28) throw unreadable(`a hash of ${bytes.length} bytes, want 28`);
  return bytes;
}

function credentialOf(item: CborItem | undefined): Credential {
  const [kind, hash] = parts(item, 2, 2);
  const number = asInt(kind);
  if (number !== 0n && number !== 1n) throw unreadable(`credential kind ${number}`);
  return { kind: number === 0n ? 'key' : 'script', hash: bytesToHex(hash28(hash)) };
}

/** Items of an array of a known length, so that nothing is hidden behind what is read. */
function parts(item: CborItem | undefined, least: number, most: number): CborItem[] {
  const items = asArray(item);
  if (items.length < least || items.length > most) throw unreadable(`${items.length} parts, want ${least} to ${most}`);
  return items;
}

const poolText = (item: CborItem | undefined): string => bech32.encode('pool', bech32.toWords(hash28(item)));

/** CIP-129: a header byte before the hash says key (0x22) or script (0x23). */
const drepText = (kind: Credential['kind'], hash: Uint8Array): string =>
  bech32.encode('drep', bech32.toWords(concatBytes(Uint8Array.of(kind === 'key' ? 0x22 : 0x23), hash)));

function drepOf(item: CborItem | undefined): string {
  const items = parts(item, 1, 2);
  const kind = asInt(items[0]);
  if (items.length === 1 && kind === 2n) return 'abstain';
  if (items.length === 1 && kind === 3n) return 'no-confidence';
  return drepText(credentialOf(item).kind, hash28(items[1]));
}

/** CDDL: number of a certificate -> its name, and the items after the number in order. `rest`: nothing of it moves or binds money here. */
type Part = 'stake' | 'pool' | 'drep' | 'deposit' | 'refund' | 'rest';
const SHAPES: Record<number, { name: CertificateName; parts: Part[]; deposit?: 'key' | 'key-back' }> = {
  0: { name: 'stake-registration', parts: ['stake'], deposit: 'key' },
  1: { name: 'stake-deregistration', parts: ['stake'], deposit: 'key-back' },
  2: { name: 'stake-delegation', parts: ['stake', 'pool'] },
  4: { name: 'pool-retirement', parts: ['pool', 'rest'] },
  7: { name: 'stake-registration', parts: ['stake', 'deposit'] },
  8: { name: 'stake-deregistration', parts: ['stake', 'refund'] },
  9: { name: 'vote-delegation', parts: ['stake', 'drep'] },
  10: { name: 'stake-vote-delegation', parts: ['stake', 'pool', 'drep'] },
  11: { name: 'stake-registration-delegation', parts: ['stake', 'pool', 'deposit'] },
  12: { name: 'vote-registration-delegation', parts: ['stake', 'drep', 'deposit'] },
  13: { name: 'stake-vote-registration-delegation', parts: ['stake', 'pool', 'drep', 'deposit'] },
  14: { name: 'committee-authorization', parts: ['stake', 'rest'] },
  15: { name: 'committee-resignation', parts: ['stake', 'rest'] },
  16: { name: 'drep-registration', parts: ['stake', 'deposit', 'rest'] },
  17: { name: 'drep-deregistration', parts: ['stake', 'refund'] },
  18: { name: 'drep-update', parts: ['stake', 'rest'] },
};
const POOL_REGISTRATION = 3n;

/** [3, operator, vrf, pledge, cost, margin, reward account, owners, relays, metadata]. */
function poolRegistration(items: CborItem[]): Certificate {
  if (items.length !== 10) throw unreadable(`a pool registration of ${items.length} parts, want 10`);
  const operator = hash28(items[1]);
  const owners = asArray(items[7]).map((owner): Credential => ({ kind: 'key', hash: bytesToHex(hash28(owner)) }));
  return {
    name: 'pool-registration',
    credentials: [{ kind: 'key', hash: bytesToHex(operator) }, ...owners],
    pool: poolText(items[1]),
    drep: null,
    deposit: 'pool',
    rewards: viewAddress(asBytes(items[6])),
  };
}

/** A number that the table does not know gives `unknown`; a known one with other parts than its own throws `cbor-invalid`. */
export function readCertificate(item: CborItem): Certificate {
  const items = asArray(item);
  const number = asInt(items[0]);
  if (number === POOL_REGISTRATION) return poolRegistration(items);
  const certificate: Certificate = { name: 'unknown', credentials: [], pool: null, drep: null, deposit: 0n, rewards: null };
  const shape = SHAPES[Number(number)];
  if (shape === undefined) return certificate;
  certificate.name = shape.name;
  certificate.deposit = shape.deposit ?? 0n;
  parts(item, shape.parts.length + 1, shape.parts.length + 1);
  shape.parts.forEach((part, at) => {
    const value = items[at + 1];
    if (part === 'stake') certificate.credentials.push(credentialOf(value));
    else if (part === 'pool') certificate.pool = poolText(value);
    else if (part === 'drep') certificate.drep = drepOf(value);
    else if (part === 'deposit') certificate.deposit = coin(value);
    else if (part === 'refund') certificate.deposit = -coin(value);
  });
  // A retirement is the operator's.
  if (number === 4n) certificate.credentials.push({ kind: 'key', hash: bytesToHex(hash28(items[1])) });
  return certificate;
}

const VOTERS: { role: Vote['role']; kind: Credential['kind'] }[] = [
  { role: 'committee', kind: 'key' },
  { role: 'committee', kind: 'script' },
  { role: 'drep', kind: 'key' },
  { role: 'drep', kind: 'script' },
  { role: 'pool', kind: 'key' },
];
const CHOICES = ['no', 'yes', 'abstain'] as const;

export function readVotes(item: CborItem | undefined): Vote[] {
  if (item === undefined) return [];
  return asMap(item).flatMap(([voter, votes]) => {
    const [number, hash] = parts(voter, 2, 2);
    const who = VOTERS[Number(asInt(number))];
    if (who === undefined) throw unreadable('an unknown kind of voter');
    const credential: Credential = { kind: who.kind, hash: bytesToHex(hash28(hash)) };
    return asMap(votes).map(([action, procedure]): Vote => {
      const [txId, index] = parts(action, 2, 2);
      const id = asBytes(txId);
      const choice = CHOICES[Number(asInt(parts(procedure, 2, 2)[0]))];
      const at = asInt(index);
      if (id.length !== 32 || at < 0n || at > 65_535n || choice === undefined) throw unreadable('a vote that is none');
      return { role: who.role, credential, action: { txId: bytesToHex(id), index: Number(at) }, choice };
    });
  });
}

const ACTIONS = ['parameter-change', 'hard-fork', 'treasury-withdrawals', 'no-confidence', 'update-committee', 'new-constitution', 'info'];

/** [deposit, reward account, action, anchor]. */
export function readProposals(item: CborItem | undefined): Proposal[] {
  if (item === undefined) return [];
  return asArray(item).map((proposal) => {
    const [deposit, returnsTo, action] = parts(proposal, 4, 4);
    const name = ACTIONS[Number(asInt(asArray(action)[0]))];
    if (name === undefined) throw unreadable('an unknown kind of proposal');
    return { action: name, deposit: coin(deposit), returnsTo: viewAddress(asBytes(returnsTo)) };
  });
}
