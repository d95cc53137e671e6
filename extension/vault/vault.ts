// The vault: one wallet, open or locked, and every verb that may be asked of it. One change of state at a time; the lock's deadline is
// checked before each, whatever the timers did.
import { addressText } from '@nunet/contracts/chain/address.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import type { Network } from '@nunet/shared/fields.ts';
import { addressesOf, MAX_ACCOUNTS } from './account-keys.ts';
import { Approvals, INERT_MS } from './approvals.ts';
import { readBackup, writeBackup } from './backup-file.ts';
import { isHeavier, raised } from './calibrate.ts';
import { FLOOR, KEY_BYTES, readParameters, seal, unseal, wrapKey, type KdfParameters, type Wraps } from './envelope.ts';
import { HeldJobs } from './held-jobs.ts';
import { demandJobSpend } from './job-spend.ts';
import { isOver, type Moment } from './lock-clock.ts';
import type { VaultAccount, VaultAnswers, VaultRequest, VaultState } from './messages.ts';
import { entropyOfWords, wordsOfEntropy } from './mnemonic.ts';
import { openWallet, type OpenWallet } from './open-wallet.ts';
import { demandLength, PasswordGate } from './password-gate.ts';
import { bodySigning, hashesOf, prepare } from './prepared.ts';
import { signPrepared, witnesses } from './sign-prepared.ts';
import { readSignable } from './signed-transaction.ts';
import type { VaultStore } from './store.ts';
import { STORED_VERSION, type Details, type StoredVault } from './stored.ts';
import type { Verify } from './verified-signature.ts';

const SECRET_AS = 'nunet/vault/secret/1';
const NEW_ENTROPY_BYTES = 32;
const DEFAULT_LOCK_MINUTES = 10;
const MINUTE_MS = 60_000;
/** A timer may sleep with its machine: the deadline is looked at this often. */
const LOOK_MS = 5_000;

export interface VaultParts extends Wraps {
  store: Promise<VaultStore>;
  now: () => Moment;
  /** Calls once, later; gives the way to cancel. */
  after: (ms: number, act: () => void) => () => void;
  second: Verify;
  /** The state is another one. */
  changed: () => void;
  /** The state is another one, and nothing is held any more: the worker is to end, and its heap with it. */
  ended: () => void;
}

type Request<Type extends VaultRequest['type']> = Extract<VaultRequest, { type: Type }>;
type Handlers = {
  [Type in VaultRequest['type']]: (request: Request<Type>, by: object) => Promise<VaultAnswers[Type]> | VaultAnswers[Type];
};

const locked = (): NunetError => new NunetError('vault-locked', 'Cannot do this while the wallet is locked: unlock it first');

export class Vault {
  readonly #parts: VaultParts;
  readonly #approvals: Approvals;
  readonly #held: HeldJobs;
  #queue: Promise<unknown>;
  #gate: PasswordGate | null = null;
  #store: VaultStore | null = null;
  #stored: StoredVault | null = null;
  #problem: { code: string; message: string } | null = null;
  #isFailed = false;
  #isEnded = false;
  #open: { wallet: OpenWallet; touched: Moment } | null = null;
  #network: Network | null = null;
  #cancelTimer: () => void = () => undefined;

  constructor(parts: VaultParts) {
    this.#parts = parts;
    this.#approvals = new Approvals(parts.random, () => parts.now().ticksMs);
    this.#held = new HeldJobs(parts, parts.second);
    this.#queue = this.#start();
  }

