// The scoring frame: takes a runtime, then one evaluation with its files over one port, and answers once. Whoever mounted it takes it away.
import { NunetError, safeError } from '@nunet/shared/errors.ts';
import { checkedGraph } from '@nunet/shared/onnx/check-job.ts';
import { oneLine } from '@nunet/shared/onnx/run.ts';
import { score } from '@nunet/shared/onnx/score.ts';
import type { OnnxRuntime } from '@nunet/shared/onnx/session.ts';
import type { FromScoreFrame, ToScoreFrame } from './messages.ts';

export type OpenRuntime = (wasm: ArrayBuffer, memoryBytes: number) => Promise<OnnxRuntime>;

async function scored(runtime: OnnxRuntime, { evaluation, files }: Extract<ToScoreFrame, { type: 'score' }>): Promise<number> {
  const file = (name: string): Uint8Array => {
    const found = files.find((one) => one.name === name);
    if (found === undefined) throw new NunetError('score-unavailable', `Cannot score: file ${name} was not handed in`);
    return found.bytes;
  };
  const graph = file(evaluation.graph);
  await checkedGraph({ bytes: graph.length, start: async (length) => graph.subarray(0, length) }, evaluation.graph);
  return score(evaluation, { runtime, file });
}

/** A failure of ours keeps its name; what the runtime throws over a checked graph is the model's doing. */
function failure(error: unknown, code: 'score-failed' | 'score-unavailable'): FromScoreFrame {
  const told = error instanceof NunetError ? safeError(error) : { code, message: `Cannot score: ${oneLine(error)}` };
  return { type: 'failed', code: told.code, message: told.message.slice(0, 500) };
}

export function serveScoring(port: MessagePort, open: OpenRuntime): void {
  let runtime: OnnxRuntime | undefined;
  const say = (message: FromScoreFrame): void => port.postMessage(message);
  const take = async (message: ToScoreFrame): Promise<void> => {
    if (message.type === 'open') {
      try {
        runtime = await open(message.wasm, message.memoryBytes);
        say({ type: 'ready' });
      } catch (error) {
        say(failure(error, 'score-unavailable'));
      }
      return;
    }
    try {
      if (runtime === undefined) throw new NunetError('score-unavailable', 'Cannot score: no runtime is open');
      say({ type: 'scored', score: await scored(runtime, message) });
    } catch (error) {
      say(failure(error, 'score-failed'));
    }
  };
  port.onmessage = ({ data }: MessageEvent<ToScoreFrame>) => void take(data);
}
