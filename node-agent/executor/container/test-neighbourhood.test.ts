// The neighbourhood is there for a container that stands in it: what the escape suite finds unreachable can be reached.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attackImage } from './attack-image.ts';
import { engineMissing, startTestEngine, type TestEngine } from './test-engine.ts';
import { imagesMissing, importImage } from './test-images.ts';
import { NEIGHBOURS, neighbourhoodMissing, startNeighbourhood, type Neighbourhood } from './test-neighbourhood.ts';

const missing = engineMissing('docker') ?? imagesMissing() ?? neighbourhoodMissing();

describe.skipIf(missing !== null)('a neighbourhood', () => {
  let neighbourhood: Neighbourhood;
  let engine: TestEngine;
  let image = '';
  beforeAll(async () => {
    neighbourhood = await startNeighbourhood();
    engine = await startTestEngine({ networkOf: neighbourhood.pid });
    image = await importImage(engine.docker, await attackImage());
  });
  afterAll(async () => {
    await engine.stop();
    await neighbourhood.close();
  });

  async function attack(network: string, ...command: string[]): Promise<number> {
    const container = await engine.docker.createContainer({
      Image: image,
      Cmd: ['/bin/attack', ...command],
      // A remapped root may not share the network of the machine's.
      HostConfig: { NetworkMode: network, ...(network === 'host' && { UsernsMode: 'host' }) },
    });
    await container.start();
    return ((await container.wait()) as { StatusCode: number }).StatusCode;
  }

  test('is reached by a container of its network, at every address and at its abstract socket', async () => {
    const port = String(neighbourhood.port);
    expect(await attack('host', 'connect', ...NEIGHBOURS.flatMap((address) => [address, port]), '127.0.0.1', port)).toBe(0);
    await expect.poll(() => neighbourhood.reached()).toBe(NEIGHBOURS.length + 1);
    expect(await attack('host', 'abstract-socket', neighbourhood.socket)).toBe(0);
    await expect.poll(() => neighbourhood.reached()).toBe(NEIGHBOURS.length + 2);
  });

  test('is not reached by one without a network', async () => {
    const before = neighbourhood.reached();
    const port = String(neighbourhood.port);
    expect(await attack('none', 'connect', ...NEIGHBOURS.flatMap((address) => [address, port]), '127.0.0.1', port)).toBe(13);
    expect(await attack('none', 'abstract-socket', neighbourhood.socket)).toBe(13);
    expect(neighbourhood.reached()).toBe(before);
  });
});
