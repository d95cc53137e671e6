// C = AB in float32 by onnxruntime: the same graph for the benchmark, the challenge, and on a GPU where onnxruntime has a way to one.
import { createRequire } from 'node:module';
import type * as Ort from 'onnxruntime-node';
import { GraphBuilder, type Value } from '@nunet/shared/onnx/build.ts';

const ort = createRequire(import.meta.url)('onnxruntime-node') as typeof Ort;

/** Ways to compute that the npm package of onnxruntime may bring; the first is always there. */
export type ComputeWay = 'cpu' | 'cuda' | 'webgpu';

function productGraph(size: number): Uint8Array {
  const graph = new GraphBuilder();
  const square = (name: string): Value => ({ name, dtype: 'float32', shape: [size, size] });
  graph.node('MatMul', ['a', 'b'], 'c');
  return graph.model('product', [square('a'), square('b')], [square('c')]);
}

export interface MatrixProduct {
  multiply(a: Float32Array, b: Float32Array): Promise<Float32Array>;
  release(): Promise<void>;
}

/** Throws what onnxruntime throws where it has not that way. */
export async function openProduct(size: number, threads: number, way: ComputeWay = 'cpu'): Promise<MatrixProduct> {
  const session = await ort.InferenceSession.create(productGraph(size), {
    executionProviders: [way],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 3,
    // Without this onnxruntime would quietly compute on the CPU what a GPU cannot.
    extra: { session: { disable_cpu_ep_fallback: way === 'cpu' ? '0' : '1' } },
  });
  const tensor = (values: Float32Array): Ort.Tensor => new ort.Tensor('float32', values, [size, size]);
  return {
    async multiply(a, b) {
      const { c } = await session.run({ a: tensor(a), b: tensor(b) });
      if (c === undefined || !(c.data instanceof Float32Array)) throw new Error('onnxruntime gave no float32 product');
      return c.data;
    },
    release: () => session.release(),
  };
}
