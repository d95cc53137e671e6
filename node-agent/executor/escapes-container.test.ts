// The escape suite against the container executor, on every engine and runtime that this system has and NUNET_TEST_ENGINES names.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { attackImage, hostileImage } from './container/attack-image.ts';
import { containerCells, containerRequest, type ContainerGround } from './container/container-escapes.ts';
import { ContainerExecutor } from './container/container.ts';
import { processesOf } from './container/test-engine-cleanup.ts';
import { startTestEngine } from './container/test-engine.ts';
import { importImage, testImage } from './container/test-images.ts';
import { startNeighbourhood } from './container/test-neighbourhood.ts';
import { startTestRegistry } from './container/test-registry.ts';
import { testSettings } from './container/test-settings.ts';
import { systemClock } from './embedded.ts';
import { enginesToTest } from './escape-columns.ts';
import { describeEscapes } from './escapes.ts';

const [attack, hostile] = await Promise.all([attackImage(), hostileImage()]);
/** Allocated bytes of a folder, on its own disk: what is mounted below is a file there. */
async function allocated(folder: string): Promise<number> {
  const { stdout } = await promisify(execFile)('du', ['--summarize', '--one-file-system', '--block-size=1', folder]).catch(
    (error: { stdout: string }) => error,
  );
  return Number(stdout.split('\t')[0]);
}

for (const { kind, runtime } of enginesToTest()) {
  const parts: Omit<ContainerGround, 'exchangedImage' | 'neighbourhood'> = {
    kind,
    runtime,
    attackImage: attack.reference,
    hostileImage: hostile.reference,
  };
  const nowhere = { ...parts, exchangedImage: '', neighbourhood: { port: 0, socket: '' } };
  describeEscapes(`container (${kind}, ${runtime})`, containerCells(nowhere), async (world) => {
    const neighbourhood = await startNeighbourhood();
    const registry = await startTestRegistry();
    // gVisor's file server is its remapped root, who may not walk through folders that are only the agent's.
    const engine = await startTestEngine({ kind, networkOf: neighbourhood.pid, usernsRemap: runtime !== 'runsc' });
    for (const image of [attack, hostile]) await importImage(engine.docker, image);
    const exchanged = await testImage('exchanged', [{ path: 'evil', type: 'file', content: 'evil' }], { Cmd: ['/evil'] });
    const exchangedImage = registry.add('test/exchanged', exchanged, { kind: 'wrong-manifest' });
    const folder = join(world.folder, 'executor');
    await mkdir(folder);
    const settings = testSettings({
      folder,
      socket: engine.socket,
      engine: kind,
      runtime,
      workRoot: world.folder,
      registries: [registry.host],
    });
    const executor = new ContainerExecutor({ clock: systemClock, settings });
    return {
      executor,
      cells: containerCells({ ...parts, exchangedImage, neighbourhood }),
      next: async (place) => containerRequest({ image: attack.reference, command: ['/bin/sh', '-c', 'echo next > /outputs/next'] }, place),
      processes: () => processesOf(engine.folder),
      diskBytes: async () => (await allocated(engine.folder)) + (await allocated(world.folder)),
      reached: () => neighbourhood.reached(),
      async close() {
        await executor.close();
        await engine.stop();
        await registry.close();
        await neighbourhood.close();
      },
    };
  });
}
