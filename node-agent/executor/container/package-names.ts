// Names and versions of Python packages as their specifications compare them, and what an index says there is. Pure.
import { z } from 'zod';

/** PEP 503. */
export const normalName = (name: string): string => name.toLowerCase().replaceAll(/[-_.]+/g, '-');

/** PEP 440, as far as exact versions need it: case, a leading v, and trailing zeros of the release mean nothing. */
export function normalVersion(version: string): string {
  const [, release = '', rest = ''] = /^v?((?:\d+!)?\d+(?:\.\d+)*)(.*)$/.exec(version.toLowerCase()) ?? [];
  return release === '' ? version.toLowerCase() : `${release.replace(/(?:\.0+)+$/, '')}${rest.replaceAll(/[-_]/g, '.')}`;
}

/** One entry of a job's list; its schema has checked the form. */
export interface Pinned {
  readonly name: string;
  readonly version: string;
}

export function pinnedOf(dependency: string): Pinned {
  const [name = '', version = ''] = dependency.split('==');
  return { name, version };
}

export interface IndexedFile {
  readonly filename: string;
  readonly url: string;
  /** null: the index names none. */
  readonly sha256: string | null;
  readonly requiresPython: string | null;
}

const MAX_FILES = 20_000;
const json = z.object({
  files: z
    .array(
      z.object({
        filename: z.string().max(300),
        url: z.string().max(2_000),
        hashes: z.record(z.string(), z.string().max(200)).optional(),
        'requires-python': z.string().max(100).nullish(),
        yanked: z.union([z.boolean(), z.string()]).optional(),
      }),
    )
    .max(MAX_FILES),
});

const SHA256 = /^[0-9a-f]{64}$/;

/** A page of the simple index: JSON (PEP 691) or HTML (PEP 503). null: it is neither. Addresses are relative to the page. */
export function filesOfPage(text: string, type: string): IndexedFile[] | null {
  return type.includes('json') ? ofJson(text) : ofHtml(text);
}

function ofJson(text: string): IndexedFile[] | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const page = json.safeParse(value);
  if (!page.success) return null;
  return page.data.files.map(({ filename, url, hashes, 'requires-python': requiresPython }) => {
    const sha256 = hashes?.['sha256'] ?? '';
    return { filename, url, sha256: SHA256.test(sha256) ? sha256 : null, requiresPython: requiresPython ?? null };
  });
}

const ANCHOR = /<a\s([^<>]{1,4000})>([^<>]{1,400})<\/a\s*>/gi;
const ATTRIBUTE = /([a-z-]{1,40})\s*=\s*(?:"([^"]*)"|'([^']*)')/gi;

function ofHtml(text: string): IndexedFile[] {
  const files: IndexedFile[] = [];
  for (const [, attributes = '', label = ''] of text.matchAll(ANCHOR)) {
    if (files.length === MAX_FILES) break;
    const found = new Map(
      [...attributes.matchAll(ATTRIBUTE)].map(([, name = '', double, single]) => [name.toLowerCase(), unescaped(double ?? single ?? '')]),
    );
    const [url = '', fragment = ''] = (found.get('href') ?? '').split('#');
    const sha256 = /(?:^|&)sha256=([0-9a-f]{64})(?:&|$)/.exec(fragment)?.[1] ?? null;
    if (url !== '')
      files.push({ filename: unescaped(label).trim(), url, sha256, requiresPython: found.get('data-requires-python') ?? null });
  }
  return files;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#x27': "'" };
const unescaped = (text: string): string => text.replaceAll(/&(amp|lt|gt|quot|#39|#x27);/g, (_, name: string) => ENTITIES[name] ?? '');

/** name-version(-build)?-python-abi-platform.whl */
const WHEEL = /^([A-Za-z0-9._]+)-([A-Za-z0-9.!+_]+)(?:-\d[A-Za-z0-9_.]*)?-([A-Za-z0-9._]+)-([A-Za-z0-9._]+)-([A-Za-z0-9._]+)\.whl$/;

export interface Offered {
  /** Of this very version. */
  readonly wheels: readonly IndexedFile[];
  /** Source of this version, which is never built. */
  readonly hasSource: boolean;
}

export function offered(files: readonly IndexedFile[], { name, version }: Pinned): Offered {
  const wanted = normalVersion(version);
  const wheels = files.filter(({ filename }) => {
    const [, wheelName = '', wheelVersion = ''] = WHEEL.exec(filename) ?? [];
    return normalName(wheelName) === normalName(name) && normalVersion(wheelVersion.replaceAll('_', '+')) === wanted;
  });
  const source = new RegExp(`^(.{1,120})-([A-Za-z0-9.!+_]+)\\.(?:tar\\.(?:gz|bz2|xz)|zip|tgz)$`);
  const hasSource = files.some(({ filename }) => {
    const [, sourceName = '', sourceVersion = ''] = source.exec(filename) ?? [];
    return normalName(sourceName) === normalName(name) && normalVersion(sourceVersion) === wanted;
  });
  return { wheels, hasSource };
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** What the installer inside sees: these wheels and nothing else, at addresses of ours. */
export function innerPage(wheels: readonly IndexedFile[], addressOf: (file: IndexedFile) => string): string {
  const lines = wheels.map((file) => {
    const hash = file.sha256 === null ? '' : `#sha256=${file.sha256}`;
    const python = file.requiresPython === null ? '' : ` data-requires-python="${escaped(file.requiresPython)}"`;
    return `<a href="${escaped(addressOf(file))}${hash}"${python}>${escaped(file.filename)}</a><br>`;
  });
  return `<!DOCTYPE html><html><body>\n${lines.join('\n')}\n</body></html>\n`;
}
