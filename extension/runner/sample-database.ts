// A database in memory with sample jobs in it, for tests of the runner.
import 'fake-indexeddb/auto';
import type { JobEntry } from '@nunet/shared/job-flow/job-record.ts';
import type { FakeWorld } from '@nunet/shared/job-flow/fake-world.ts';
import { encodeFileNode } from '@nunet/shared/file-dag.ts';
import { assetUnit } from '@nunet/contracts/value.ts';
import { sampleManifest, sampleRecord, sampleSigner, sampleSpec } from '@nunet/shared/samples.ts';
import { STRICT, openDatabase, type JobNote, type RunnerDatabase } from './database.ts';
import type { JobKeyNote } from './job-keys.ts';

let opened = 0;

/** An empty one of its own; the name opens it again. */
export const emptyDatabase = async (): Promise<{ database: RunnerDatabase; name: string }> => {
  const name = `test-${opened++}`;
  return { database: await openDatabase(name), name };
};

/** A job file that asks for no check of its own. */
export const sampleJobFile = JSON.stringify({
  version: 1,
  title: 'add one',
  resources: { cpus: 1, memoryBytes: 2 ** 28, diskBytes: 2 ** 20, gpus: 0 },
  timeLimitMs: 60_000,
  outputLimitBytes: 2 ** 20,
  budget: '100',
  inputs: { 'graph.onnx': 'graph.onnx', 'x.npy': 'x.npy' },
  program: sampleSpec.program,
});

/** The key of the world's job, as a vault would have derived it. */
export const sampleKeyNote: JobKeyNote = {
  keyId: '0f'.repeat(16),
  publicKey: sampleSigner('job key').publicKey,
  account: 0,
  payment: sampleSigner('payment').publicKey,
};

/** Puts the world's job into the database, where it stands, with its output at hand as if it had been fetched. */
export async function keepWorld(
  database: RunnerDatabase,
  world: FakeWorld,
  note: Partial<JobNote> = {},
  entries: readonly JobEntry[] = world.readEntries(),
): Promise<JobNote> {
  const { jobId } = world.quote.body;
  const kept: JobNote = {
    jobId,
    jobFile: sampleJobFile,
    title: 'add one',
    openedAtMs: world.clock.now(),
    askBeforeAnswer: false,
    assetUnit: assetUnit(sampleRecord.asset),
    checkFiles: {},
    key: sampleKeyNote,
    ...note,
  };
  const [output] = sampleManifest(world.quote.cid).outputs;
  const transaction = database.transaction(['jobs', 'entries', 'files'], 'readwrite', STRICT);
  await Promise.all([
    transaction.objectStore('jobs').add(kept),
    ...entries.map((entry, number) => transaction.objectStore('entries').add(entry, [jobId, number])),
    transaction
      .objectStore('files')
      .add({ node: encodeFileNode({ bytes: 1, blocks: [output?.cid ?? ''] }).bytes, content: new Blob(['y']) }, [jobId, output?.cid ?? '']),
    transaction.done,
  ]);
  return kept;
}
