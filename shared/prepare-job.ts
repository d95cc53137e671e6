// From a job file and its hashed inputs to a spec and a quote request: the graph is checked before anybody is asked. Files are read by the caller.
import { containerProblems } from './container-problems.ts';
import { containerWorkOf } from './container-program.ts';
import { cidOf, encode, parse } from './encoding.ts';
import { NunetError } from './errors.ts';
import type { Network } from './fields.ts';
import { specOf, type JobFile } from './job-file.ts';
import { jobSpec, MAX_SPEC_BYTES, type InputFile, type JobSpec } from './job-spec.ts';
import type { NetworkRecord } from './network-record.ts';
import { checkJob, type FileStart } from './onnx/check-job.ts';
import { summarizeGraph } from './onnx/graph.ts';
import type { QuoteRequest } from './quote.ts';

/**
 * The spec of one run, with everything that will travel checked. `nonce` is 16 random bytes in hex; `open` gives an input by its
 * name, null when the job file names none such. Throws `job-file-invalid`, `graph-...`, `npy-invalid`, `program-...`, `spec-...`.
 */
export async function prepareSpec(
  file: JobFile,
  context: { network: Network; nonce: string; inputs: InputFile[] },
  open: (name: string) => Promise<FileStart | null>,
): Promise<JobSpec> {
  const spec = parse(jobSpec, specOf(file, context), 'job spec');
  const specBytes = encode(spec).length;
  // Found out after the lock, it would be a job that no agent can be told of.
  if (specBytes > MAX_SPEC_BYTES) {
    const message = `Cannot prepare the job: its spec has ${specBytes} bytes, at most ${MAX_SPEC_BYTES} travel; shorten arguments or environment`;
    throw new NunetError('spec-too-large', message);
  }
  if (spec.program.kind === 'container') {
    const [problem] = containerProblems(spec);
    if (problem !== undefined) throw new NunetError('spec-invalid', `Cannot prepare the job: ${problem.field}: ${problem.message}`);
    return spec;
  }
  await checkJob(spec, async (name) => {
    const input = await open(name);
    if (input === null) throw new NunetError('job-file-invalid', `Cannot read job file: program names the file "${name}", inputs do not`);
    return input;
  });
  return spec;
}

/** What agents are asked. `graph` is the bytes of an onnx program's graph. */
export function requestOf(
  spec: JobSpec,
  parts: {
    graph: Uint8Array | null;
    record: NetworkRecord;
    peerId: string;
    address: string;
    voucherKey: string;
    stream?: boolean | undefined;
  },
): QuoteRequest {
  const { program } = spec;
  const workOf = (): QuoteRequest['work'] => {
    if (program.kind === 'container') return containerWorkOf(program);
    if (parts.graph === null) throw new NunetError('graph-missing', 'Cannot ask for quotes: the graph of the job was not read');
    return { kind: 'onnx', graph: summarizeGraph(parts.graph) };
  };
  return {
    v: 1,
    network: spec.network,
    jobId: cidOf(encode(spec)),
    work: workOf(),
    resources: spec.resources,
    inputBytes: spec.inputs.reduce((sum, input) => sum + input.bytes, 0),
    outputLimitBytes: spec.outputLimitBytes,
    timeLimitMs: spec.timeLimitMs,
    delivery: spec.delivery,
    replay: spec.replay,
    serviceProvider: { peerId: parts.peerId, address: parts.address },
    voucherKey: parts.voucherKey,
    oracleKeys: parts.record.oracles
      .map((oracle) => oracle.key)
      .sort()
      .slice(0, 9),
    k: parts.record.k,
    ...(parts.stream === true ? { stream: true as const } : {}),
  };
}
