// The check of a job's real files before it runs: graphs, tensor headers, and the program over both.
import { NunetError } from '../errors.ts';
import type { JobSpec } from '../job-spec.ts';
import { graphFacts, readGraphDetails, type GraphDetails } from './graph.ts';
import { graphProblems } from './graph-problems.ts';
import { NPY_HEADER_BYTES, readNpyHeader, type NpyHeader } from './npy.ts';
import { programProblems } from './program-problems.ts';
import { MAX_GRAPH_BYTES, type OnnxProgram } from '../onnx-program.ts';

/**
 * Least memory of an embedded job: the runtime takes 28 MiB at rest and about 60 MiB with a small graph open (RLIMIT_DATA, measured),
 * and the spec's figure bounds the whole child.
 */
export const MIN_MEMORY_BYTES = 128 * 2 ** 20;

/** A file as far as it must be read: its size, and its first bytes. */
export interface FileStart {
  bytes: number;
  /** The first `length` bytes, or all of a shorter file. */
  start(length: number): Promise<Uint8Array>;
}

/** Reads a graph file, checked: throws `graph-...`. */
export async function checkedGraph(file: FileStart, name: string): Promise<GraphDetails> {
  if (file.bytes > MAX_GRAPH_BYTES)
    throw new NunetError('graph-too-large', `Cannot run graph ${name}: ${file.bytes} bytes, at most ${MAX_GRAPH_BYTES} are taken`);
  const bytes = await file.start(file.bytes);
  const { details, facts } = read(bytes, name);
  const [problem] = graphProblems(facts);
  if (problem !== undefined) throw new NunetError(problem.code, `${problem.message} (${name})`);
  return details;
}

function read(bytes: Uint8Array, name: string): { details: GraphDetails; facts: ReturnType<typeof graphFacts> } {
  try {
    const details = readGraphDetails(bytes);
    return { details, facts: graphFacts(details) };
  } catch (error) {
    if (!(error instanceof NunetError) || error.code !== 'graph-malformed') throw error;
    throw new NunetError('graph-malformed', `${error.message}; ${name} is cut short or not an ONNX file`, { cause: error });
  }
}

/** The header of a tensor file, which must be whole: throws `npy-invalid`. */
async function tensorHeader(file: FileStart, name: string): Promise<NpyHeader> {
  const header = readNpyHeader(await file.start(NPY_HEADER_BYTES), name);
  if (header.fileBytes !== file.bytes)
    throw new NunetError('npy-invalid', `Cannot read ${name} as .npy: ${file.bytes} bytes, its header promises ${header.fileBytes}`);
  return header;
}

const feedFiles = (feeds: OnnxProgram['feeds']): string[] =>
  Object.values(feeds).flatMap((feed) => (feed.from === 'file' ? [feed.file] : []));

/** Inputs that the run itself reads, the graph first: what the child is sent. */
export function filesOf(plan: Pick<OnnxProgram, 'graph' | 'feeds' | 'outputs'>): string[] {
  const models = plan.outputs.flatMap((output) => (output.kind === 'model' ? [output.graph] : []));
  return [...new Set([plan.graph, ...models, ...feedFiles(plan.feeds)])];
}

/** Throws NunetError for the first thing that keeps the job from running: `spec-...`, `graph-...`, `npy-invalid`, `program-...`. */
export async function checkJob(spec: JobSpec, input: (name: string) => Promise<FileStart>): Promise<OnnxProgram> {
  const { program, resources } = spec;
  if (program.kind !== 'onnx')
    throw new NunetError('spec-kind', `Cannot run the job: its kind is ${program.kind}, this executor takes onnx`);
  if (resources.gpus > 0)
    throw new NunetError('spec-gpus', `Cannot run the job: it wants ${resources.gpus} GPUs, this executor computes on the CPU`);
  if (resources.memoryBytes < MIN_MEMORY_BYTES) {
    throw new NunetError(
      'spec-memory',
      `Cannot run the job: it grants itself ${resources.memoryBytes} bytes of memory, want at least ${MIN_MEMORY_BYTES}`,
    );
  }
  const sizes = new Map(spec.inputs.map((input) => [input.name, input.bytes]));
  const evaluation = program.evaluate?.evaluation;
  const graphs = new Map<string, GraphDetails>();
  const tensors = new Map<string, NpyHeader>();
  const wantedGraphs = [
    program.graph,
    ...program.outputs.flatMap((output) => (output.kind === 'model' ? [output.graph] : [])),
    evaluation?.graph ?? '',
  ];
  for (const name of new Set(wantedGraphs)) if (sizes.has(name)) graphs.set(name, await checkedGraph(await input(name), name));
  for (const name of new Set([...feedFiles(program.feeds), ...feedFiles(evaluation?.feeds ?? {})])) {
    if (sizes.has(name)) tensors.set(name, await tensorHeader(await input(name), name));
  }
  const problems = programProblems(program, { graph: (name) => graphs.get(name) ?? null, tensor: (name) => tensors.get(name) ?? null });
  const [first] = problems;
  if (first !== undefined)
    throw new NunetError(first.code, `Cannot run the job: ${problems.map((problem) => problem.message).join('; ')}`.slice(0, 1000));
  return program;
}
