// The test registry against a real engine: what it serves can be pulled by digest, and its lies are lies.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Readable } from 'node:stream';
import { engineMissing, startTestEngine, type TestEngine } from './test-engine.ts';
import { busyboxImage, imagesMissing, testImage, type TestImage } from './test-images.ts';
import { startTestRegistry, type RegistryLie, type TestRegistry } from './test-registry.ts';

const missing = engineMissing('docker') ?? imagesMissing();

describe.skipIf(missing !== null)('a registry on loopback', () => {
  let engine: TestEngine;
  let registry: TestRegistry;
  let image: TestImage;
  beforeAll(async () => {
    [engine, registry, image] = await Promise.all([startTestEngine(), startTestRegistry(), busyboxImage()]);
  });
  afterAll(async () => {
    await Promise.all([engine.stop(), registry.close()]);
  });

  /** What the engine said at the end of a pull; an error of it throws. */
  async function pull(reference: string): Promise<void> {
    const [name = '', digest = ''] = reference.split('@');
    const stream = (await engine.docker.createImage({ fromImage: name, tag: digest })) as Readable;
    const events = await new Promise<{ error?: string }[]>((resolve, reject) => {
      engine.docker.modem.followProgress(stream, (error, all) => (error === null ? resolve(all) : reject(error)));
    });
    const failed = events.find(({ error }) => error !== undefined);
    if (failed !== undefined) throw new Error(failed.error);
  }

  test('serves an image by the digest of its manifest', async () => {
    const reference = registry.add('honest/busybox', image);
    await pull(reference);
    const { Id, RepoDigests } = await engine.docker.getImage(reference).inspect();
    expect(Id).toBe(image.id);
    expect(RepoDigests).toEqual([reference]);
  });

  test.each<[string, RegistryLie]>([
    ['another manifest', { kind: 'wrong-manifest' }],
    ['other bytes of a layer', { kind: 'wrong-layer' }],
    ['a redirect to nowhere', { kind: 'redirect', to: 'http://127.0.0.1:1/' }],
  ])('cannot make an engine take %s', async (name, lie) => {
    // A layer that the engine has already it would not ask for again.
    const other = await testImage('other', [{ path: 'name', type: 'file', content: name }]);
    const reference = registry.add(`lying/${lie.kind}`, other, lie);
    await expect(pull(reference)).rejects.toThrow();
    await expect(engine.docker.getImage(other.id).inspect()).rejects.toMatchObject({ statusCode: 404 });
  });
});
