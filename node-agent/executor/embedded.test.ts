// The embedded executor under the conformance suite, with real onnxruntime in real sandboxes.
import { describeExecutor } from './conformance.ts';
import { EmbeddedExecutor, systemClock } from './embedded.ts';
import { processTree } from './process-identity.ts';

describeExecutor('embedded', {
  open: () => new EmbeddedExecutor({ clock: systemClock, allowBelowFloor: true }),
  async vanish(_, handle) {
    // The innermost process: the launcher above it only passes its end on.
    const pids = [...(await processTree(handle.pid ?? 0)).keys()];
    process.kill(pids.at(-1) ?? 0, 'SIGKILL');
  },
});
