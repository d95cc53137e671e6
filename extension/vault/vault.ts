// The vault: one wallet, open or locked, and every verb that may be asked of it. One change of state at a time; the lock's deadline is
// checked before each, whatever the timers did.
import { NunetError } from '@nunet/shared/errors.ts';
import { MAX_ACCOUNTS } from './account-keys.ts';
import type { Backup } from './backup-file.ts';
import type { Wraps } from './envelope.ts';
import { isOver, type Moment } from './lock-clock.ts';
import type { VaultAccount, VaultAnswers, VaultRequest, VaultState } from './messages.ts';
import { entropyOfWords, wordsOfEntropy } from './mnemonic.ts';
import { openWallet, type OpenWallet } from './open-wallet.ts';
import { demandLength } from './password-gate.ts';
import { Safe } from './safe.ts';
import { Signing } from './signing.ts';
import type { VaultStore } from './store.ts';
import type { Verify } from './verified-signature.ts';

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
  readonly #signing: Signing;
  #queue: Promise<unknown>;
  #safe: Safe | null = null;
  /** Why what is stored cannot be used; nothing but removing it is answered then. */
  #failure: NunetError | null = null;
  /** What the person has to know of a wallet that opened all the same. */
  #warning: { code: string; message: string } | null = null;
  #isEnded = false;
  #open: { wallet: OpenWallet; touched: Moment } | null = null;
  #cancelTimer: () => void = () => undefined;

  constructor(parts: VaultParts) {
    this.#parts = parts;
    this.#signing = new Signing(parts);
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
    this.#signing.forgetOf(by);
  }

  /** Resolves when the first state is known. */
  started(): Promise<void> {
    return this.#queue.then(() => undefined);
  }

  get state(): VaultState {
    const isEmpty = this.#safe?.isEmpty ?? true;
    const details = isEmpty ? undefined : this.#safe?.stored.details;
    const problem = this.#failure ?? this.#warning;
    return {
      state: this.#failure !== null ? 'failed' : isEmpty ? 'empty' : this.#open === null ? 'locked' : 'open',
      problem: problem === null ? null : { code: problem.code, message: problem.message },
      accounts: details?.accounts ?? [],
      selected: details?.selected ?? 0,
      isBackedUp: details?.isBackedUp ?? false,
      autoLockMinutes: details?.autoLockMinutes ?? DEFAULT_LOCK_MINUTES,
      locksAtMs: this.#open === null ? null : this.#open.touched.wallMs + this.#limitMs,
      retryAtMs: this.#safe?.retryAtMs ?? null,
      jobs: this.#signing.jobs.ids,
    };
  }

  readonly #handlers: Handlers = {
    state: () => this.state,
    create: ({ password, words }) => this.#create(password, words),
    import: ({ file, password }) => this.#import(file, password),
    unlock: ({ password }) => this.#unlock(password),
    lock: () => this.#lock(),
    touch: () => this.#touch(),
    wipe: () => this.#wipe(),

    reveal: async ({ password }) => {
      this.#demandOpen();
      const entropy = await this.#demandSafe().entropy(password);
      try {
        return { words: wordsOfEntropy(entropy) };
      } finally {
        entropy.fill(0);
      }
    },
    'confirm-backup': async () => {
      this.#demandOpen();
      await this.#demandSafe().change({ isBackedUp: true });
      return null;
    },
    'change-password': async ({ password, next }) => {
      this.#demandOpen();
      await this.#demandSafe().changePassword(password, next);
      return this.#touch();
    },
    export: async ({ password }) => {
      this.#demandOpen();
      return { file: await this.#demandSafe().backup(password) };
    },

    'add-account': async ({ name }) => {
      const wallet = this.#demandOpen();
      const { accounts } = this.#demandSafe().stored.details;
      const index = accounts.length;
      if (index >= MAX_ACCOUNTS) throw new NunetError('accounts-full', `Cannot add an account: there are ${MAX_ACCOUNTS} already`);
      await this.#demandSafe().change({ accounts: [...accounts, wallet.account(index, name)] });
      return { index };
    },
    'rename-account': async ({ index, name }) => {
      this.#demandOpen();
      this.#account(index);
      const { accounts } = this.#demandSafe().stored.details;
      await this.#demandSafe().change({
        accounts: accounts.map((account) => (account.index === index ? { ...account, name } : account)),
      });
      return null;
    },
    'select-account': async ({ index }) => {
      this.#account(index);
      if (index !== this.#demandSafe().stored.details.selected) this.#signing.forgetAll();
      await this.#demandSafe().change({ selected: index });
      return null;
    },
    'set-auto-lock': async ({ minutes }) => {
      this.#demandOpen();
      await this.#demandSafe().change({ autoLockMinutes: minutes });
      return this.#touch();
    },
    network: ({ network }) => {
      this.#signing.onNetwork(network);
      return null;
    },

    propose: ({ proposal }, by) =>
      this.#signing.propose(proposal, { by, wallet: this.#demandOpen(), account: this.#account(proposal.account) }),
    approve: async ({ approvalId, password }, by) => {
      const signed = await this.#signing.approve(approvalId, password, { by, wallet: this.#demandOpen(), safe: this.#demandSafe() });
      this.#touch();
      return signed;
    },
    refuse: ({ approvalId }, by) => {
      this.#signing.refuse(approvalId, by);
      return null;
    },

    'job-key': ({ keyId }) => ({ publicKey: this.#demandOpen().jobKey(keyId) }),
    'job-sign': async ({ jobId, bytes }) => ({ signature: await this.#signing.jobs.sign(jobId, bytes) }),
    'job-spend': async ({ jobId, account, cbor }) => {
      const wallet = this.#demandOpen();
      return { witnesses: await this.#signing.spend(jobId, cbor, { wallet, account: this.#account(account) }) };
    },
    'job-end': ({ jobId }) => this.#endJob(jobId),
    'owner-sign': ({ type: _, ...statement }) => this.#signing.order(statement, this.#demandOpen()),
    'owner-key': ({ peerId }) => ({ publicKey: this.#demandOpen().ownerKey(peerId) }),
  };

  // --- start, open, lock ---

  async #start(): Promise<void> {
    try {
      const safe = new Safe(await this.#parts.store, { ...this.#parts, changed: () => this.#parts.changed() });
      // Known before it is read: what cannot be read can still be removed.
      this.#safe = safe;
      await safe.load();
    } catch (error) {
      this.#fail(error);
    }
    this.#parts.changed();
  }

  #fail(cause: unknown): void {
    this.#failure =
      cause instanceof NunetError
        ? cause
        : new NunetError('storage-unavailable', 'Cannot read the stored wallet; nothing was changed. Restart the browser.', { cause });
  }

  async #create(password: Uint8Array, words: Uint8Array | null): Promise<null> {
    const safe = this.#demandEmpty();
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
      await this.#establish(safe, wallet, { entropy, details, grants: null }, password);
    } finally {
      entropy.fill(0);
    }
    return null;
  }

  async #import(file: Uint8Array, password: Uint8Array): Promise<null> {
    const safe = this.#demandEmpty();
    const backup = await safe.readBackup(file, password);
    try {
      const wallet = openWallet(backup.entropy);
      const accounts = backup.details.accounts.map(({ index, name }) => wallet.account(index, name));
      await this.#establish(safe, wallet, { ...backup, details: { ...backup.details, accounts } }, password);
    } finally {
      backup.entropy.fill(0);
    }
    return null;
  }

  /** Writes a new wallet and opens it. A failure leaves neither behind. */
  async #establish(safe: Safe, wallet: OpenWallet, content: Backup, password: Uint8Array): Promise<void> {
    try {
      await this.#signing.jobs.open(wallet.root, content.grants);
      await safe.make(content, password);
    } catch (error) {
      this.#signing.jobs.wipe();
      wallet.close();
      throw error;
    }
    this.#opened(wallet);
  }

  async #unlock(password: Uint8Array): Promise<null> {
    const safe = this.#demandSafe();
    let entropy: Uint8Array;
    try {
      entropy = await safe.entropy(password);
    } catch (error) {
      if (error instanceof NunetError && error.code === 'vault-damaged') {
        this.#fail(error);
        this.#parts.changed();
      }
      throw error;
    }
    // An open wallet stays as it is; that the password was right is a sign of life.
    if (this.#open !== null) {
      entropy.fill(0);
      return this.#touch();
    }
    let wallet: OpenWallet;
    try {
      wallet = openWallet(entropy);
    } finally {
      entropy.fill(0);
    }
    this.#warning = null;
    await this.#openHeld(wallet, safe.stored.grants);
    await this.#repair(wallet, safe);
    this.#opened(wallet);
    return null;
  }

  /** A list of jobs that cannot be read costs the jobs' keys until it is restored; the money of the wallet does not wait for that. */
  async #openHeld(wallet: OpenWallet, grants: Uint8Array | null): Promise<void> {
    try {
      await this.#signing.jobs.open(wallet.root, grants);
    } catch {
      this.#warning = {
        code: 'jobs-damaged',
        message: 'The list of approved jobs was changed outside of the wallet; running jobs cannot be signed for',
      };
    }
  }

  /** What is readable beside the vault is nobody's secret and anybody's to change: public keys are made again. */
  async #repair(wallet: OpenWallet, safe: Safe): Promise<void> {
    const { accounts } = safe.stored.details;
    const right = accounts.map(({ index, name }) => wallet.account(index, name));
    if (JSON.stringify(right) === JSON.stringify(accounts)) return;
    await safe.change({ accounts: right });
    this.#warning = {
      code: 'accounts-repaired',
      message:
        'Addresses of this wallet had been changed outside of it and were corrected. Do not use an address that you copied while it was locked.',
    };
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
    const minutes = this.#safe === null || this.#safe.isEmpty ? DEFAULT_LOCK_MINUTES : this.#safe.stored.details.autoLockMinutes;
    return minutes * MINUTE_MS;
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
    if (this.#open === null) return null;
    this.#cancelTimer();
    this.#signing.forgetAll();
    this.#open.wallet.close();
    this.#open = null;
    this.#signing.jobs.lock();
    if (this.#signing.jobs.ids.length === 0) this.#end();
    else this.#parts.changed();
    return null;
  }

  #end(): void {
    this.#isEnded = true;
    this.#parts.ended();
  }

  async #wipe(): Promise<null> {
    if (this.#safe === null)
      throw new NunetError('storage-unavailable', 'Cannot remove the wallet: what is stored cannot be reached. Restart the browser.');
    await this.#safe.wipe();
    this.#signing.jobs.wipe();
    this.#failure = null;
    this.#warning = null;
    this.#lock();
    if (!this.#isEnded) this.#end();
    return null;
  }

  async #endJob(jobId: string): Promise<null> {
    if (!this.#signing.jobs.ids.includes(jobId)) {
      if (this.#open === null) throw locked();
      return null;
    }
    await this.#demandSafe().setGrants(await this.#signing.jobs.sealedWithout(jobId));
    this.#signing.jobs.end(jobId);
    if (this.#open === null && this.#signing.jobs.ids.length === 0) {
      this.#signing.jobs.lock();
      this.#end();
    } else this.#parts.changed();
    return null;
  }

  // --- what is there ---

  #demandOpen(): OpenWallet {
    if (this.#open === null) throw locked();
    return this.#open.wallet;
  }

  #demandSafe(): Safe {
    if (this.#failure !== null) throw this.#failure;
    if (this.#safe === null) throw locked();
    return this.#safe;
  }

  #demandEmpty(): Safe {
    const safe = this.#demandSafe();
    if (!safe.isEmpty) throw new NunetError('vault-exists', 'Cannot make a wallet: there is one already; remove it first');
    return safe;
  }

  #account(index: number): VaultAccount {
    const account = this.#demandSafe().stored.details.accounts[index];
    if (account === undefined) throw new NunetError('account-unknown', `Cannot use account ${index}: there is none`);
    return account;
  }
}
