// A registry on loopback for tests: the pull half of the OCI distribution API, honest or lying in one named way.
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { sha256Of, type TestImage } from './test-images.ts';

/** How a repository lies; left out: not at all. */
export type RegistryLie =
  /** The manifest that comes is another one. */
  | { readonly kind: 'wrong-manifest' }
  /** The layer's bytes are not those of its digest. */
  | { readonly kind: 'wrong-layer' }
  /** The manifest tells of a layer of this size. */
  | { readonly kind: 'announces'; readonly bytes: number }
  /** The layer goes on for ever. */
  | { readonly kind: 'endless-layer' }
  /** The layer comes byte by byte, seconds apart. */
  | { readonly kind: 'slow-layer' }
  /** Blobs lie elsewhere. */
  | { readonly kind: 'redirect'; readonly to: string }
  /** Manifests too. */
  | { readonly kind: 'redirect-manifest'; readonly to: string }
  /** The platform is one that no machine has. */
  | { readonly kind: 'other-platform' };

export interface TestRegistry {
  /** HOST:PORT, as it stands in references. */
  readonly host: string;
  /** Serves the image; gives the reference by the manifest's digest. */
  add(repository: string, image: TestImage, lie?: RegistryLie): string;
  /** Paths asked for so far. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

interface Repository {
  readonly manifest: Uint8Array;
  readonly blobs: ReadonlyMap<string, Uint8Array>;
  readonly layerDigest: string;
  readonly lie: RegistryLie | null;
}

const MANIFEST_TYPE = 'application/vnd.docker.distribution.manifest.v2+json';
const CONFIG_TYPE = 'application/vnd.docker.container.image.v1+json';
const LAYER_TYPE = 'application/vnd.docker.image.rootfs.diff.tar.gzip';

export async function startTestRegistry(): Promise<TestRegistry> {
  const repositories = new Map<string, Repository>();
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    requests.push(path);
    void answer(path, request.method === 'HEAD', response, repositories).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    requests,
    add(name, image, lie) {
      const repository = repositoryOf(image, lie ?? null);
      repositories.set(name, repository);
      return `${host}/${name}@${sha256Of(repository.manifest)}`;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function repositoryOf(image: TestImage, lie: RegistryLie | null): Repository {
  const layer = gzipSync(image.layer, { level: 1 });
  const config =
    lie?.kind === 'other-platform'
      ? Buffer.from(JSON.stringify({ ...(JSON.parse(Buffer.from(image.config).toString()) as object), os: 'plan9', architecture: 's390x' }))
      : image.config;
  const descriptor = (mediaType: string, bytes: Uint8Array, size = bytes.length) => ({ mediaType, size, digest: sha256Of(bytes) });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST_TYPE,
      config: descriptor(CONFIG_TYPE, config),
      layers: [descriptor(LAYER_TYPE, layer, lie?.kind === 'announces' ? lie.bytes : layer.length)],
    }),
  );
  return {
    manifest,
    blobs: new Map([
      [sha256Of(config), config],
      [sha256Of(layer), layer],
    ]),
    layerDigest: sha256Of(layer),
    lie,
  };
}

async function answer(path: string, isHead: boolean, response: ServerResponse, all: ReadonlyMap<string, Repository>): Promise<void> {
  if (path === '/v2/' || path === '/v2') return send(response, 200, 'application/json', Buffer.from('{}'), isHead);
  const match = /^\/v2\/(.+)\/(manifests|blobs)\/([^/?]+)/.exec(path);
  const repository = all.get(match?.[1] ?? '');
  if (match === null || repository === undefined) return notFound(response);
  const { lie } = repository;
  const [, , part, reference = ''] = match;
  if (part === 'manifests') {
    if (lie?.kind === 'redirect-manifest') return redirect(response, lie.to);
    const manifest = lie?.kind === 'wrong-manifest' ? Buffer.concat([repository.manifest, Buffer.from(' ')]) : repository.manifest;
    if (lie?.kind !== 'wrong-manifest' && reference !== sha256Of(manifest)) return notFound(response);
    response.setHeader('Docker-Content-Digest', reference);
    return send(response, 200, MANIFEST_TYPE, manifest, isHead);
  }
  const blob = repository.blobs.get(reference);
  if (blob === undefined) return notFound(response);
  if (lie?.kind === 'redirect') return redirect(response, lie.to);
  if (reference !== repository.layerDigest) return send(response, 200, 'application/octet-stream', blob, isHead);
  if (lie?.kind === 'wrong-layer')
    return send(
      response,
      200,
      'application/octet-stream',
      blob.map((byte) => byte ^ 0xff),
      isHead,
    );
  if (lie?.kind === 'endless-layer') return endless(response);
  if (lie?.kind === 'slow-layer') return slowly(response, blob);
  return send(response, 200, 'application/octet-stream', blob, isHead);
}

function send(response: ServerResponse, status: number, type: string, body: Uint8Array, isHead: boolean): void {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': body.length });
  response.end(isHead ? undefined : body);
}

const notFound = (response: ServerResponse): void =>
  send(response, 404, 'application/json', Buffer.from('{"errors":[{"code":"NAME_UNKNOWN"}]}'), false);

function redirect(response: ServerResponse, to: string): void {
  response.writeHead(307, { Location: to });
  response.end();
}

/** A gzip that unpacks to nothing but more. */
async function endless(response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'Content-Type': 'application/octet-stream' });
  const piece = Buffer.alloc(64 * 1024, 7);
  while (!response.destroyed) if (!response.write(piece)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
}

async function slowly(response: ServerResponse, body: Uint8Array): Promise<void> {
  response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': body.length });
  for (const byte of body) {
    if (response.destroyed) return;
    response.write(Uint8Array.of(byte));
    await Promise.race([delay(2_000), once(response, 'close')]);
  }
}
