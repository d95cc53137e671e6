// The escape suite against the embedded executor, in each way of confining its child that this system has.
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ATTACKS } from './container/attack-image.ts';
import { imagesMissing } from './container/test-images.ts';
import { neighbourhoodMissing, startNeighbourhood, type Neighbourhood } from './container/test-neighbourhood.ts';
import type { Confinement } from './confinement.ts';
import { doublingJob, requestOf, testedConfinements } from './conformance-jobs.ts';
import { embeddedCells } from './embedded-escapes.ts';
import { EmbeddedExecutor, systemClock } from './embedded.ts';
import { describeEscapes } from './escapes.ts';
import { processTree } from './process-identity.ts';
import { takenOver } from './taken-over.ts';

const isThere = imagesMissing() === null && neighbourhoodMissing() === null;

/** The child stands where the neighbours are, until its own namespace takes it out of there. */
const standingIn = (confinement: Confinement, { pid }: Neighbourhood): Confinement => ({
  ...confinement,
  launch(runtime, limits) {
    const { command, args, descriptor3 } = confinement.launch(runtime, limits);
    return { command: 'nsenter', args: [`--net=/proc/${pid}/ns/net`, '--', command, ...args], descriptor3 };
  },
});

for (const confinement of testedConfinements()) {
  const isFiltered = confinement.name.startsWith('bubblewrap');
  const takesCode = isThere && confinement.aims === 'namespace';
  const cellsFor = (neighbourhood: Neighbourhood | null) => embeddedCells({ isFiltered, neighbourhood });
  const nowhere: Neighbourhood = { pid: 0, port: 0, socket: '', reached: () => 0, close: async () => {} };
  describeEscapes(`embedded (${confinement.name})`, cellsFor(takesCode ? nowhere : null), async (world) => {
    const neighbourhood = takesCode ? await startNeighbourhood() : null;
    const script = join(world.folder, 'attack');
    await copyFile(ATTACKS, script);
    const options = { clock: systemClock, allowBelowFloor: true };
    const good = new EmbeddedExecutor({ ...options, confinements: [confinement] });
    const evil =
      neighbourhood === null
        ? good
        : new EmbeddedExecutor({ ...options, confinements: [standingIn(await takenOver(confinement, script), neighbourhood)] });
    const cells = cellsFor(neighbourhood);
    return {
      executor: evil,
      nextExecutor: good,
      cells,
      next: async (folder) => requestOf(doublingJob(), folder),
      processes: async () => [...(await processTree(process.pid)).keys()],
      // It keeps nothing but what the agent gives and takes.
      diskBytes: async () => 0,
      reached: () => neighbourhood?.reached() ?? 0,
      async close() {
        await good.close();
        if (evil !== good) await evil.close();
        await neighbourhood?.close();
      },
    };
  });
}
