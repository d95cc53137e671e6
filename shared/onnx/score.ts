// Scores a delivered model: an Evaluation is a run without feedback and without outputs, and its metric is the score.
import { NunetError } from '../errors.ts';
import type { Evaluation } from '../onnx-program.ts';
import { runProgram, type RunInputs, type RunPlan } from './run.ts';

/** The run that an evaluation stands for. */
export const evaluationPlan = (evaluation: Evaluation): RunPlan => ({
  graph: evaluation.graph,
  feeds: evaluation.feeds,
  feedback: [],
  batches: evaluation.batchSize === null ? null : { size: evaluation.batchSize, dropLast: false, shuffleSeed: null },
  epochs: 1,
  metrics: [evaluation.metric],
  outputs: [],
});

/**
 * The score of a model over given files, averaged over rows. Throws `program-failed`. A model from a stranger belongs in a confined
 * process: see `EmbeddedExecutor.score`; this runs wherever it is called.
 */
export async function score(evaluation: Evaluation, inputs: Omit<RunInputs, 'onProgress'>): Promise<number> {
  const { metrics } = await runProgram(evaluationPlan(evaluation), { ...inputs, onProgress: () => {} });
  const value = metrics[0]?.value;
  if (value === undefined || !Number.isFinite(value)) {
    throw new NunetError('program-failed', `Metric "${evaluation.metric.name}" is ${value}, want a number`);
  }
  return value;
}
