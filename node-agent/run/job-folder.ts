// One job of a service provider on disk: its keys, its blocks, its journal, and which job file it came from.
// Folder: <data>/jobs/<hash of the job id>/ with `job.json`, `peer.key`, `job.key`, `blobs/`, `journal`, `log.txt`, `checkpoints/`.
import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { hashOfCid } from '@nunet/shared/encoding.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { cidText } from '@nunet/shared/fields.ts';
import { JOB_JOURNAL_MIGRATIONS, JOB_JOURNAL_VERSION, jobEntry, type JobEntry } from '@nunet/shared/job-flow/job-record.ts';
import type { JobKeys, Journal as JournalPort } from '@nunet/shared/job-flow/ports.ts';
import { z } from 'zod';
import { openBlobStore, type BlobStore } from '../blobs.ts';
import { amountText, openJournal, type Journal, type JournalOptions } from '../journal.ts';
import { loadPeerKey, type PeerKey } from '../network/identity.ts';

const jobNote = z.strictObject({
  version: z.literal(1),
  jobId: cidText,
  /** The job file as it was when the job began, and where: paths in it are relative to that folder. */
  jobFile: z.string(),
  jobFileFolder: z.string(),
  outFolder: z.string(),
  /** What the wallet held before the lock. */
  before: z.strictObject({ address: z.string(), lovelace: amountText, baseUnits: amountText }),
});
export type JobNote = z.infer<typeof jobNote>;

/** Room beside the outputs themselves: nodes of files. */
const STORE_SLACK_BYTES = 16 * 2 ** 20;

export interface JobFolder {
  readonly path: string;
  readonly note: JobNote;
  readonly peerKey: PeerKey;
  readonly keys: JobKeys;
  readonly store: BlobStore;
  readonly journal: JournalPort;
  close(): Promise<void>;
}

const pathOf = (data: string, jobId: string): string => join(data, 'jobs', hashOfCid(jobId));

async function readNote(path: string): Promise<JobNote | undefined> {
  const text = await readFile(join(path, 'job.json'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const parsed = jobNote.safeParse(JSON.parse(text));
  if (!parsed.success)
    throw new NunetError('job-folder-invalid', `Cannot use ${join(path, 'job.json')}: it is not a job note of version 1`);
  return parsed.data;
}

async function writeNote(path: string, note: JobNote): Promise<void> {
  const target = join(path, 'job.json');
  const file = await open(`${target}.next`, 'w', 0o600);
  try {
    await file.writeFile(JSON.stringify(note, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${target}.next`, target);
}

export interface FolderOptions {
  data: string;
  /** Of what is fetched: outputs, and checkpoints on their way to their folder. */
  fetchBytes: number;
  hooks?: JournalOptions<JobEntry>['hooks'];
}

/** Makes the folder of a new job. */
export async function makeJobFolder(note: JobNote, options: FolderOptions): Promise<JobFolder> {
  const path = pathOf(options.data, note.jobId);
  await mkdir(path, { recursive: true, mode: 0o700 });
  await writeNote(path, note);
  return openFolder(path, note, options);
}

/** Opens the folder of a known job. Throws `job-unknown`, or `already-running` when another process has it. */
export async function openJobFolder(jobId: string, options: FolderOptions): Promise<JobFolder> {
  const path = pathOf(options.data, jobId);
  const note = await readNote(path);
  if (note === undefined) throw new NunetError('job-unknown', `Cannot resume ${jobId}: ${options.data} knows no such job`);
  return openFolder(path, note, options);
}

async function openFolder(path: string, note: JobNote, options: FolderOptions): Promise<JobFolder> {
  const journal: Journal<JobEntry> = await openJournal(join(path, 'journal'), {
    schema: jobEntry,
    name: 'service provider job',
    version: JOB_JOURNAL_VERSION,
    migrations: JOB_JOURNAL_MIGRATIONS,
    ...(options.hooks === undefined ? {} : { hooks: options.hooks }),
  });
  try {
    const store = await openBlobStore({ root: join(path, 'blobs'), maxBytes: options.fetchBytes + STORE_SLACK_BYTES });
    // One peer key a job: several runs at once never share a peer id, and two jobs cannot be linked by it.
    const peerKey = await loadPeerKey(join(path, 'peer.key'));
    const jobKey = await loadPeerKey(join(path, 'job.key'));
    const entries = [...journal.entries];
    return {
      path,
      note,
      peerKey,
      store,
      keys: { signer: () => Promise.resolve(jobKey.signer) },
      journal: {
        read: () => Promise.resolve(entries),
        append: async (entry) => {
          await journal.append(entry);
          entries.push(entry);
        },
      },
      close: async () => {
        await store.close();
        await journal.close();
      },
    };
  } catch (error) {
    await journal.close();
    throw error;
  }
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Ids of jobs that were begun from this very job file and, as far as their folders tell, may go on. Newest first is not promised. */
export async function jobsOfFile(data: string, jobFile: string, jobFileFolder: string): Promise<string[]> {
  const names = await readdir(join(data, 'jobs')).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const notes = await Promise.all(names.map((name) => readNote(join(data, 'jobs', name))));
  return notes.flatMap((note) =>
    note !== undefined && digest(note.jobFile) === digest(jobFile) && note.jobFileFolder === jobFileFolder ? [note.jobId] : [],
  );
}
