// The wallet as it lies on the disk: what a password opens, and what is readable without one. Nothing open stays in here.
import { NunetError } from '@nunet/shared/errors.ts';
import { readBackup, writeBackup, type Backup } from './backup-file.ts';
import { isHeavier, raised } from './calibrate.ts';
import { FLOOR, KEY_BYTES, readParameters, seal, unseal, wrapKey, type Wraps } from './envelope.ts';
import type { Moment } from './lock-clock.ts';
import { demandLength, PasswordGate } from './password-gate.ts';
import type { VaultStore } from './store.ts';
import { STORED_VERSION, type Details, type StoredVault } from './stored.ts';

const SECRET_AS = 'nunet/vault/secret/1';

export interface SafeParts extends Wraps {
  now: () => Moment;
  /** What is readable, or the wait after a wrong password, is another one. */
  changed: () => void;
}

export class Safe {
  readonly #store: VaultStore;
  readonly #parts: SafeParts;
  readonly #gate: PasswordGate;
  #stored: StoredVault | null = null;

  constructor(store: VaultStore, parts: SafeParts) {
    this.#store = store;
    this.#parts = parts;
    this.#gate = new PasswordGate(store, parts, parts.now);
  }

  /** Throws `vault-damaged`, `vault-newer`, `storage-unavailable`, and has changed nothing then. */
  async load(): Promise<void> {
    this.#stored = await this.#store.read();
    await this.#gate.load();
  }

  get isEmpty(): boolean {
    return this.#stored === null;
  }

  /** Throws `vault-empty`. */
  get stored(): StoredVault {
    if (this.#stored === null) throw new NunetError('vault-empty', 'Cannot do this: there is no wallet yet');
    return this.#stored;
  }

  get retryAtMs(): number | null {
    return this.#gate.retryAtMs;
  }

  /** A new wallet, its password's protection as heavy as this machine allows. */
  async make({ entropy, details, grants }: Backup, password: Uint8Array): Promise<void> {
    const key = this.#parts.random(KEY_BYTES);
    try {
      const before = this.#parts.now().ticksMs;
      const light = await wrapKey(key, password, FLOOR, this.#parts);
      const heavier = raised(FLOOR, this.#parts.now().ticksMs - before);
      const wrapped = isHeavier(heavier, FLOOR) ? await wrapKey(key, password, heavier, this.#parts) : light;
      const secret = await seal(key, SECRET_AS, entropy, this.#parts);
      await this.#write({ version: STORED_VERSION, wrapped, secret, details, grants });
    } finally {
      key.fill(0);
    }
  }

  /** The entropy of the words, which the caller zeroes. Throws `password-wrong`, `password-wait`, `vault-damaged`. */
  async entropy(password: Uint8Array): Promise<Uint8Array> {
    const { secret, wrapped } = this.stored;
    const { key, tookMs } = await this.#enter(password);
    try {
      const entropy = await unseal(key, SECRET_AS, secret, this.#parts.cipher);
      if (entropy === null)
        throw new NunetError(
          'vault-damaged',
          'Cannot open the wallet: what is stored of it was changed; restore it from its words or from a backup file',
        );
      const now = readParameters(wrapped);
      const heavier = raised(now, tookMs);
      // A quarter more is worth a second derivation. Where it cannot be written the wallet opens all the same; the next time tries again.
      if (heavier.memoryKib * heavier.passes * 4 >= now.memoryKib * now.passes * 5)
        await this.#write({ ...this.stored, wrapped: await wrapKey(key, password, heavier, this.#parts) }).catch(() => undefined);
      return entropy;
    } finally {
      key.fill(0);
    }
  }

  /** Throws unless it is the password. */
  async check(password: Uint8Array): Promise<void> {
    (await this.#enter(password)).key.fill(0);
  }

  /** Wraps the data key anew: what it sealed stays as it is, however much that is. */
  async changePassword(password: Uint8Array, next: Uint8Array): Promise<void> {
    demandLength(next);
    const { key } = await this.#enter(password);
    try {
      const parameters = readParameters(this.stored.wrapped);
      await this.#write({ ...this.stored, wrapped: await wrapKey(key, next, parameters, this.#parts) });
    } finally {
      key.fill(0);
    }
  }

  async backup(password: Uint8Array): Promise<Uint8Array> {
    const entropy = await this.entropy(password);
    try {
      const { details, grants, wrapped } = this.stored;
      return await writeBackup({ entropy, details, grants }, password, readParameters(wrapped), this.#parts);
    } finally {
      entropy.fill(0);
    }
  }

  /** The caller zeroes the entropy. Throws `password-wrong`, `backup-invalid`, `backup-newer`. */
  async readBackup(file: Uint8Array, password: Uint8Array): Promise<Backup> {
    const backup = await readBackup(file, password, this.#parts);
    if (backup === null)
      throw new NunetError('password-wrong', 'Cannot open the backup file: it was made with another password, or was changed');
    return backup;
  }

  async change(part: Partial<Details>): Promise<void> {
    await this.#write({ ...this.stored, details: { ...this.stored.details, ...part } });
    this.#parts.changed();
  }

  async setGrants(grants: Uint8Array | null): Promise<void> {
    await this.#write({ ...this.stored, grants });
  }

  async wipe(): Promise<void> {
    await this.#store.wipe();
    this.#stored = null;
  }

  async #enter(password: Uint8Array): Promise<{ key: Uint8Array; tookMs: number }> {
    try {
      return await this.#gate.open(this.stored.wrapped, password);
    } finally {
      this.#parts.changed();
    }
  }

  async #write(stored: StoredVault): Promise<void> {
    await this.#store.write(stored);
    this.#stored = stored;
  }
}
