// The vault's own IndexedDB: one record for the wallet, so that it is written whole or not at all, and the count of wrong passwords. Every
// write is on the disk before it counts.
import { NunetError } from '@nunet/shared/errors.ts';
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import { NO_ATTEMPTS, retryAt, type Attempts } from './back-off.ts';
import { readStored, type Step, type StoredVault } from './stored.ts';

const NAME = 'nunet-vault';
const VERSION = 1;
const STRICT = { durability: 'strict' } as const;

interface VaultSchema extends DBSchema {
  wallet: { key: 'wallet'; value: unknown };
  attempts: { key: 'attempts'; value: Attempts };
  /** What an older version had stored, by that version. */
  copies: { key: number; value: unknown };
}

export interface VaultStore {
  /** Null: no wallet. Throws `vault-damaged`, `vault-newer`, `storage-unavailable`, and has changed nothing then. */
  read(): Promise<StoredVault | null>;
  write(vault: StoredVault): Promise<void>;
  attempts(): Promise<Attempts>;
  /** Counts a try before it is made. Not null: it may not be made before this time, and was not counted. */
  beginTry(nowMs: number): Promise<{ retryAtMs: number } | null>;
  /** The password was right. */
  endTries(): Promise<void>;
  wipe(): Promise<void>;
}

const isAttempts = (value: unknown): value is Attempts =>
  typeof value === 'object' &&
  value !== null &&
  'failed' in value &&
  Number.isInteger(value.failed) &&
  'lastMs' in value &&
  Number.isFinite(value.lastMs);

/** Must be called before the worker gives up `indexedDB`. `steps`: as `readStored` takes them. */
export async function openStore(name: string = NAME, steps?: Readonly<Record<number, Step>>): Promise<VaultStore> {
  let database: IDBPDatabase<VaultSchema>;
  try {
    database = await openDB<VaultSchema>(name, VERSION, {
      upgrade(made) {
        for (const store of ['wallet', 'attempts', 'copies'] as const) made.createObjectStore(store);
      },
      blocking: (_current, _blocked, event) => (event.target as IDBDatabase).close(),
    });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'VersionError')
      throw new NunetError(
        'vault-newer',
        'Cannot open the stored wallet: a newer version of NuNet made it; nothing was changed. Install that version again.',
        { cause },
      );
    throw unavailable(cause);
  }
  const tell = <T>(work: Promise<T>): Promise<T> =>
    work.catch((cause: unknown) => {
      throw cause instanceof NunetError ? cause : unavailable(cause);
    });

  /** In one transaction, so that two workers cannot both take the last free try. */
  const count = async (nowMs: number): Promise<{ retryAtMs: number } | null> => {
    const transaction = database.transaction('attempts', 'readwrite', STRICT);
    const stored: unknown = await transaction.store.get('attempts');
    // A count that cannot be read is not a fresh start.
    const attempts = stored === undefined ? NO_ATTEMPTS : isAttempts(stored) ? stored : { failed: 7, lastMs: nowMs };
    const at = retryAt(attempts, nowMs);
    if (at === null) await transaction.store.put({ failed: attempts.failed + 1, lastMs: nowMs }, 'attempts');
    // The clock was set back: the wait begins again, and is not endless.
    else if (nowMs < attempts.lastMs) await transaction.store.put({ ...attempts, lastMs: nowMs }, 'attempts');
    await transaction.done;
    return at === null ? null : { retryAtMs: at };
  };

  return {
    read: () =>
      tell(
        (async () => {
          const stored = await database.get('wallet', 'wallet');
          if (stored === undefined) return null;
          const { vault, isOlder } = readStored(stored, steps);
          if (isOlder) {
            const transaction = database.transaction(['wallet', 'copies'], 'readwrite', STRICT);
            await transaction.objectStore('copies').put(stored, (stored as { version: number }).version);
            await transaction.objectStore('wallet').put(vault, 'wallet');
            await transaction.done;
          }
          return vault;
        })(),
      ),
    async write(vault) {
      const transaction = database.transaction('wallet', 'readwrite', STRICT);
      await tell(Promise.all([transaction.store.put(vault, 'wallet'), transaction.done]));
    },
    attempts: () => tell(database.get('attempts', 'attempts').then((stored) => (isAttempts(stored) ? stored : NO_ATTEMPTS))),
    beginTry: (nowMs) => tell(count(nowMs)),
    async endTries() {
      const transaction = database.transaction('attempts', 'readwrite', STRICT);
      await tell(Promise.all([transaction.store.delete('attempts'), transaction.done]));
    },
    async wipe() {
      const stores = ['wallet', 'attempts', 'copies'] as const;
      const transaction = database.transaction(stores, 'readwrite', STRICT);
      await tell(Promise.all([...stores.map((store) => transaction.objectStore(store).clear()), transaction.done]));
    },
  };
}

const unavailable = (cause: unknown): NunetError =>
  new NunetError(
    'storage-unavailable',
    `Cannot use the stored wallet: ${(cause as Error).message}. Close the browser's other windows of NuNet and try again.`,
    {
      cause,
    },
  );
