// The container executor under the conformance suite, on a real engine that this file starts and stops.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe } from 'vitest';
import { describeExecutor } from '../conformance.ts';
import { systemClock } from '../embedded.ts';
import type { ExecutionHandle } from '../executor.ts';
import { processTree } from '../process-identity.ts';
import { shellJobs } from './conformance-shell-jobs.ts';
import { ContainerExecutor } from './container.ts';
import { startTestEngine } from './test-engine.ts';
import { testSettings } from './test-settings.ts';
import { busyboxImage, importImage } from './test-images.ts';

const engine = await startTestEngine();
const folder = await mkdtemp(join(tmpdir(), 'nunet-container-'));
const image = await busyboxImage();
await importImage(engine.docker, image);

afterAll(async () => {
  await engine.stop();
  await rm(folder, { recursive: true, force: true });
});

const containerOf = (handle: ExecutionHandle) => engine.docker.getContainer(`nunet-${handle.id}`);

describe('on docker and runc', () => {
  for (const disk of ['auto', 'memory'] as const) {
    describeExecutor(`container (disk: ${disk})`, {
      jobs: shellJobs(image.reference),
      survivesAgent: true,
      open: () =>
        new ContainerExecutor({
          clock: systemClock,
          settings: testSettings({ folder: join(folder, disk), socket: engine.socket, disk }),
        }),
      async vanish(_, handle) {
        await containerOf(handle).kill();
      },
      processes: async (handle) => [...(await processTree((await containerOf(handle).inspect()).State.Pid)).keys()],
    });
  }
});
