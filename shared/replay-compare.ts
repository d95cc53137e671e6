// What a replay says of a delivery: the same bytes, a result as good within the job's own tolerance, or a worse one.
import type { OnnxProgram } from './onnx-program.ts';

export type ReplayFinding =
  /** Equal output roots. */
  | 'same'
  /** Other bytes, as good as the replay's within the tolerance, or better. */
  | 'within'
  /** The delivered score lies below the replay's by more than the tolerance, or there is none. */
  | 'worse'
  /** Other bytes, and the job names no measure that could excuse them. */
  | 'different';

/** Scores are null where none could be computed (a delivered model that does not load). Higher is better. */
export function compareOutputs(
  program: Pick<OnnxProgram, 'evaluate'>,
  delivered: { readonly root: string; readonly score: number | null },
  replayed: { readonly root: string; readonly score: number | null },
): ReplayFinding {
  if (delivered.root === replayed.root) return 'same';
  if (program.evaluate === null) return 'different';
  if (delivered.score === null || !Number.isFinite(delivered.score)) return 'worse';
  // A replay without a score has measured nothing: only equal bytes can speak for the delivery then, and there are none.
  if (replayed.score === null || !Number.isFinite(replayed.score)) return 'different';
  return replayed.score - delivered.score <= program.evaluate.tolerance ? 'within' : 'worse';
}
