// Images against a real engine and a real registry protocol on loopback.
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openImageStore, type ImageStore, type ImageStoreParts } from './images.ts';
import { engineMissing, startTestEngine, type TestEngine } from './test-engine.ts';
import { importImage, testImage, type ImageConfig } from './test-images.ts';

const sha = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const INDEX = 'application/vnd.docker.distribution.manifest.list.v2+json';

/** A registry on loopback: blobs and manifests by digest, and a hook to be hostile by. */
class Registry {
  readonly asked: string[] = [];
  /** Answers itself and gives true, or leaves it. */
  hook: ((request: IncomingMessage, response: ServerResponse) => boolean) | null = null;
  readonly #content = new Map<string, { type: string; bytes: Uint8Array }>();
  readonly #server: Server = createServer((request, response) => this.#answer(request, response));

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }
  put(bytes: Uint8Array, type = 'application/octet-stream'): { digest: string; size: number; mediaType: string } {
    this.#content.set(sha(bytes), { bytes, type });
    return { digest: sha(bytes), size: bytes.length, mediaType: type };
  }
  isLayer(path: string): boolean {
    return this.#content.get(path.split('/').at(-1) ?? '')?.type.includes('rootfs.diff') === true;
  }
  /** The digest of a new image's manifest. */
  async image(options: { content: string | Uint8Array; config?: ImageConfig; architecture?: string; sizes?: number }): Promise<string> {
    const made = await testImage('x', [{ type: 'file', path: 'content', content: options.content }], options.config);
    const config = JSON.parse(Buffer.from(made.config).toString()) as { architecture: string };
    if (options.architecture !== undefined) config.architecture = options.architecture;
    const layer = this.put(gzipSync(made.layer), 'application/vnd.docker.image.rootfs.diff.tar.gzip');
    const manifest = {
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: this.put(Buffer.from(JSON.stringify(config)), 'application/vnd.docker.container.image.v1+json'),
      layers: [{ ...layer, size: options.sizes ?? layer.size }],
    };
    return this.put(Buffer.from(JSON.stringify(manifest)), MANIFEST).digest;
  }
  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '';
    this.asked.push(`${request.method} ${path}`);
    if (this.hook?.(request, response) === true) return;
    const found = this.#content.get(path.split('/').at(-1) ?? '');
    if (path === '/v2/') response.end('{}');
    else if (found === undefined) response.writeHead(404).end();
    else
      response
        .writeHead(200, { 'Content-Type': found.type, 'Content-Length': found.bytes.length, 'Docker-Content-Digest': sha(found.bytes) })
        .end(request.method === 'HEAD' ? undefined : found.bytes);
  }
  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

const missing = engineMissing('docker');
const noise = (bytes: number): Buffer => {
  const out = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; at += 32) createHash('sha256').update(String(at)).digest().copy(out, at);
  return out;
};

