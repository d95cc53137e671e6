// May this graph run here? One pure rule for the service provider's pre-flight, the agent's quote and its check after the lock.
import type { GraphSummary } from '../onnx-graph-summary.ts';
import { MAX_GRAPH_BYTES } from '../onnx-program.ts';
import type { Reason } from '../quote.ts';
import { MAX_OPSET, MIN_OPSET, SUPPORTED_OPERATORS } from './operators.ts';

/** Reasons not to run the graph, none when it may run. Codes: `graph-too-large`, `graph-external-data`, `graph-opset`, `graph-operator`. */
export function graphProblems(
  summary: Omit<GraphSummary, 'cid'>,
  limits: { readonly maxBytes: number } = { maxBytes: MAX_GRAPH_BYTES },
): Reason[] {
  const problems: Reason[] = [];
  const most = Math.min(limits.maxBytes, MAX_GRAPH_BYTES);
  if (summary.bytes > most) {
    problems.push({ code: 'graph-too-large', message: `Cannot run the graph: it has ${summary.bytes} bytes, at most ${most} are taken` });
  }
  if (summary.externalData) {
    problems.push({
      code: 'graph-external-data',
      message: 'Cannot run the graph: it keeps tensors in other files; save it as one file with its data inside',
    });
  }
  if (summary.opset < MIN_OPSET || summary.opset > MAX_OPSET) {
    problems.push({
      code: 'graph-opset',
      message: `Cannot run the graph: it is written for opset ${summary.opset}, ${MIN_OPSET} to ${MAX_OPSET} are taken`,
    });
  }
  const foreign = summary.operators.filter((operator) => !SUPPORTED_OPERATORS.has(operator));
  if (foreign.length > 0) {
    const some = foreign.slice(0, 5).join(', ');
    const more = foreign.length > 5 ? ` and ${foreign.length - 5} more` : '';
    problems.push({
      code: 'graph-operator',
      message: `Cannot run the graph: operator ${some}${more} is not taken; allowed are those that onnxruntime 1.27 has on a CPU`.slice(
        0,
        500,
      ),
    });
  }
  return problems;
}