  /** Answers one request of the port `by`, after those before it. */
  ask<Type extends VaultRequest['type']>(request: Request<Type>, by: object): Promise<VaultAnswers[Type]> {
    const answer = this.#queue.then(() => {
      this.#lockIfOver();
      if (this.#isEnded) throw new NunetError('vault-closing', 'The wallet has just been locked; ask again');
      const handler = this.#handlers[request.type] as (request: Request<Type>, by: object) => Promise<VaultAnswers[Type]>;
      return handler(request, by);
    });
    this.#queue = answer.catch(() => undefined);
    return answer;
  }

  /** A port is gone: nobody is left to approve what it proposed. */
  left(by: object): void {
    this.#approvals.forget((approval) => approval.by === by);
  }

  /** Resolves when the first state is known. */
  started(): Promise<void> {
    return this.#queue.then(() => undefined);
  }

  get state(): VaultState {
    const details = this.#stored?.details;
    return {
      state: this.#isFailed ? 'failed' : this.#stored === null ? 'empty' : this.#open === null ? 'locked' : 'open',
      problem: this.#problem,
      accounts: details?.accounts ?? [],
      selected: details?.selected ?? 0,
      isBackedUp: details?.isBackedUp ?? false,
      autoLockMinutes: details?.autoLockMinutes ?? DEFAULT_LOCK_MINUTES,
      locksAtMs: this.#open === null ? null : this.#open.touched.wallMs + this.#limitMs,
      retryAtMs: this.#gate?.retryAtMs ?? null,
      jobs: this.#held.ids,
    };
  }

  readonly #handlers: Handlers = {
    state: () => this.state,
    create: ({ password, words }) => this.#create(password, words),
    unlock: ({ password }) => this.#unlock(password),
    lock: () => this.#lock(),
    touch: () => this.#touch(),
    reveal: async ({ password }) => {
      this.#demandOpen();
      const entropy = await this.#entropy(password);
      try {
        return { words: wordsOfEntropy(entropy) };
      } finally {
        entropy.fill(0);
      }
    },
    'confirm-backup': () => {
      this.#demandOpen();
      return this.#change({ isBackedUp: true });
    },
    'change-password': ({ password, next }) => this.#changePassword(password, next),
    export: ({ password }) => this.#export(password),
    import: ({ file, password }) => this.#import(file, password),
    wipe: () => this.#wipe(),
    'add-account': async ({ name }) => {
      const { accounts } = this.#demandStored().details;
      const index = accounts.length;
      if (index >= MAX_ACCOUNTS) throw new NunetError('accounts-full', `Cannot add an account: there are ${MAX_ACCOUNTS} already`);
      await this.#change({ accounts: [...accounts, this.#demandOpen().account(index, name)] });
      return { index };
    },
    'rename-account': ({ index, name }) => {
      this.#demandOpen();
      this.#account(index);
      const { accounts } = this.#demandStored().details;
      return this.#change({ accounts: accounts.map((account) => (account.index === index ? { ...account, name } : account)) });
    },
    'select-account': async ({ index }) => {
      this.#account(index);
      if (index !== this.#demandStored().details.selected) this.#approvals.forgetAll();
      return this.#change({ selected: index });
    },
    'set-auto-lock': async ({ minutes }) => {
      this.#demandOpen();
      await this.#change({ autoLockMinutes: minutes });
      return this.#touch();
    },
    network: ({ network }) => {
      this.#network = network;
      this.#approvals.ofOtherNetworks(network);
      return null;
    },
    propose: ({ proposal }, by) => {
      const wallet = this.#demandOpen();
      if (this.#network !== null && proposal.network !== this.#network)
        throw new NunetError('network-mismatch', `Cannot ask for ${proposal.network}: the wallet is on ${this.#network}`);
      const prepared = prepare(proposal, this.#account(proposal.account), (keyId) => wallet.jobKey(keyId));
      const { id } = this.#approvals.add(by, proposal, prepared);
      return {
        approvalId: id,
        hashes: hashesOf(prepared),
        notBeforeMs: this.#parts.now().wallMs + INERT_MS,
        wantsPassword: proposal.isLarge === true,
      };
    },
    approve: ({ approvalId, password }, by) => this.#approve(approvalId, password, by),
    refuse: ({ approvalId }, by) => {
      this.#approvals.refuse(by, approvalId);
      return null;
    },
    'job-key': ({ keyId }) => ({ publicKey: this.#demandOpen().jobKey(keyId) }),
    'job-sign': async ({ jobId, bytes }) => ({ signature: await this.#held.sign(jobId, bytes) }),
    'job-spend': async ({ jobId, account, cbor }) => {
      const wallet = this.#demandOpen();
      const grant = this.#held.get(jobId);
      if (grant.account !== account)
        throw new NunetError('job-refused', 'Cannot sign for the money of this job: another account locked it');
      const signable = readSignable(cbor);
      demandJobSpend(signable, grant, addressText(addressesOf(this.#account(account)).base));
      return { witnesses: await witnesses(bodySigning(signable.transaction.id, ['payment']), wallet.lendOf(account), this.#parts.second) };
    },
    'job-end': ({ jobId }) => this.#endJob(jobId),
    'owner-key': ({ peerId }) => ({ publicKey: this.#demandOpen().ownerKey(peerId) }),
  };

  // --- start, open, lock ---

  async #start(): Promise<void> {
    try {
      this.#store = await this.#parts.store;
      this.#gate = new PasswordGate(this.#store, this.#parts, this.#parts.now);
      this.#stored = await this.#store.read();
      await this.#gate.load();
    } catch (error) {
      this.#fail(error);
    }
    this.#parts.changed();
  }

  #fail(error: unknown): void {
    this.#isFailed = true;
    this.#problem =
      error instanceof NunetError
        ? { code: error.code, message: error.message }
        : { code: 'storage-unavailable', message: 'Cannot read the stored wallet; nothing was changed. Restart the browser.' };
  }

  async #create(password: Uint8Array, words: Uint8Array | null): Promise<null> {
    this.#demandEmpty();
    demandLength(password);
    const entropy = words === null ? this.#parts.random(NEW_ENTROPY_BYTES) : entropyOfWords(words);
    try {
      const wallet = openWallet(entropy);
      const details = {
        accounts: [wallet.account(0, 'Account 1')],
        selected: 0,
        // Whoever typed the words has them.
        isBackedUp: words !== null,
        autoLockMinutes: DEFAULT_LOCK_MINUTES,
      };
      await this.#establish(wallet, entropy, password, details, null);
    } finally {
      entropy.fill(0);
    }
    return null;
  }

  async #import(file: Uint8Array, password: Uint8Array): Promise<null> {
    this.#demandEmpty();
    const backup = await readBackup(file, password, this.#parts);
    if (backup === null)
      throw new NunetError('password-wrong', 'Cannot open the backup file: it was made with another password, or was changed');
    try {
      const wallet = openWallet(backup.entropy);
      await this.#establish(wallet, backup.entropy, password, backup.details, backup.grants);
    } finally {
      backup.entropy.fill(0);
    }
    return null;
  }

  /** Writes a new wallet and opens it. A failure leaves neither behind. */
  async #establish(
    wallet: OpenWallet,
    entropy: Uint8Array,
    password: Uint8Array,
    details: Details,
    grants: Uint8Array | null,
  ): Promise<void> {
    const key = this.#parts.random(KEY_BYTES);
    try {
      const accounts = details.accounts.map(({ index, name }) => wallet.account(index, name));
      const wrapped = await this.#wrapCalibrated(key, password);
      const secret = await seal(key, SECRET_AS, entropy, this.#parts);
      await this.#held.open(wallet.root, grants);
      await this.#write({ version: STORED_VERSION, wrapped, secret, details: { ...details, accounts }, grants });
    } catch (error) {
      this.#held.wipe();
      wallet.close();
      throw error;
    } finally {
      key.fill(0);
    }
    this.#opened(wallet);
  }

  /** As heavy as this machine allows, measured with the lightest that is allowed. */
  async #wrapCalibrated(key: Uint8Array, password: Uint8Array): Promise<Uint8Array> {
    const before = this.#parts.now().ticksMs;
    const light = await wrapKey(key, password, FLOOR, this.#parts);
    const heavier = raised(FLOOR, this.#parts.now().ticksMs - before);
    return isHeavier(heavier, FLOOR) ? wrapKey(key, password, heavier, this.#parts) : light;
  }

  async #unlock(password: Uint8Array): Promise<null> {
    const stored = this.#demandStored();
    const { key, tookMs } = await this.#enter(password);
    try {
      const entropy = await unseal(key, SECRET_AS, stored.secret, this.#parts.cipher);
      if (entropy === null) {
        const error = new NunetError(
          'vault-damaged',
          'Cannot open the wallet: what is stored of it was changed; restore it from its words or from a backup file',
        );
        this.#fail(error);
        this.#parts.changed();
        throw error;
      }
      if (this.#open === null) {
        let wallet: OpenWallet;
        try {
          wallet = openWallet(entropy);
        } finally {
          entropy.fill(0);
        }
        await this.#openHeld(wallet, stored.grants);
        await this.#repair(wallet);
        this.#opened(wallet);
      } else {
        entropy.fill(0);
        this.#touch();
      }
      await this.#rewrap(key, password, tookMs);
    } finally {
      key.fill(0);
    }
    return null;
  }

  /** A list of jobs that cannot be read costs the jobs' keys until it is restored; the money of the wallet does not wait for that. */
  async #openHeld(wallet: OpenWallet, grants: Uint8Array | null): Promise<void> {
    this.#problem = null;
    try {
      await this.#held.open(wallet.root, grants);
    } catch {
      this.#problem = {
        code: 'jobs-damaged',
        message: 'The list of approved jobs was changed outside of the wallet; running jobs cannot be signed for',
      };
    }
  }

  /** What is readable beside the vault is nobody's secret and anybody's to change: public keys are made again. */
  async #repair(wallet: OpenWallet): Promise<void> {
    const { accounts } = this.#demandStored().details;
    const right = accounts.map(({ index, name }) => wallet.account(index, name));
    if (JSON.stringify(right) === JSON.stringify(accounts)) return;
    await this.#change({ accounts: right });
    this.#problem = {
      code: 'accounts-repaired',
      message:
        'Addresses of this wallet had been changed outside of it and were corrected. Do not use an address that you copied while it was locked.',
    };
  }

  async #rewrap(key: Uint8Array, password: Uint8Array, tookMs: number): Promise<void> {
    const stored = this.#demandStored();
    const now = readParameters(stored.wrapped);
    const heavier = raised(now, tookMs);
    // A quarter more is worth a second derivation.
    if (heavier.memoryKib * heavier.passes * 4 < now.memoryKib * now.passes * 5) return;
    await this.#write({ ...stored, wrapped: await wrapKey(key, password, heavier, this.#parts) });
  }

  #opened(wallet: OpenWallet): void {
    this.#open = { wallet, touched: this.#parts.now() };
    this.#watch();
    this.#parts.changed();
  }

  #touch(): null {
    if (this.#open !== null) {
      this.#open.touched = this.#parts.now();
      this.#parts.changed();
    }
    return null;
  }

  get #limitMs(): number {
    return (this.#stored?.details.autoLockMinutes ?? DEFAULT_LOCK_MINUTES) * MINUTE_MS;
  }

  #lockIfOver(): void {
    if (this.#open !== null && isOver(this.#open.touched, this.#limitMs, this.#parts.now())) this.#lock();
  }

  #watch(): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#parts.after(LOOK_MS, () => {
      this.#queue = this.#queue.then(() => this.#lockIfOver());
      if (this.#open !== null) this.#watch();
    });
  }

  #lock(): null {
    this.#cancelTimer();
    this.#approvals.forgetAll();
    this.#open?.wallet.close();
    const wasOpen = this.#open !== null;
    this.#open = null;
    this.#held.lock();
    if (wasOpen && this.#held.ids.length === 0) this.#end();
    else if (wasOpen) this.#parts.changed();
    return null;
  }

  #end(): void {
    this.#isEnded = true;
    this.#parts.ended();
  }

  async #wipe(): Promise<null> {
    if (this.#store === null)
      throw new NunetError('storage-unavailable', 'Cannot remove the wallet: what is stored cannot be reached. Restart the browser.');
    await this.#store.wipe();
    this.#held.wipe();
    this.#lock();
    this.#stored = null;
    this.#isFailed = false;
    this.#problem = null;
    if (!this.#isEnded) this.#end();
    return null;
  }

  // --- password ---

  async #enter(password: Uint8Array): Promise<{ key: Uint8Array; tookMs: number }> {
    const { wrapped } = this.#demandStored();
    if (this.#gate === null) throw locked();
    try {
      return await this.#gate.open(wrapped, password);
    } finally {
      this.#parts.changed();
    }
  }

  /** The entropy of the words, which the caller zeroes. */
  async #entropy(password: Uint8Array): Promise<Uint8Array> {
    const { key } = await this.#enter(password);
    try {
      const entropy = await unseal(key, SECRET_AS, this.#demandStored().secret, this.#parts.cipher);
      if (entropy === null) throw new NunetError('vault-damaged', 'Cannot read the words: what is stored of them was changed');
      return entropy;
    } finally {
      key.fill(0);
    }
  }

  async #changePassword(password: Uint8Array, next: Uint8Array): Promise<null> {
    this.#demandOpen();
    demandLength(next);
    const { key } = await this.#enter(password);
    try {
      const stored = this.#demandStored();
      const wrapped = await wrapKey(key, next, readParameters(stored.wrapped), this.#parts);
      await this.#write({ ...stored, wrapped });
    } finally {
      key.fill(0);
    }
    return this.#touch();
  }

  async #export(password: Uint8Array): Promise<{ file: Uint8Array }> {
    this.#demandOpen();
    const entropy = await this.#entropy(password);
    try {
      const { details, grants, wrapped } = this.#demandStored();
      const parameters: KdfParameters = readParameters(wrapped);
      return { file: await writeBackup({ entropy, details, grants }, password, parameters, this.#parts) };
    } finally {
      entropy.fill(0);
    }
  }

  // --- consent ---

  async #approve(approvalId: string, password: Uint8Array | null, by: object): Promise<VaultAnswers['approve']> {
    const wallet = this.#demandOpen();
    const { proposal, prepared } = this.#approvals.ready(by, approvalId);
    if (proposal.isLarge === true) {
      if (password === null) throw new NunetError('password-wanted', 'Cannot sign: this approval wants the password again');
      (await this.#enter(password)).key.fill(0);
    }
    if (!this.#approvals.take(approvalId)) throw locked();
    // The job's key is held before its lock can reach the chain: money that is locked can always be answered for.
    if (prepared.kind === 'lock') {
      await this.#write({ ...this.#demandStored(), grants: await this.#held.sealedWith(prepared.grant) });
      this.#held.hold(wallet.root, prepared.grant);
    }
    const signed = await signPrepared(prepared, wallet.lendOf(proposal.account), this.#parts.second);
    this.#touch();
    return signed;
  }

  async #endJob(jobId: string): Promise<null> {
    if (!this.#held.ids.includes(jobId)) {
      if (this.#open === null) throw locked();
      return null;
    }
    await this.#write({ ...this.#demandStored(), grants: await this.#held.sealedWithout(jobId) });
    this.#held.end(jobId);
    if (this.#open === null && this.#held.ids.length === 0) {
      this.#held.lock();
      this.#end();
    } else this.#parts.changed();
    return null;
  }

  // --- what is there ---

  #demandOpen(): OpenWallet {
    if (this.#open === null) throw locked();
    return this.#open.wallet;
  }

  #demandStored(): StoredVault {
    if (this.#isFailed && this.#problem !== null) throw new NunetError(this.#problem.code, this.#problem.message);
    if (this.#stored === null) throw new NunetError('vault-empty', 'Cannot do this: there is no wallet yet');
    return this.#stored;
  }

  #demandEmpty(): void {
    if (this.#isFailed && this.#problem !== null) throw new NunetError(this.#problem.code, this.#problem.message);
    if (this.#stored !== null) throw new NunetError('vault-exists', 'Cannot make a wallet: there is one already; remove it first');
  }

  #account(index: number): VaultAccount {
    const account = this.#demandStored().details.accounts[index];
    if (account === undefined) throw new NunetError('account-unknown', `Cannot use account ${index}: there is none`);
    return account;
  }

  async #write(stored: StoredVault): Promise<void> {
    if (this.#store === null) throw locked();
    await this.#store.write(stored);
    this.#stored = stored;
  }

  async #change(part: Partial<Details>): Promise<null> {
    const stored = this.#demandStored();
    await this.#write({ ...stored, details: { ...stored.details, ...part } });
    this.#parts.changed();
    return null;
  }
}
