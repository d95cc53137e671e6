// GraphSummary: what an agent must know of an ONNX graph to say yes or no before it sees the graph.
import { z } from 'zod';
import { byteCount, cidText } from './fields.ts';

/** Made by `summarizeGraph` from the real bytes; the agent makes it again after the lock and refuses on any difference. */
export const graphSummary = z.strictObject({
  cid: cidText,
  bytes: byteCount,
  /** Opset of the default domain. */
  opset: z.int().min(1).max(1000),
  /** Sorted and distinct: "Gemm" for the default domain, "com.microsoft:Gelu" for others. */
  operators: z.array(z.string().regex(/^[A-Za-z0-9_.:-]{1,120}$/)).max(400),
  /** True when any tensor keeps its bytes outside the file: always refused. */
  externalData: z.boolean(),
});
export type GraphSummary = z.infer<typeof graphSummary>;
