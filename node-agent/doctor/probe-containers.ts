// The container sandbox, probed by doctor with an executor of its own: in a folder that is gone afterwards, under a name that is no agent's.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULTS_OF_2, type AgentConfig } from '../config.ts';
import { ContainerExecutor } from '../executor/container/container.ts';
import { systemClock } from '../executor/embedded.ts';
import type { ExecutorFingerprint } from '../executor/executor.ts';

/** Nothing is pulled by a probe. */
const IMAGE_BYTES = 2 ** 30;

/** `socket`: of the engine that answered. Throws `engine-...`. */
export async function probeContainers(socket: string, config: AgentConfig | null, signal: AbortSignal): Promise<ExecutorFingerprint> {
  const containers = config?.containers ?? DEFAULTS_OF_2.containers;
  const folder = await mkdtemp(join(tmpdir(), 'nunet-doctor-'));
  const executor = new ContainerExecutor({
    clock: systemClock,
    settings: {
      agent: 'doctor',
      engine: containers.engine === 'off' ? 'auto' : containers.engine,
      socket,
      runtime: containers.runtime,
      packageIndex: null,
      registries: [],
      images: [],
      downloadHosts: [],
      stateDir: join(folder, 'state'),
      workRoot: join(folder, 'work'),
      imageBudgetBytes: IMAGE_BYTES,
      maxImageBytes: IMAGE_BYTES,
      disk: 'auto',
    },
  });
  try {
    return await executor.fingerprint(signal);
  } finally {
    await executor.close();
    await rm(folder, { recursive: true, force: true });
  }
}
