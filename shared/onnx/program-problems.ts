// Does this program fit its graph and its files? Names the field, what it says and what is allowed, before anything runs or is paid.
import type { OnnxProgram } from '../onnx-program.ts';
import type { Reason } from '../quote.ts';
import type { GraphDetails, GraphValue } from './graph.ts';
import { elementCount, type NpyHeader } from './npy.ts';

/** What is known of the inputs: graphs and tensor headers by file name; null for a file that the job does not list. */
export interface ProgramFiles {
  graph(name: string): GraphDetails | null;
  tensor(name: string): NpyHeader | null;
}

const MAX_PROBLEMS = 16;
const some = (names: Iterable<string>): string => {
  const all = [...names];
  if (all.length === 0) return 'there is none';
  return `allowed: ${all.slice(0, 12).join(', ')}${all.length > 12 ? `, and ${all.length - 12} more` : ''}`;
};

const shapeText = (shape: readonly (number | null)[]): string => `(${shape.map((size) => size ?? '?').join(', ')})`;

/** Reasons why the program cannot run, at most 16; none when it can. Codes: `program-unknown-name`, `program-mismatch`. */
export function programProblems(program: OnnxProgram, files: ProgramFiles): Reason[] {
  const problems: Reason[] = [];
  const say = (code: 'program-unknown-name' | 'program-mismatch', field: string, message: string): void => {
    if (problems.length < MAX_PROBLEMS) problems.push({ code, message: `program.${field}: ${message}`.slice(0, 500) });
  };

  const graph = files.graph(program.graph);
  if (graph === null) {
    say('program-unknown-name', 'graph', `"${program.graph}" is not among the job's inputs`);
    return problems;
  }
  const inputs = new Map(graph.inputs.map((input) => [input.name, input]));
  const outputs = new Map(graph.outputs.map((output) => [output.name, output]));
  const defaults = new Set(graph.initializers.map((initializer) => initializer.name));
  const wantOutput = (field: string, name: string): void => {
    if (!outputs.has(name)) say('program-unknown-name', field, `the graph has no output "${name}"; ${some(outputs.keys())}`);
  };

  const feeds = new Map(Object.entries(program.feeds));
  const rowCounts = new Map<string, number>();
  for (const [name, feed] of feeds) {
    const field = `feeds.${name}`;
    const input = inputs.get(name);
    if (input === undefined) {
      say('program-unknown-name', field, `the graph has no such input; ${some(inputs.keys())}`);
      continue;
    }
    if (feed.from === 'value') {
      if (elementCount(feed.shape) !== feed.values.length)
        say(
          'program-mismatch',
          field,
          `shape ${shapeText(feed.shape)} needs ${elementCount(feed.shape)} values, there are ${feed.values.length}`,
        );
      sameTensor(field, input, feed.dtype, feed.shape);
      continue;
    }
    const header = files.tensor(feed.file);
    if (header === null) {
      say('program-unknown-name', field, `"${feed.file}" is not among the job's inputs`);
      continue;
    }
    if (feed.rows) {
      const rows = header.shape[0];
      if (rows === undefined) say('program-mismatch', field, `"${feed.file}" is one number and has no rows`);
      else rowCounts.set(feed.file, rows);
      // The batch decides the first dimension.
      const first = program.batches === null ? (rows ?? null) : input.shape?.[0] === program.batches.size ? program.batches.size : null;
      if (rows !== undefined && first === null && typeof input.shape?.[0] === 'number') {
        say('program-mismatch', field, `the graph wants ${input.shape[0]} rows a step, batches.size is ${program.batches?.size}`);
      } else if (rows !== undefined) sameTensor(field, input, header.dtype, [first, ...header.shape.slice(1)]);
    } else sameTensor(field, input, header.dtype, header.shape);
  }
  for (const name of inputs.keys()) {
    if (!feeds.has(name) && !defaults.has(name)) say('program-unknown-name', 'feeds', `input "${name}" of the graph gets no value`);
  }
  if (new Set(rowCounts.values()).size > 1) {
    const counts = [...rowCounts].map(([file, rows]) => `${file} ${rows}`).join(', ');
    say('program-mismatch', 'feeds', `files with "rows": true must have equally many rows, they have: ${counts}`);
  }
  const hasRows = rowCounts.size > 0;
  if (program.batches !== null && !hasRows)
    say('program-mismatch', 'batches', 'no feed has "rows": true, so there is nothing to batch; want null');

  const fed = new Set<string>();
  program.feedback.forEach((pair, i) => {
    wantOutput(`feedback.${i}.output`, pair.output);
    const feed = feeds.get(pair.input);
    if (feed === undefined)
      say('program-unknown-name', `feedback.${i}.input`, `"${pair.input}" has no first value in feeds; ${some(feeds.keys())}`);
    else if (feed.from === 'file' && feed.rows)
      say('program-mismatch', `feedback.${i}.input`, `"${pair.input}" is fed rows and cannot keep state`);
    if (fed.has(pair.input)) say('program-mismatch', `feedback.${i}.input`, `"${pair.input}" is fed back twice`);
    fed.add(pair.input);
  });

  program.metrics.forEach((metric, i) => {
    wantOutput(`metrics.${i}.output`, metric.output);
    if (program.metrics.findIndex((other) => other.name === metric.name) !== i)
      say('program-mismatch', `metrics.${i}.name`, `"${metric.name}" is there twice`);
  });

  const stateNames = new Set(program.feedback.flatMap((pair) => [pair.input, pair.output]));
  const models = new Set<string>();
  program.outputs.forEach((output, i) => {
    if (output.kind === 'tensor') {
      wantOutput(`outputs.${i}.output`, output.output);
      if (output.rows && !hasRows) say('program-mismatch', `outputs.${i}.rows`, 'no feed has "rows": true');
      return;
    }
    models.add(output.name);
    const model = files.graph(output.graph);
    if (model === null) {
      say('program-unknown-name', `outputs.${i}.graph`, `"${output.graph}" is not among the job's inputs`);
      return;
    }
    const places = new Set([...model.initializers, ...model.inputs].map((value) => value.name));
    output.initializers.forEach(({ initializer, state }, j) => {
      const field = `outputs.${i}.initializers.${j}`;
      if (!places.has(initializer))
        say(
          'program-unknown-name',
          `${field}.initializer`,
          `"${output.graph}" has no initializer or input "${initializer}"; ${some(places)}`,
        );
      if (!stateNames.has(state)) say('program-unknown-name', `${field}.state`, `no feedback pair keeps "${state}"; ${some(stateNames)}`);
    });
  });

  if (program.evaluate !== null) {
    const { evaluation } = program.evaluate;
    if (!models.has(evaluation.graph) && files.graph(evaluation.graph) === null) {
      say(
        'program-unknown-name',
        'evaluate.evaluation.graph',
        `"${evaluation.graph}" is neither a model of the outputs (${some(models)}) nor an input`,
      );
    }
    for (const [name, feed] of Object.entries(evaluation.feeds)) {
      if (feed.from === 'file' && files.tensor(feed.file) === null)
        say('program-unknown-name', `evaluate.evaluation.feeds.${name}`, `"${feed.file}" is not among the job's inputs`);
    }
  }
  return problems;

  function sameTensor(field: string, input: GraphValue, dtype: string, shape: readonly (number | null)[]): void {
    if (input.dtype !== null && input.dtype !== dtype) say('program-mismatch', field, `it is ${dtype}, the graph wants ${input.dtype}`);
    const want = input.shape;
    if (want === null) return;
    const fits = want.length === shape.length && want.every((size, i) => size === null || shape[i] === null || size === shape[i]);
    if (!fits) say('program-mismatch', field, `it has shape ${shapeText(shape)}, the graph wants ${shapeText(want)}`);
  }
}