describe.skipIf(missing !== null)(`images${missing === null ? '' : ` (${missing})`}`, { timeout: 60_000 }, () => {
  let engine: TestEngine;
  let registry: Registry;
  let folder: string;
  let clock = 1_000;
  const open = async (over: Partial<ImageStoreParts> = {}): Promise<ImageStore> =>
    openImageStore({
      docker: engine.docker,
      recordPath: join(folder, 'images.json'),
      rules: { registries: [registry.host], images: [] },
      platform: process.arch === 'arm64' ? 'linux/arm64' : 'linux/amd64',
      maxImageBytes: 64 * 2 ** 20,
      budgetBytes: 64 * 2 ** 20,
      packageIndex: null,
      now: () => (clock += 1_000),
      elapsed: () => performance.now(),
      ...over,
    });
  const signal = new AbortController().signal;
  const reference = (digest: string): string => `${registry.host}/team/train@${digest}`;

  beforeAll(async () => {
    engine = await startTestEngine();
    registry = new Registry();
    await registry.listen();
  }, 90_000);
  afterAll(async () => {
    await registry.close();
    await engine.stop();
  }, 60_000);
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nunet-images-'));
    registry.hook = null;
    registry.asked.length = 0;
    return async () => rm(folder, { recursive: true });
  });

  test('an image is pulled by digest, once for all who wait, with progress in bytes, and found the next time', async () => {
    const digest = await registry.image({ content: noise(300_000) });
    const store = await open();
    const told: { done: number; total: number }[] = [];
    const run = { type: 'image' as const, image: reference(digest) };
    expect(store.expectedMs(run)).toBeGreaterThan(0);
    const [first, second] = await Promise.all([
      store.ensure(reference(digest), { signal, onProgress: (progress) => told.push(progress) }),
      store.ensure(reference(digest), { signal }),
    ]);
    expect(first.id).toBe(second.id);
    expect(registry.asked.filter((line) => line.startsWith('GET') && line.includes('/blobs/'))).toHaveLength(2);
    expect(told[0]).toMatchObject({ done: 0 });
    expect(told.at(-1)?.done).toBe(told.at(-1)?.total);
    expect(told.at(-1)?.total).toBeGreaterThan(300_000);
    expect(store.expectedMs(run)).toBe(0);
    registry.asked.length = 0;
    expect((await store.ensure(reference(digest), { signal })).id).toBe(first.id);
    expect(registry.asked).toEqual([]);
    expect(await store.ours()).toMatchObject([{ id: first.id, reference: reference(digest), kind: 'pulled' }]);
  });

  test('an image for several platforms brings the one for this machine', async () => {
    const wrong = await registry.image({ content: 'other', architecture: 's390x' });
    const right = await registry.image({ content: 'ours' });
    const list = (digest: string, architecture: string) => ({
      digest,
      mediaType: MANIFEST,
      size: 600,
      platform: { os: 'linux', architecture },
    });
    const mine = process.arch === 'arm64' ? 'arm64' : 'amd64';
    const index = { schemaVersion: 2, mediaType: INDEX, manifests: [list(wrong, 's390x'), list(right, mine)] };
    const { digest } = registry.put(Buffer.from(JSON.stringify(index)), INDEX);
    const ready = await (await open()).ensure(reference(digest), { signal });
    expect(ready.inspect.Architecture).toBe(mine);
  });

  test('an image that was imported is found by its id under its name, and needs no registry', async () => {
    const image = await testImage('local-train', [{ type: 'file', path: 'x', content: 'imported' }]);
    await importImage(engine.docker, image);
    const store = await open({ rules: { registries: [], images: [] } });
    expect((await store.ensure(image.reference, { signal })).id).toBe(image.id);
    expect(await store.ours()).toEqual([]);
    const otherName = image.reference.replace('local-train', 'local-other');
    await expect(store.ensure(otherName, { signal })).rejects.toMatchObject({ code: 'image-registry' });
  });

  test('cannot pull from a registry that is not listed: it hears nothing', async () => {
    const digest = await registry.image({ content: 'unlisted' });
    const store = await open({ rules: { registries: ['registry.example.org'], images: [] } });
    await expect(store.ensure(reference(digest), { signal })).rejects.toMatchObject({ code: 'image-registry' });
    expect(registry.asked).toEqual([]);
  });

  test("cannot use an image outside the owner's patterns, here or not", async () => {
    const digest = await registry.image({ content: 'patterns' });
    await (await open()).ensure(reference(digest), { signal });
    const store = await open({ rules: { registries: [registry.host], images: ['*/allowed/*'] } });
    await expect(store.ensure(reference(digest), { signal })).rejects.toMatchObject({ code: 'image-refused' });
  });

  test('cannot pull an image above the limit: nothing of its layers is asked for', async () => {
    const digest = await registry.image({ content: 'small', sizes: 10 ** 12 });
    await expect((await open()).ensure(reference(digest), { signal })).rejects.toMatchObject({
      code: 'image-too-large',
      message: expect.stringContaining('want at most'),
    });
    expect(registry.asked.some((line) => line.includes('/blobs/'))).toBe(false);
  });

  test('cannot keep an image whose layers unpack above the limit', async () => {
    const digest = await registry.image({ content: Buffer.alloc(30 * 2 ** 20) });
    const store = await open({ maxImageBytes: 10 * 2 ** 20 });
    await expect(store.ensure(reference(digest), { signal })).rejects.toMatchObject({ code: 'image-too-large' });
    await expect(engine.docker.getImage(reference(digest)).inspect()).rejects.toMatchObject({ statusCode: 404 });
    expect(await store.ours()).toEqual([]);
  });

  test("cannot fill the engine's disk: the pull ends when too little is left", async () => {
    const digest = await registry.image({ content: noise(5_000_000) });
    let free = 10 ** 9;
    registry.hook = (request, response) => {
      if (request.method !== 'GET' || !(request.url ?? '').includes('/blobs/')) return false;
      // The rest never comes, so that only the watch can end it.
      response.writeHead(200, { 'Content-Length': 5_000_000 }).write(noise(100_000));
      free = 1_000;
      return true;
    };
    const store = await open({ bounds: { freeBytes: async () => free, keepFreeBytes: 10 ** 6, watchEveryMs: 10 } });
    await expect(store.ensure(reference(digest), { signal })).rejects.toMatchObject({ code: 'image-disk' });
  });

  test('cannot be sent another manifest than the digest asked for', async () => {
    const honest = await registry.image({ content: 'honest' });
    const other = await registry.image({ content: 'other' });
    const bytes = await fetch(`http://${registry.host}/v2/x/manifests/${other}`).then(async (response) => response.bytes());
    registry.hook = (request, response) => {
      if (!(request.url ?? '').endsWith(honest)) return false;
      response.writeHead(200, { 'Content-Type': MANIFEST, 'Docker-Content-Digest': honest }).end(bytes);
      return true;
    };
    await expect((await open()).ensure(reference(honest), { signal })).rejects.toMatchObject({ code: 'image-digest' });
  });

  test('cannot be sent another layer than the manifest names', async () => {
    const digest = await registry.image({ content: 'layered' });
    registry.hook = (request, response) => {
      if (request.method !== 'GET' || !(request.url ?? '').includes('/blobs/')) return false;
      response.writeHead(200).end(gzipSync(Buffer.alloc(10_240)));
      return true;
    };
    const store = await open();
    await expect(store.ensure(reference(digest), { signal })).rejects.toMatchObject({ code: 'image-pull' });
    await expect(engine.docker.getImage(reference(digest)).inspect()).rejects.toMatchObject({ statusCode: 404 });
  });

  test('cannot be kept waiting for ever by a registry that stops', async () => {
    const digest = await registry.image({ content: 'stops' });
    registry.hook = (request) => (request.url ?? '').includes('/blobs/');
    const store = await open({ bounds: { idleMs: 300 } });
    await expect(store.ensure(reference(digest), { signal })).rejects.toMatchObject({
      code: 'image-pull',
      message: expect.stringContaining('nothing came for'),
    });
  });

  test('cannot be led to another address by a redirect of the manifest', async () => {
    const digest = await registry.image({ content: 'redirected' });
    registry.hook = (request, response) => {
      if (!(request.url ?? '').includes('/manifests/')) return false;
      response.writeHead(307, { Location: `http://${registry.host}/elsewhere` }).end();
      return true;
    };
    await expect((await open()).ensure(reference(digest), { signal })).rejects.toMatchObject({ code: 'image-unreachable' });
    expect(registry.asked.some((line) => line.includes('/elsewhere'))).toBe(false);
  });

  test('cannot run an image for another machine', async () => {
    const digest = await registry.image({ content: 'foreign', architecture: 's390x' });
    const store = await open();
    await expect(store.ensure(reference(digest), { signal })).rejects.toMatchObject({ code: 'image-platform' });
  });

  test('cannot pass for a base image by its labels', async () => {
    const digest = await registry.image({
      content: 'poisoned',
      config: { Labels: { 'nunet.recipe': 'pytorch', 'nunet.recipe-hash': '00' } },
    });
    const store = await open();
    await store.ensure(reference(digest), { signal });
    await expect(store.base('pytorch')).rejects.toMatchObject({ code: 'image-base-missing' });
  });

  test('a pull is given up when the last who waited for it gives up, and not before', async () => {
    const digest = await registry.image({ content: noise(5_000_000) });
    const held: ServerResponse[] = [];
    registry.hook = (request, response) => {
      // The configuration, a few hundred bytes, comes; the layer never ends. An engine that has given up a layer hangs up with its next bytes.
      if (!(request.url ?? '').includes('/blobs/') || !registry.isLayer(request.url ?? '')) return false;
      response.writeHead(200, { 'Content-Length': 5_000_000_000 }).write(noise(100_000));
      const more = setInterval(() => response.write(noise(32)), 20);
      response.once('close', () => clearInterval(more));
      held.push(response);
      return true;
    };
    const store = await open();
    const [first, second] = [new AbortController(), new AbortController()];
    const waits = [first, second].map(async (controller) => store.ensure(reference(digest), { signal: controller.signal }));
    await expect.poll(() => held.length, { timeout: 20_000 }).toBeGreaterThan(0);
    const closed = new Promise((resolve) => held[0]?.once('close', resolve));
    first.abort(new Error('first left'));
    await expect(waits[0]).rejects.toThrow('first left');
    expect(held[0]?.closed).toBe(false);
    second.abort(new Error('second left'));
    await expect(waits[1]).rejects.toThrow('second left');
    await closed;
  });

  test("the least used go first, never one in use or held, never the owner's", async () => {
    const store = await open({ budgetBytes: 2_500_000 });
    const owners = await testImage('owners', [{ type: 'file', path: 'x', content: noise(2_000_000) }]);
    await importImage(engine.docker, owners);
    const digests: string[] = [];
    for (const seed of [1, 2, 3]) digests.push(await registry.image({ content: noise(1_000_000).fill(seed, 0, 64) }));
    const [oldest = '', middle = '', newest = ''] = digests;
    const ready = await store.ensure(reference(oldest), { signal });
    const container = await engine.docker.createContainer({ Image: ready.id, Cmd: ['/x'] });
    const held = store.hold((await store.ensure(reference(middle), { signal })).id);
    await store.ensure(reference(newest), { signal });
    // Both older ones are spoken for; what is above the budget stays until it may go.
    expect((await store.collect(0)).map(({ reference: gone }) => gone)).toEqual([reference(newest)]);
    held();
    await container.remove();
    await store.ensure(reference(oldest), { signal });
    expect((await store.collect(1_500_000)).map(({ reference: gone }) => gone)).toEqual([reference(middle)]);
    await expect(engine.docker.getImage(owners.id).inspect()).resolves.toBeDefined();
    // A restart knows them still.
    expect((await (await open()).ours()).map(({ reference: left }) => left)).toEqual([reference(oldest)]);
  });

  test('a record that cannot be read is set aside, and one of a newer version is refused', async () => {
    const path = join(folder, 'images.json');
    await writeFile(path, 'not json');
    expect(await (await open()).ours()).toEqual([]);
    expect(await readFile(`${path}.unreadable`, 'utf8')).toBe('not json');
    await writeFile(path, JSON.stringify({ version: 2 }));
    await expect(open()).rejects.toMatchObject({ code: 'image-record-newer' });
  });
});
