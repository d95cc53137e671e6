// What an image will bring, read from its registry before anything is pulled: sizes of the layers, and for which platform it is.
import { createHash } from 'node:crypto';
import { NunetError } from '@nunet/shared/errors.ts';
import { z } from 'zod';
import type { ImageName } from './image-policy.ts';

/** As the distribution specification allows a registry to refuse larger ones. */
const MAX_MANIFEST_BYTES = 4 * 2 ** 20;
const MAX_TOKEN_BYTES = 64 * 1024;
const TIMEOUT_MS = 30_000;
const MAX_LAYERS = 256;

const ACCEPT = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const descriptor = z.object({ digest, size: z.int().min(0).max(Number.MAX_SAFE_INTEGER) });
const manifest = z.object({ schemaVersion: z.literal(2), config: descriptor, layers: z.array(descriptor).max(MAX_LAYERS) });
const index = z.object({
  schemaVersion: z.literal(2),
  manifests: z.array(descriptor.extend({ platform: z.object({ os: z.string(), architecture: z.string() }).optional() })).max(256),
});
const token = z.object({ token: z.string().max(32_768).optional(), access_token: z.string().max(32_768).optional() });

export interface ImageManifest {
  readonly config: { readonly digest: string; readonly size: number };
  /** Packed, in bytes. */
  readonly layers: readonly { readonly digest: string; readonly size: number }[];
}

export interface RegistryAccess {
  /** The web's own `fetch`, or a test's. */
  readonly fetch: typeof fetch;
  /** `linux/amd64` */
  readonly platform: string;
  readonly signal: AbortSignal;
}

/** Engines take a registry on loopback without TLS, and no other. */
const isLoopback = (registry: string): boolean => /^(?:localhost|127(?:\.\d{1,3}){3})(?::\d+)?$/.test(registry);

/**
 * Without credentials; what came is the digest that was asked for. Throws `image-unreachable`, `image-unknown`, `image-digest`,
 * `image-platform`, `image-manifest`.
 */
export async function readManifest(image: ImageName & { registry: string }, access: RegistryAccess): Promise<ImageManifest> {
  const get = manifestGetter(image, access);
  const first = await get(image.digest);
  const list = index.safeParse(first);
  if (!list.success) return manifestOf(image, first);
  const found = list.data.manifests.find(({ platform }) => platform && `${platform.os}/${platform.architecture}` === access.platform);
  if (found === undefined)
    throw new NunetError('image-platform', `Cannot pull ${image.name}: it has nothing for ${access.platform}, which this machine is`);
  return manifestOf(image, await get(found.digest));
}

function manifestOf(image: ImageName, value: unknown): ImageManifest {
  const parsed = manifest.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new NunetError('image-manifest', `Cannot pull ${image.name}: ${image.digest} is no manifest of an image (schema 2 or OCI)`);
}

function manifestGetter(image: ImageName & { registry: string }, access: RegistryAccess): (digest: string) => Promise<unknown> {
  const base = `${isLoopback(image.registry) ? 'http' : 'https'}://${image.registry}/v2/${image.repository}/manifests/`;
  let authorization: string | null = null;
  return async (wanted) => {
    const ask = async (): Promise<Response> => request(image, `${base}${wanted}`, { Accept: ACCEPT }, authorization, access);
    let response = await ask();
    if (response.status === 401 && authorization === null) {
      await response.body?.cancel();
      authorization = `Bearer ${await anonymousToken(image, response.headers.get('www-authenticate') ?? '', access)}`;
      response = await ask();
    }
    if (!response.ok) {
      await response.body?.cancel();
      throw new NunetError('image-unknown', `Cannot pull ${image.name}@${wanted}: its registry answered ${response.status}, want 200`);
    }
    const bytes = await bodyOf(image, response, MAX_MANIFEST_BYTES);
    const real = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    if (real !== wanted) throw new NunetError('image-digest', `Cannot pull ${image.name}: its registry sent ${real}, want ${wanted}`);
    return parsed(image, bytes);
  };
}

/** The token service is named by the registry: where it wants a password, the image is not for us. */
async function anonymousToken(image: ImageName & { registry: string }, challenge: string, access: RegistryAccess): Promise<string> {
  const refused = (why: string): NunetError => new NunetError('image-unknown', `Cannot pull ${image.name}: ${why}`);
  const value = (name: string): string | undefined => new RegExp(`[ ,]${name}="([^"]{1,1000})"`).exec(challenge)?.[1];
  const realm = value('realm');
  const isBearer = /^bearer /i.test(challenge.slice(0, 7));
  const wanted = isLoopback(image.registry) ? /^https?:\/\// : /^https:\/\//;
  if (!isBearer || realm === undefined || !URL.canParse(realm) || !wanted.test(realm))
    throw refused('its registry wants a sign-in, and this agent has none');
  const url = new URL(realm);
  const service = value('service');
  if (service !== undefined) url.searchParams.set('service', service);
  url.searchParams.set('scope', `repository:${image.repository}:pull`);
  const response = await request(image, url.href, {}, null, access);
  if (!response.ok) {
    await response.body?.cancel();
    throw refused(`its registry wants a sign-in, and this agent has none (${response.status})`);
  }
  const result = token.safeParse(parsed(image, await bodyOf(image, response, MAX_TOKEN_BYTES)));
  const text = result.data?.token ?? result.data?.access_token;
  if (text === undefined || !/^[\x21-\x7e]+$/.test(text)) throw refused('its registry gave no token');
  return text;
}

async function request(
  image: ImageName,
  url: string,
  headers: Record<string, string>,
  authorization: string | null,
  access: RegistryAccess,
): Promise<Response> {
  try {
    return await access.fetch(url, {
      headers: authorization === null ? headers : { ...headers, Authorization: authorization },
      // Manifests are served by the registry itself; only blobs are moved elsewhere, and those the engine fetches.
      redirect: 'error',
      signal: AbortSignal.any([access.signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
  } catch (cause) {
    access.signal.throwIfAborted();
    throw new NunetError('image-unreachable', `Cannot pull ${image.name}: its registry cannot be reached`, { cause });
  }
}

async function bodyOf(image: ImageName, response: Response, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length;
      if (bytes > maxBytes) break;
      chunks.push(chunk);
    }
  } catch (cause) {
    throw new NunetError('image-unreachable', `Cannot pull ${image.name}: its registry stopped in the middle of an answer`, { cause });
  }
  if (bytes > maxBytes) throw new NunetError('image-manifest', `Cannot pull ${image.name}: its manifest is above ${maxBytes} bytes`);
  return Buffer.concat(chunks);
}

function parsed(image: ImageName, bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch (cause) {
    throw new NunetError('image-manifest', `Cannot pull ${image.name}: its registry sent something that is not JSON`, { cause });
  }
}
