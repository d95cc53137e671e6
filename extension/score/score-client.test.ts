// Scoring over real ports: an honest frame, and frames that fail, hang, lie or fall apart. Whose fault it is decides whether money moves.
import type { Evaluation } from '@nunet/shared/onnx-program.ts';
import { GraphBuilder } from '@nunet/shared/onnx/build.ts';
import { writeNpy } from '@nunet/shared/onnx/npy.ts';
import type { OnnxRuntime, OnnxTensor } from '@nunet/shared/onnx/session.ts';
import { afterEach, describe, expect, test } from 'vitest';
import { scorer, type ScoreFrame } from './score-client.ts';
import { serveScoring, type OpenRuntime } from './score-frame.ts';

const signal = AbortSignal.timeout(30_000);
const ports: MessagePort[] = [];
let ended = 0;
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
  ended = 0;
});

const graph = new GraphBuilder();
graph.node('Identity', ['x'], 'accuracy');
const scalar = { dtype: 'float32', shape: [] } as const;
const model = graph.model('model', [{ name: 'x', ...scalar }], [{ name: 'accuracy', ...scalar }]);
const evaluation: Evaluation = {
  graph: 'model.onnx',
  feeds: { x: { from: 'file', file: 'x.npy', rows: false } },
  batchSize: null,
  metric: { name: 'accuracy', output: 'accuracy' },
};
const files: Record<string, Uint8Array> = {
  'model.onnx': model,
  'x.npy': writeNpy({ dtype: 'float32', shape: [], data: new Uint8Array(Float32Array.of(0.75).buffer) }),
};
const work = (timeLimitMs = 5_000, changed: Record<string, Uint8Array> = {}) => ({
  evaluation,
  file: (name: string) => new Blob([({ ...files, ...changed }[name] ?? new Uint8Array()) as Uint8Array<ArrayBuffer>]),
  memoryBytes: 2 ** 26,
  timeLimitMs,
});

/** Identity, and nothing else. */
const identity: OnnxRuntime = {
  open: async () => ({
    inputNames: ['x'],
    outputNames: ['accuracy'],
    run: async (feeds) => ({ accuracy: feeds['x'] as OnnxTensor }),
    release: async () => undefined,
  }),
  tensor: (dtype, shape, bytes) => ({ type: dtype, dims: shape, data: new Float32Array(bytes.slice().buffer) }),
};

function frame(play: (port: MessagePort) => void, gone = new AbortController()): () => ScoreFrame {
  return () => {
    const { port1, port2 } = new MessageChannel();
    ports.push(port1, port2);
    play(port2);
    return { port: port1, gone: gone.signal, end: () => void (ended += 1) };
  };
}
const wasm = async (): Promise<ArrayBuffer> => new ArrayBuffer(8);
const honest = (open: OpenRuntime = async () => identity) => frame((port) => serveScoring(port, open));

test('an honest frame scores, and is taken away', async () => {
  const scoring = scorer(honest(), wasm);
  await scoring.prove(signal);
  expect(await scoring.score(work(), signal)).toBeCloseTo(0.75);
  expect(ended).toBe(2);
});

describe('the fault of this browser, which never looks like a "no"', () => {
  test('no runtime in the package', async () => {
    const scoring = scorer(honest(), () => Promise.reject(new Error('404')));
    await expect(scoring.prove(signal)).rejects.toMatchObject({ code: 'score-unavailable' });
    await expect(scoring.score(work(), signal)).rejects.toMatchObject({ code: 'score-unavailable' });
  });

  test('a runtime that does not run', async () => {
    const scoring = scorer(
      honest(() => Promise.reject(new Error('no SIMD'))),
      wasm,
    );
    await expect(scoring.prove(signal)).rejects.toThrow(/no SIMD/);
    expect(ended).toBe(1);
  });

  test('a caller that gives up', async () => {
    const stop = new AbortController();
    const scoring = scorer(
      frame(() => undefined),
      wasm,
    );
    const proving = scoring.prove(stop.signal);
    stop.abort(new Error('enough'));
    await expect(proving).rejects.toThrow('enough');
    expect(ended).toBe(1);
  });
});

describe('the fault of the model', () => {
  test('cannot be no model, or one that the graph check refuses', async () => {
    const scoring = scorer(honest(), wasm);
    await expect(scoring.score(work(5_000, { 'model.onnx': new Uint8Array(9) }), signal)).rejects.toMatchObject({
      code: expect.stringMatching(/^graph-/),
    });
  });

  const bad: [string, OnnxRuntime['open'], RegExp][] = [
    ['cannot crash the runtime', () => Promise.reject(new Error('memory access out of bounds')), /out of bounds/],
    ['cannot take for ever', () => new Promise(() => undefined), /no answer within 0.3 s/],
  ];
  for (const [name, open, message] of bad) {
    test(name, async () => {
      const scoring = scorer(
        honest(async () => ({ ...identity, open })),
        wasm,
      );
      const scored = scoring.score(work(300), signal);
      await expect(scored).rejects.toThrow(message);
      await expect(scored).rejects.toMatchObject({ code: expect.stringMatching(/^(score-failed|program-failed)$/) });
      expect(ended).toBe(1);
    });
  }

  /** Ready at once; what it says after the model is in. */
  const hostile = (answers: unknown[]) =>
    frame((port) => {
      port.onmessage = ({ data }: MessageEvent<{ type: string }>) => {
        if (data.type === 'open') port.postMessage({ type: 'ready' });
        else for (const answer of answers) port.postMessage(answer);
      };
    });

  test('cannot speak nonsense, name a score that is no number, or imitate our own errors', async () => {
    for (const answer of [
      'hello',
      { type: 'scored', score: Infinity },
      { type: 'scored', score: '1' },
      { type: 'failed', code: '<b>', message: '' },
    ]) {
      await expect(scorer(hostile([answer]), wasm).score(work(), signal)).rejects.toMatchObject({ code: 'score-failed' });
    }
    const claims = hostile([{ type: 'failed', code: 'score-unavailable', message: 'not my fault' }]);
    await expect(scorer(claims, wasm).score(work(), signal)).rejects.toMatchObject({ code: 'score-failed' });
  });

  test('cannot hide by bringing its frame down', async () => {
    const gone = new AbortController();
    const scoring = scorer(
      frame((port) => {
        port.onmessage = ({ data }: MessageEvent<{ type: string }>) => {
          if (data.type === 'open') port.postMessage({ type: 'ready' });
          else gone.abort();
        };
      }, gone),
      wasm,
    );
    await expect(scoring.score(work(), signal)).rejects.toMatchObject({ code: 'score-failed' });
  });
});
