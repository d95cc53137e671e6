// OnnxSession: the few verbs that a run needs of an ONNX runtime, so that onnxruntime-node and onnxruntime-web both fit.
import type { Dtype } from './npy.ts';

/** As onnxruntime-common's Tensor; `data` is the typed array of the type (BigInt64Array for int64, Uint8Array for bool). */
export interface OnnxTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
}

export interface OnnxSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(feeds: Record<string, OnnxTensor>, fetches: readonly string[]): Promise<Record<string, OnnxTensor>>;
  release(): Promise<void>;
}

export interface OnnxRuntime {
  open(graph: Uint8Array): Promise<OnnxSession>;
  /** `bytes` are little-endian elements, 8-byte aligned and owned by the tensor. */
  tensor(dtype: Dtype, shape: readonly number[], bytes: Uint8Array): OnnxTensor;
}
