// What a page or the runner and the vault say to each other over a private port: one closed union a direction. Passwords and recovery
// words travel here alone, as bytes that both sides overwrite. The vault parses every request; what it says is only typed.
import type { KeyWitness } from '@nunet/contracts/sign.ts';
import type { Network } from '@nunet/shared/fields.ts';
import type { OwnerOrder } from '@nunet/shared/owner-command.ts';

export const VAULT = { script: '/vault.js', name: 'nunet-vault' } as const;

/** CIP-1852 roles, each at index 0: payment (0), stake (2), DRep (3, CIP-105). */
export type KeyRole = 'payment' | 'stake' | 'drep';

/** What is public of an account m/1852'/1815'/index'. Ed25519 public keys, 32 bytes hex. */
export interface VaultAccount {
  index: number;
  name: string;
  payment: string;
  stake: string;
  drep: string;
}

export interface VaultState {
  /** `empty`: no wallet yet. `failed`: what is stored is of a newer version or damaged; nothing is touched. */
  state: 'empty' | 'locked' | 'open' | 'failed';
  problem: { code: string; message: string } | null;
  /** Known while locked too. */
  accounts: VaultAccount[];
  selected: number;
  /** The person has shown that the words are written down. */
  isBackedUp: boolean;
  autoLockMinutes: number;
  /** Null unless open. */
  locksAtMs: number | null;
  /** After a wrong password: no try before this time. */
  retryAtMs: number | null;
  /** Jobs whose key may sign now; they go on while the wallet is locked, each up to its budget. */
  jobs: string[];
}

/** What a person approved with a lock: the job's key may sign for it, and its money may be brought back. */
export interface JobGrant {
  jobId: string;
  /** 16 random bytes hex, from which the job's key is derived. */
  keyId: string;
  /** The most that vouchers may pay; the amount of the lock. */
  budgetBaseUnits: bigint;
  /** Full address that may be paid. */
  computeProvider: string;
}

/** Something to be signed. Exactly these bytes are signed once it is approved, and nothing else. */
export type Signable =
  /** CIP-103: several at once, all or none. `roles`: which of the account's keys sign. */
  | { kind: 'transactions'; transactions: { cbor: string; roles: KeyRole[] }[] }
  /** The lock of a job. The vault checks that the lock's datum names the job's key, the budget and the compute provider. */
  | { kind: 'lock'; cbor: string; grant: JobGrant }
  /** CIP-8. `address`: bytes hex of an address of the account; `payload`: hex. */
  | { kind: 'data'; role: KeyRole; address: string; payload: string }
  /** An order to the own agent that changes something. `above`: the last counter that is known. */
  | { kind: 'owner'; agent: string; order: OwnerOrder; above: number };

export interface Proposal {
  /** The page that asks, as the browser names it (https://app.example); null: the wallet's own pages. */
  origin: string | null;
  /** Which document of that page, so that another frame or a later page of the same origin is another asker. */
  frame: string;
  account: number;
  network: Network;
  /** The page finds it large enough to want the password again. */
  isLarge?: boolean;
  what: Signable;
}

type Secret = Uint8Array;

export type VaultRequest =
  | { type: 'state' }
  /** `words`: a phrase of 12, 15 or 24 words in UTF-8; null: makes 24 new ones. */
  | { type: 'create'; password: Secret; words: Secret | null }
  | { type: 'unlock'; password: Secret }
  | { type: 'lock' }
  /** Somebody is there: the deadline moves on. */
  | { type: 'touch' }
  | { type: 'reveal'; password: Secret }
  | { type: 'confirm-backup' }
  | { type: 'change-password'; password: Secret; next: Secret }
  /** An encrypted backup file, to be opened with the same password elsewhere. */
  | { type: 'export'; password: Secret }
  | { type: 'import'; file: Uint8Array; password: Secret }
  /** Removes everything of this wallet. Works without a password, which may be forgotten: the words bring it back. */
  | { type: 'wipe'; confirm: 'remove this wallet' }
  | { type: 'add-account'; name: string }
  | { type: 'rename-account'; index: number; name: string }
  | { type: 'select-account'; index: number }
  | { type: 'set-auto-lock'; minutes: number }
  /** The network changed: approvals of another one die. Said by the runner. */
  | { type: 'network'; network: Network }
  | { type: 'propose'; proposal: Proposal }
  /** `password`: where a proposal asks for one again. */
  | { type: 'approve'; approvalId: string; password: Secret | null }
  | { type: 'refuse'; approvalId: string }
  /** Public key of a job that is being prepared. */
  | { type: 'job-key'; keyId: string }
  /** `bytes`: a voucher, or a statement `ack`, `dispute` or `cancel`; nothing else is signed with a job's key. */
  | { type: 'job-sign'; jobId: string; bytes: Uint8Array }
  /** A reclaim or an agreement of an approved job: every output but the agreed pay comes back to the account. */
  | { type: 'job-spend'; jobId: string; account: number; cbor: string }
  | { type: 'job-end'; jobId: string }
  /** Public key of the owner of an agent. */
  | { type: 'owner-key'; peerId: string }
  /** An order to the own agent that tells, pauses or resumes: signed while the wallet is open. Any other is proposed. */
  | { type: 'owner-sign'; network: Network; agent: string; order: OwnerOrder; above: number };

export interface VaultAnswers {
  state: VaultState;
  create: null;
  unlock: null;
  lock: null;
  touch: null;
  reveal: { words: Uint8Array };
  'confirm-backup': null;
  'change-password': null;
  export: { file: Uint8Array };
  import: null;
  wipe: null;
  'add-account': { index: number };
  'rename-account': null;
  'select-account': null;
  'set-auto-lock': null;
  network: null;
  /** `hashes`: of each transaction body or of the data's Sig_structure; the page shows what has these. Not approvable before `notBeforeMs`. */
  propose: { approvalId: string; hashes: string[]; notBeforeMs: number; wantsPassword: boolean };
  approve:
    | { kind: 'transactions'; witnesses: KeyWitness[][] }
    | { kind: 'data'; signature: string; key: string }
    | ({ kind: 'owner' } & SignedOrder);
  refuse: null;
  'job-key': { publicKey: string };
  'job-sign': { signature: Uint8Array };
  'job-spend': { witnesses: KeyWitness[] };
  'job-end': null;
  'owner-key': { publicKey: string };
  'owner-sign': SignedOrder;
}

/** An `owner-command` of shared/owner-command.ts in its canonical bytes, and the owner key's signature of its statement. */
export interface SignedOrder {
  body: Uint8Array;
  signature: Uint8Array;
  counter: number;
}

export type ToVault = { id: number; request: VaultRequest };

export type FromVault =
  /** `closing`: not null, this answer is the worker's last word, and this the state in which it ends. */
  | { type: 'reply'; id: number; value: unknown; closing: VaultState | null }
  | { type: 'failed'; id: number; code: string; message: string }
  | { type: 'state'; state: VaultState }
  /** The worker ends now, in this state, and its heap with it; the next port starts another. */
  | { type: 'closing'; state: VaultState };
