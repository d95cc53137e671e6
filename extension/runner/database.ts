// The runner's database: one job is one key, so that forgetting a job forgets all of it. Versioned; an older one is brought up step by
// step, a newer one is refused and left as it is.
import type { JobEntry } from '@nunet/shared/job-flow/job-record.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { openDB, type DBSchema, type IDBPDatabase, type IDBPObjectStore, type IDBPTransaction, type StoreNames } from 'idb';
import type { MachineNote } from '../lend/messages.ts';
import type { LiveState, Notice } from '../messages.ts';
import type { JobKeyNote } from './job-keys.ts';

const NAME = 'nunet-runner';
/** 3 brought own machines, and checkpoints to the journals: an older program could not read them. */
const VERSION = 3;

/** What does not follow from a job's journal. */
export interface JobNote {
  jobId: string;
  /** The job file as it was prepared. */
  jobFile: string;
  title: string;
  openedAtMs: number;
  askBeforeAnswer: boolean;
  /** Asset of the network on which it was opened: one devnet's jobs mean nothing to another. */
  assetUnit: string;
  /** Files that the check names, by their path in the job file. */
  checkFiles: Record<string, string>;
  /** Null: of a version whose keys were gone with the browser. */
  key: JobKeyNote | null;
}

/** A file of a job: its node, and its content once it is whole. */
export interface StoredFile {
  node: Uint8Array;
  content: Blob | null;
}

export interface RunnerSchema extends DBSchema {
  jobs: { key: string; value: JobNote };
  /** [job, number of the entry] */
  entries: { key: [string, number]; value: JobEntry };
  /** [job, CID of the file] */
  files: { key: [string, string]; value: StoredFile };
  /** [job, CID of the file, CID of the block]: blocks of files that are not whole yet. */
  blocks: { key: [string, string, string]; value: Uint8Array };
  /** [job, offset of the first line] */
  logs: { key: [string, number]; value: string[] };
  /** What a screen showed beside the record. */
  shown: { key: string; value: { curve: LiveState['curve']; notices: Notice[] } };
  /** Highest sequence of the network records of one pinned key. */
  records: { key: string; value: number };
  /** One value by its name, such as the network that was chosen last. */
  settings: { key: string; value: unknown };
  /** By address. */
  contacts: { key: string; value: { name: string; address: string } };
  /** [account, network, unit of a token]: shown or hidden by the person. */
  shownTokens: { key: [number, string, string]; value: boolean };
  /** [network, transaction id]: as the account's history keeps it once it is deep. */
  history: { key: [string, string]; value: unknown };
  /** [origin, account, network]: what a web page may see. */
  grants: { key: [string, number, string]; value: unknown };
  /** Agents that are owned from here. */
  machines: { key: string; value: MachineNote };
}
export type RunnerDatabase = IDBPDatabase<RunnerSchema>;

type Upgrade = IDBPTransaction<RunnerSchema, StoreNames<RunnerSchema>[], 'versionchange'>;

/** Notes of the first version name no key of the vault's. */
async function withoutKeys(jobs: IDBPObjectStore<RunnerSchema, StoreNames<RunnerSchema>[], 'jobs', 'versionchange'>): Promise<void> {
  for (let cursor = await jobs.openCursor(); cursor !== null; cursor = await cursor.continue())
    await cursor.update({ ...cursor.value, key: null });
}

/** One step from each version to the next; a step that has shipped never changes. */
const STEPS: readonly ((database: RunnerDatabase, transaction: Upgrade) => void)[] = [
  (database) => {
    for (const store of ['entries', 'files', 'blocks', 'logs', 'records'] as const) database.createObjectStore(store);
    database.createObjectStore('jobs', { keyPath: 'jobId' });
    database.createObjectStore('shown');
  },
  (database, transaction) => {
    for (const store of ['settings', 'contacts', 'shownTokens', 'history', 'grants'] as const) database.createObjectStore(store);
    void withoutKeys(transaction.objectStore('jobs'));
  },
  (database) => void database.createObjectStore('machines', { keyPath: 'peerId' }),
];

/** Throws `database-newer` when a later version of this program made it, `database-unavailable` when it cannot be had. */
export async function openDatabase(name: string = NAME): Promise<RunnerDatabase> {
  try {
    return await openDB<RunnerSchema>(name, VERSION, {
      upgrade(database, from, _to, transaction) {
        for (const step of STEPS.slice(from)) step(database, transaction);
      },
      // Another version of this program wants it: it is let go of, and whoever works here fails loudly.
      blocking: (_current, _blocked, event) => (event.target as IDBDatabase).close(),
    });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'VersionError') {
      throw new NunetError(
        'database-newer',
        'Cannot open the stored jobs: a newer version of NuNet made them; nothing was changed. Install that version again.',
        { cause },
      );
    }
    throw new NunetError('database-unavailable', `Cannot open the stored jobs: ${(cause as Error).message}`, { cause });
  }
}

/** Durable before it resolves: written to disk, not only handed to the operating system. */
export const STRICT = { durability: 'strict' } as const;

/** Keys of one job in a store whose keys begin with it. */
export const ofJob = (jobId: string): IDBKeyRange => IDBKeyRange.bound([jobId], [jobId, []]);

/** Everything of one job, at once or not at all. */
export async function forgetJob(database: RunnerDatabase, jobId: string): Promise<void> {
  const stores = ['jobs', 'entries', 'files', 'blocks', 'logs', 'shown'] as const;
  const transaction = database.transaction(stores, 'readwrite', STRICT);
  await Promise.all([
    transaction.objectStore('jobs').delete(jobId),
    transaction.objectStore('shown').delete(jobId),
    ...(['entries', 'files', 'blocks', 'logs'] as const).map((store) => transaction.objectStore(store).delete(ofJob(jobId))),
    transaction.done,
  ]);
}
