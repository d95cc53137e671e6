// A file of a job from the web: fetched by the agent, checked against its hash, and there whole or not at all. Never by the job.
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NunetError } from '@nunet/shared/errors.ts';
import type { Download } from '@nunet/shared/container-program.ts';
import { isPublicAddress } from './public-address.ts';
import { readBody, type BodyBounds } from './web-body.ts';
import { openUrl, type WebAccess } from './web-request.ts';
import { inputUrlProblem } from './web-rules.ts';

export interface DownloadOptions {
  /** The owner's: hosts that files may come from; `*` stands for anything. */
  readonly hosts: readonly string[];
  readonly access: WebAccess;
  /** `isOutside`; a test opens it for its own servers. */
  isAllowedAddress(address: string): boolean;
  readonly bounds?: Omit<BodyBounds, 'maxBytes'>;
  readonly headersMs?: number;
  /** Before another try of what may pass: a name server or a line that is down. */
  readonly retryMs?: readonly number[];
  readonly signal: AbortSignal;
  /** Bytes of this file so far. */
  readonly onProgress?: (done: number) => void;
}

/** Public, and none of this machine's own addresses: what listens on them may trust whoever comes from inside. */
export function isOutside(address: string): boolean {
  const own = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map((entry) => entry.address));
  return isPublicAddress(address) && !own.includes(address);
}

const RETRY_MS = [1_000, 4_000];

/**
 * Lands at `path`; one that is there already with the right hash is kept. Throws `download-...`: what came is neither kept nor passed
 * on unless all of it is what the job named.
 */
export async function downloadFile(file: Download, path: string, options: DownloadOptions): Promise<void> {
  if (await isThere(path, file)) {
    options.onProgress?.(file.bytes);
    return;
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const waits = [...(options.retryMs ?? RETRY_MS)];
  for (;;) {
    try {
      return await fetchOnce(file, path, options);
    } catch (error) {
      const wait = waits.shift();
      if (wait === undefined || !(error instanceof NunetError) || error.code !== 'download-unreachable') throw named(error, file);
      await sleep(wait, undefined, { signal: options.signal });
    }
  }
}

/** Which of a job's files it was. */
const named = (error: unknown, { name }: Download): unknown =>
  error instanceof NunetError && error.code.startsWith('download-')
    ? new NunetError(error.code, `${error.message} (file ${name})`, { cause: error.cause })
    : error;

async function isThere(path: string, { bytes, sha256 }: Download): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  if (found?.size !== bytes || !found.isFile()) return false;
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest('hex') === sha256;
}

async function fetchOnce({ url, sha256, bytes }: Download, path: string, options: DownloadOptions): Promise<void> {
  const { hosts, access, signal, headersMs } = options;
  const rules = {
    problem: (asked: URL) => inputUrlProblem(asked, hosts),
    isAllowedAddress: (address: string) => options.isAllowedAddress(address),
  };
  const answer = await openUrl({ url, rules, access, signal, ...(headersMs !== undefined && { headersMs }) });
  const announced = answer.headers['content-length'];
  if (announced !== undefined && Number(announced) !== bytes) {
    answer.body.destroy();
    throw new NunetError(
      'download-size',
      `Cannot fetch from ${answer.url.origin}: it has ${announced.slice(0, 20)} bytes now, the job says ${bytes}`,
    );
  }
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  const out = await open(draft, 'wx', 0o600).catch((error: unknown) => {
    answer.body.destroy();
    throw error;
  });
  try {
    const hash = createHash('sha256');
    let done = 0;
    await readBody(answer, { ...options.bounds, maxBytes: bytes }, signal, async (chunk) => {
      hash.update(chunk);
      await out.writeFile(chunk);
      done += chunk.length;
      options.onProgress?.(done);
    });
    if (done !== bytes)
      throw new NunetError('download-size', `Cannot fetch from ${answer.url.origin}: it sent ${done} bytes, the job says ${bytes}`);
    const real = hash.digest('hex');
    if (real !== sha256)
      throw new NunetError(
        'download-changed',
        `Cannot use what came from ${answer.url.origin}: its sha256 is ${real.slice(0, 16)}..., the job was quoted for ${sha256.slice(0, 16)}...`,
      );
    await out.sync();
    await out.close();
    await rename(draft, path);
  } catch (error) {
    await out.close().catch(() => undefined);
    await rm(draft, { force: true });
    throw error;
  }
}
