// A job's files over the block protocol: inputs fetched from the service provider, outputs served from where they were written.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesToHex } from '@noble/hashes/utils.js';
import { encode, hashOfCid } from '@nunet/shared/encoding.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { rawCid } from './blob-file.ts';
import type { BlobStore } from './blobs.ts';
import type { JobFiles } from './execution.ts';
import { fetchDownloads, type Web } from './job-downloads.ts';
import type { Job, JobBook } from './job-book.ts';
import type { ReadBlock } from '@nunet/shared/peer-server.ts';
import { deliveredOpen } from './delivered.ts';
import { sealOutputs } from './sealing.ts';
import { fetchFiles } from './network/blocks.ts';
import type { NetworkNode } from './network/node.ts';

/** Work folders are named by the job's hash: 64 characters, whatever the CID's text may grow to. */
export const workFolder = (root: string, jobId: string): string => join(root, hashOfCid(jobId));

/** Beside the work folder, which the executor makes and deletes by itself. */
const downloadFolder = (root: string, jobId: string): string => `${workFolder(root, jobId)}.web`;

export interface JobFilesParts {
  store: BlobStore;
  node: NetworkNode;
  workRoot: string;
  web: Web;
  /** Hosts that the owner lets files come from. */
  downloadHosts(): readonly string[];
}

export function jobFiles(parts: JobFilesParts): JobFiles {
  const { store, node, workRoot } = parts;
  return {
    async fetchInputs(job, onBytes, signal) {
      const { inputs } = job.spec;
      const fetch = {
        node,
        peer: job.quote.body.serviceProvider.peerId,
        jobId: job.jobId,
        files: inputs.map(({ cid, bytes }) => ({ cid, expectedBytes: bytes })),
        store,
        onProgress: ({ doneBytes }: { doneBytes: number }) => onBytes(doneBytes),
        signal,
      };
      await fetchFiles(fetch);
      const paths = new Map<string, string>();
      for (const { name, cid } of inputs) {
        // Blocks that a power cut lost are found when the file is read through, and fetched again.
        const path = await store.pathOf(job.jobId, cid).catch(async (error: unknown) => {
          if (!(error instanceof NunetError) || error.code !== 'file-incomplete') throw error;
          await fetchFiles(fetch);
          return store.pathOf(job.jobId, cid);
        });
        paths.set(name, path);
      }
      return (name) => {
        const path = paths.get(name);
        if (path === undefined) throw new NunetError('input-unknown', `Cannot open input ${name}: the spec has none of that name`);
        return path;
      };
    },
    fetchDownloads: async ({ spec, jobId }, onBytes, signal) =>
      fetchDownloads(spec, downloadFolder(workRoot, jobId), { ...parts.web, hosts: parts.downloadHosts(), onBytes, signal }),
    workDir: (job) => workFolder(workRoot, job.jobId),
    async keepOutputs(job, outputs, key) {
      const workDir = workFolder(workRoot, job.jobId);
      if (key !== null) return sealOutputs(key, job.jobId, outputs, { workDir, store });
      const kept = await Promise.all(
        outputs.map(async ({ name, path }) => ({ name, ...(await store.adoptFile(job.jobId, path, { within: workDir })) })),
      );
      return deliveredOpen(kept);
    },
    adopt: (job, path) => store.adoptFile(job.jobId, path, { within: workFolder(workRoot, job.jobId) }),
    standAlone: (job) => store.files(job.jobId).every(({ imported }) => !imported),
    drop: (job, cid) =>
      store.retain(
        job.jobId,
        new Set(
          store
            .files(job.jobId)
            .map((file) => file.cid)
            .filter((other) => other !== cid),
        ),
      ),
    async keep(job) {
      await store.retain(job.jobId, new Set(readLater(job)));
      return store.files(job.jobId).reduce((sum, { bytes }) => sum + bytes, 0);
    },
    async remove({ jobId }) {
      await rm(downloadFolder(workRoot, jobId), { recursive: true, force: true });
      await store.remove(jobId);
    },
  };
}

/** What of a job its service provider may still want once it is over: of a sealed one, what it was delivered. */
function readLater({ manifest, checkpoint }: Job): string[] {
  const delivered = manifest?.body.outputs.map(({ cid }) => cid) ?? [];
  const { leaves } = manifest?.body.delivery ?? {};
  return [...delivered, ...(leaves === undefined ? [] : [leaves.cid]), ...(checkpoint === undefined ? [] : [checkpoint.file.cid])];
}

/** Who may read which block: the service provider its own job's; anybody those of a public job that has a result to be checked. */
export const readableBlocks =
  (book: JobBook, store: BlobStore): ReadBlock =>
  async (jobId, cid, peerId) => {
    const job = book.find(jobId);
    if (job === undefined) return null;
    const own = job.quote.body.serviceProvider.peerId === peerId;
    // Code is never replayed, so nobody else has a use for its files; its checkpoints are among them.
    const open = job.quote.body.replay === 'public' && job.spec.program.kind === 'onnx' && job.manifest !== undefined;
    return own || open ? store.read(jobId, cid) : null;
  };

/** The graph that came, against the summary that was quoted for. Throws `graph-other`, or as `summarizeGraph`. */
export async function checkGraph(job: Job, readInput: (name: string) => Promise<Uint8Array>): Promise<void> {
  const { work } = job.request;
  const { program } = job.spec;
  if (work.kind !== 'onnx' || program.kind !== 'onnx') return;
  const { summarizeGraph } = await import('@nunet/shared/onnx/graph.ts');
  const real = summarizeGraph(await readInput(program.graph), rawCid);
  if (bytesToHex(encode(real)) !== bytesToHex(encode(work.graph))) {
    throw new NunetError('graph-other', `Cannot run the job: its graph ${real.cid} is not the one that was quoted, ${work.graph.cid}`);
  }
}
