// The runner's side of scoring: one fresh frame a scoring, a limit on its time, and a frame that misbehaves after it was ready is a model that does.
import { filesOf } from '@nunet/shared/onnx/check-job.ts';
import { evaluationPlan } from '@nunet/shared/onnx/score.ts';
import type { ScoreWork } from '@nunet/shared/check-outputs.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { orAborted } from '@nunet/shared/job-flow/waiting.ts';
import { fromScoreFrame, type FromScoreFrame, type ToScoreFrame } from './messages.ts';

/** Compiling 13.5 MB takes 0.4 s here (measured); a browser that needs longer than this cannot score. */
const READY_TIMEOUT_MS = 30_000;

/** What the frame may call a model that cannot be scored. */
const MODEL_FAULT = /^(graph-|npy-|program-)/;

/** A frame that was mounted for one scoring. */
export interface ScoreFrame {
  port: MessagePort;
  /** Aborted when the frame went by itself. */
  gone: AbortSignal;
  end(): void;
}

export interface Scorer {
  /** Throws `score-unavailable` unless this browser runs the runtime. Asked before money is locked; once is enough. */
  prove(signal: AbortSignal): Promise<void>;
  /** Throws `graph-...`, `npy-...`, `program-...` or `score-failed` for the model's fault, `score-unavailable` for this browser's. */
  score(work: ScoreWork<Blob>, signal: AbortSignal): Promise<number>;
}

const unavailable = (why: string): NunetError => new NunetError('score-unavailable', `Cannot score models in this browser: ${why}`);

/** `wasm` reads the runtime from the package. */
export function scorer(mount: () => ScoreFrame, wasm: () => Promise<ArrayBuffer>): Scorer {
  /** Says one thing to the frame and takes its next word; anything that is not one of its words ends it. */
  const exchange = async (
    frame: ScoreFrame,
    message: ToScoreFrame,
    transfer: Transferable[],
    limits: { ms: number; signal: AbortSignal; fault: (why: string) => NunetError },
  ): Promise<FromScoreFrame> => {
    const answer = Promise.withResolvers<FromScoreFrame>();
    frame.port.onmessage = ({ data }: MessageEvent<unknown>) => {
      const parsed = fromScoreFrame.safeParse(data);
      if (parsed.success) answer.resolve(parsed.data);
      else answer.reject(limits.fault('its frame speaks nonsense'));
    };
    frame.port.postMessage(message, transfer);
    const late = AbortSignal.timeout(limits.ms);
    try {
      return await orAborted(answer.promise, AbortSignal.any([limits.signal, late, frame.gone]));
    } catch (error) {
      limits.signal.throwIfAborted();
      if (late.aborted) throw limits.fault(`no answer within ${limits.ms / 1000} s`);
      if (frame.gone.aborted) throw limits.fault('its frame ended');
      throw error;
    } finally {
      answer.promise.catch(() => undefined);
    }
  };

  const opened = async <T>(memoryBytes: number, signal: AbortSignal, act: (frame: ScoreFrame) => Promise<T>): Promise<T> => {
    const runtime = await wasm().catch((cause: unknown) => {
      throw new NunetError('score-unavailable', 'Cannot score models in this browser: the extension lacks its runtime; install it again', {
        cause,
      });
    });
    const frame = mount();
    try {
      const limits = { ms: READY_TIMEOUT_MS, signal, fault: unavailable };
      const ready = await exchange(frame, { type: 'open', wasm: runtime, memoryBytes }, [runtime], limits);
      if (ready.type === 'failed') throw unavailable(ready.message);
      if (ready.type !== 'ready') throw unavailable('its frame speaks out of turn');
      return await act(frame);
    } finally {
      frame.port.onmessage = null;
      frame.port.close();
      frame.end();
    }
  };

  let proved = false;
  return {
    async prove(signal) {
      if (proved) return;
      await opened(2 ** 28, signal, async () => undefined);
      proved = true;
    },
    score: ({ evaluation, file, memoryBytes, timeLimitMs }, signal) =>
      opened(memoryBytes, signal, async (frame) => {
        const files = await Promise.all(
          filesOf(evaluationPlan(evaluation)).map(async (name) => ({ name, bytes: new Uint8Array(await file(name).arrayBuffer()) })),
        );
        const fault = (why: string): NunetError => new NunetError('score-failed', `Cannot score ${evaluation.graph}: ${why}`);
        const transfer = files.map(({ bytes }) => bytes.buffer);
        const answer = await exchange(frame, { type: 'score', evaluation, files }, transfer, { ms: timeLimitMs, signal, fault });
        // By now the frame may be the model's: only faults of a model are believed of it.
        if (answer.type === 'failed')
          throw MODEL_FAULT.test(answer.code) ? new NunetError(answer.code, answer.message) : fault(answer.message);
        if (answer.type !== 'scored') throw fault('its frame speaks out of turn');
        return answer.score;
      }),
  };
}
