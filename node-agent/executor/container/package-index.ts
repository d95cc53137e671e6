// The configured package index as a list of packages is served from it: only projects of the list, only wheels of the exact version,
// only over our own hands. What the installer inside asks for never becomes an address.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { NunetError } from '@nunet/shared/errors.ts';
import { isOutside } from '../../fetch/download.ts';
import { readBody } from '../../fetch/web-body.ts';
import { openUrl, type WebAccess, type WebAnswer } from '../../fetch/web-request.ts';
import { inputUrlProblem, type WebRules } from '../../fetch/web-rules.ts';
import { filesOfPage, innerPage, normalName, offered, pinnedOf, type IndexedFile, type Pinned } from './package-names.ts';

export interface IndexAccess {
  /** Base address of a simple index (PEP 503), as the owner configured it. */
  readonly packageIndex: string;
  /** Other hosts that the index may name files on, over https; `*` stands for anything. */
  readonly downloadHosts: readonly string[];
  readonly web: WebAccess;
  /** Of other hosts than the index's own, which may be anywhere. */
  readonly isAllowedAddress?: (address: string) => boolean;
  /** All wheels of a list together, packed. */
  readonly maxBytes: number;
  readonly idleMs?: number;
}

export interface Served {
  readonly status: number;
  readonly type: string;
  readonly bytes: number;
  readonly body: Readable;
}

export interface PackageServer {
  /** What `path` of the installer inside means; 404 for anything but the list. Throws `dependency-...`, which ends the step. */
  answer(path: string, signal: AbortSignal): Promise<Served>;
  /** Packages of the list whose wheel has been handed over. */
  readonly done: number;
}

const MAX_PAGE_BYTES = 32 * 2 ** 20;
const PAGE_TYPES = 'application/vnd.pypi.simple.v1+json, text/html;q=0.5';

/** `folder`: of this step alone; wheels lie in it until it is gone. */
export function packageServer(list: readonly string[], folder: string, access: IndexAccess): PackageServer {
  const base = indexUrl(access.packageIndex);
  const pinned = new Map(list.map(pinnedOf).map((entry) => [normalName(entry.name), entry]));
  /** Addresses that were given out, by number. */
  const given: { file: IndexedFile; from: URL; of: Pinned }[] = [];
  const handed = new Set<string>();
  let left = access.maxBytes;

  const rules: WebRules = {
    problem: (url) => (url.origin === base.origin && url.username === '' ? null : inputUrlProblem(url, access.downloadHosts)),
    isAllowedAddress: (address, url) => url.origin === base.origin || (access.isAllowedAddress ?? isOutside)(address),
  };
  const open = async (url: string, of: Pinned, accept: string, signal: AbortSignal): Promise<WebAnswer> =>
    openUrl({ url, rules, access: access.web, accept, signal }).catch((cause: unknown) => {
      throw wrapped(cause, of);
    });

  async function page(of: Pinned, signal: AbortSignal): Promise<Served> {
    const answer = await open(`${base.href}${normalName(of.name)}/`, of, PAGE_TYPES, signal);
    const chunks: Uint8Array[] = [];
    await readBody(answer, { maxBytes: MAX_PAGE_BYTES, ...idle(access) }, signal, (chunk) => void chunks.push(chunk)).catch(
      (cause: unknown) => {
        throw wrapped(cause, of);
      },
    );
    const files = filesOfPage(Buffer.concat(chunks).toString('utf8'), answer.headers['content-type'] ?? '');
    if (files === null)
      throw new NunetError('dependency-index', `Cannot install ${said(of)}: the package index answered with no page of files`);
    const { wheels, hasSource } = offered(files, of);
    if (wheels.length === 0)
      throw hasSource
        ? new NunetError(
            'dependency-source',
            `Cannot install ${said(of)}: the package index has it as source only, and building it would run code with a network`,
          )
        : new NunetError('dependency-unknown', `Cannot install ${said(of)}: the package index has no such version`);
    const first = given.length;
    given.push(...wheels.map((file) => ({ file, from: answer.url, of })));
    const html = innerPage(wheels, (file) => `/files/${first + wheels.indexOf(file)}/${file.filename}`);
    return served(200, 'text/html; charset=utf-8', html);
  }

  async function wheel(number: number, signal: AbortSignal): Promise<Served> {
    const found = given[number];
    if (found === undefined) return served(404, 'text/plain', 'no such file');
    const { file, from, of } = found;
    const path = join(folder, `${number}.whl`);
    if ((await stat(path).catch(() => null)) === null) {
      if (!URL.canParse(file.url, from))
        throw new NunetError('dependency-index', `Cannot install ${said(of)}: the package index names no address of its file`);
      const answer = await open(new URL(file.url, from).href, of, '*/*', signal);
      left -= await keep(answer, path, file, of, signal);
    }
    handed.add(normalName(of.name));
    return { status: 200, type: 'application/octet-stream', bytes: (await stat(path)).size, body: createReadStream(path) };
  }

  async function keep(answer: WebAnswer, path: string, file: IndexedFile, of: Pinned, signal: AbortSignal): Promise<number> {
    const hash = createHash('sha256');
    const out = createWriteStream(path, { flags: 'wx', mode: 0o600 });
    try {
      const bytes = await readBody(answer, { maxBytes: Math.max(1, left), ...idle(access) }, signal, async (chunk) => {
        hash.update(chunk);
        if (!out.write(chunk)) await once(out, 'drain');
      });
      await new Promise<void>((resolve, reject) => {
        out.once('error', reject);
        out.end(resolve);
      });
      const real = hash.digest('hex');
      if (file.sha256 !== null && real !== file.sha256)
        throw new NunetError(
          'dependency-hash',
          `Cannot install ${said(of)}: its wheel has sha256 ${real.slice(0, 16)}..., the package index says ${file.sha256.slice(0, 16)}...`,
        );
      return bytes;
    } catch (cause) {
      out.destroy();
      throw wrapped(cause, of);
    }
  }

  return {
    async answer(path, signal) {
      const project = /^\/simple\/([a-z0-9-]{1,100})\/?$/.exec(path)?.[1];
      const entry = project === undefined ? undefined : pinned.get(project);
      if (entry !== undefined) return page(entry, signal);
      const number = /^\/files\/(\d{1,6})\//.exec(path)?.[1];
      return number === undefined ? served(404, 'text/plain', 'not of the list') : wheel(Number(number), signal);
    },
    get done() {
      return handed.size;
    },
  };
}

/** With a slash at the end. Throws `dependency-index`. */
export function indexUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw new NunetError(
      'dependency-index',
      'Cannot use the configured package index: want an http or https URL without password, query and fragment',
    );
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

const said = ({ name, version }: Pinned): string => `${name}==${version}`;
const idle = ({ idleMs }: IndexAccess) => (idleMs === undefined ? {} : { idleMs });

/** The fetch helper's refusals, by the package that they kept back. */
function wrapped(cause: unknown, of: Pinned): unknown {
  if (!(cause instanceof NunetError) || cause.code.startsWith('dependency-')) return cause;
  if (cause.code === 'download-status' && cause.message.includes('answered 404'))
    return new NunetError('dependency-unknown', `Cannot install ${said(of)}: the package index does not know it`, { cause });
  return new NunetError('dependency-fetch', `Cannot install ${said(of)}: ${cause.message}`, { cause });
}

function served(status: number, type: string, text: string): Served {
  const bytes = Buffer.from(text);
  return { status, type, bytes: bytes.length, body: Readable.from([bytes]) };
}
