// The fake keeps the same promises as a real executor; its scripts stand in for the suite's jobs.
import { writeNpy } from '@nunet/shared/onnx/npy.ts';
import { describeExecutor } from './conformance.ts';
import { systemClock } from './embedded.ts';
import { FakeExecutor, type FakeStep } from './fake.ts';
import type { ExecutionRequest } from './executor.ts';

const floats = (values: readonly number[], shape: readonly number[]): Uint8Array =>
  writeNpy({ dtype: 'float32', shape, data: new Uint8Array(Float32Array.from(values).buffer) });

/** Which job of the suite this is, by what only it has. */
function stepsFor({ spec }: ExecutionRequest): FakeStep[] {
  const { program } = spec;
  if (program.kind !== 'onnx') return [];
  if (program.epochs === 3) {
    return [
      { do: 'log', line: 'fake' },
      { do: 'progress', epoch: 3, epochs: 3, metrics: { mean: 3 } },
      { do: 'output', name: 'y.npy', bytes: floats([2, 4, 6, 8, 10], [5, 1]) },
      { do: 'output', name: 'total.npy', bytes: floats([45], []) },
    ];
  }
  if ('index' in program.feeds) return [{ do: 'fail', exit: { kind: 'jobFault', code: 'program-failed', message: 'index out of range' } }];
  if ('shape' in program.feeds) return [{ do: 'output', name: 'y.npy', bytes: new Uint8Array(4 * 2 ** 20) }];
  const trips = program.feeds['trips'];
  if (trips?.from === 'value' && trips.values[0] === 60) {
    return [{ do: 'fail', exit: { kind: 'jobFault', code: 'memory-limit', message: 'too much memory' } }];
  }
  return [{ do: 'hang' }];
}

describeExecutor('fake', {
  open: () => new FakeExecutor({ clock: systemClock, script: (request) => ({ steps: stepsFor(request) }) }),
  vanish: async (executor, handle) => {
    if (executor instanceof FakeExecutor) executor.vanish(handle);
  },
  processes: async () => [],
});
