// From a job file and the files that were dropped to a job that can be quoted: everything hashed, checked, and named before anything is kept.
import { NunetError } from '@nunet/shared/errors.ts';
import { parseJobFile, type JobFile } from '@nunet/shared/job-file.ts';
import { openedEntry, type JobEntry } from '@nunet/shared/job-flow/job-record.ts';
import type { InputFile, JobSpec } from '@nunet/shared/job-spec.ts';
import type { NetworkRecord } from '@nunet/shared/network-record.ts';
import type { FileStart } from '@nunet/shared/onnx/check-job.ts';
import { prepareSpec, requestOf } from '@nunet/shared/prepare-job.ts';
import { bytesToHex } from '@noble/hashes/utils.js';
import { hashFile } from './block-store.ts';
import type { StoredFile } from './database.ts';

/** A browser keeps them all; more than this is a job for the command line. */
const MAX_TOTAL_BYTES = 4 * 2 ** 30;

export interface PreparedJob {
  jobId: string;
  spec: JobSpec;
  entry: JobEntry;
  /** By CID. */
  files: Map<string, StoredFile>;
  checkFiles: Record<string, string>;
}

const startOf = (content: Blob): FileStart => ({
  bytes: content.size,
  start: async (length) => new Uint8Array(await content.slice(0, length).arrayBuffer()),
});

const namedFiles = (file: JobFile): [field: string, path: string][] => [
  ...Object.entries(file.inputs).map(([name, path]): [string, string] => [`inputs.${name}`, path]),
  ...(file.check.type === 'none'
    ? []
    : Object.entries(file.check.files).map(([name, path]): [string, string] => [`check.files.${name}`, path])),
];

/** Throws `job-file-invalid`, naming each file that is missing, and as `prepareSpec`. */
export async function prepareJob(
  text: string,
  given: ReadonlyMap<string, Blob>,
  parts: {
    record: NetworkRecord;
    peerId: string;
    address: string;
    /** Of the job's key: it signs vouchers, acknowledgement, dispute and cancel of this job. */
    voucherKey: string;
    random: (bytes: number) => Uint8Array;
    now: number;
    signal: AbortSignal;
  },
): Promise<PreparedJob> {
  const { record, random, signal } = parts;
  const file = parseJobFile(text);
  const wanted = namedFiles(file);
  const lines = wanted.filter(([, path]) => !given.has(path)).map(([field, path]) => `  ${field}: ${path.slice(0, 200)} was not given`);
  if (lines.length > 0) throw new NunetError('job-file-invalid', `Cannot read job file:\n${lines.slice(0, 20).join('\n')}`);
  const total = [...new Set(wanted.map(([, path]) => path))].reduce((sum, path) => sum + (given.get(path)?.size ?? 0), 0);
  if (total > MAX_TOTAL_BYTES)
    throw new NunetError('job-file-invalid', `Cannot prepare the job: its files have ${total} bytes, at most ${MAX_TOTAL_BYTES} are kept`);

  const files = new Map<string, StoredFile>();
  const cids = new Map<string, string>();
  const kept = async (path: string): Promise<string> => {
    const known = cids.get(path);
    const content = given.get(path);
    if (known !== undefined || content === undefined) return known ?? '';
    const { cid, node } = await hashFile(content, signal);
    files.set(cid, { node, content });
    cids.set(path, cid);
    return cid;
  };
  const inputs: InputFile[] = [];
  for (const [name, path] of Object.entries(file.inputs)) inputs.push({ name, cid: await kept(path), bytes: given.get(path)?.size ?? 0 });
  const checkFiles: Record<string, string> = {};
  if (file.check.type !== 'none') for (const path of Object.values(file.check.files)) checkFiles[path] = await kept(path);

  const inputAt = (name: string): Blob | undefined => given.get(file.inputs[name] ?? '');
  const spec = await prepareSpec(file, { network: record.network, nonce: bytesToHex(random(16)), inputs }, async (name) => {
    const content = inputAt(name);
    return content === undefined ? null : startOf(content);
  });
  const graph = spec.program.kind === 'onnx' ? inputAt(spec.program.graph) : undefined;
  const request = requestOf(spec, {
    graph: graph === undefined ? null : new Uint8Array(await graph.arrayBuffer()),
    record,
    peerId: parts.peerId,
    address: parts.address,
    voucherKey: parts.voucherKey,
    stream: file.stream,
  });
  return { jobId: request.jobId, spec, entry: openedEntry(spec, request, file.budgetBaseUnits, parts.now), files, checkFiles };
}
