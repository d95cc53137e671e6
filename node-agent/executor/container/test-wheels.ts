// Wheels and a package index for tests: handmade, honest or lying.
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { crc32 } from 'node:zlib';

/** A zip of files as they are, without packing (PKWARE's APPNOTE, sections 4.3.7, 4.3.12, 4.3.16). */
export function zipOf(files: readonly (readonly [string, Uint8Array])[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, content] of files) {
    const path = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x0021, 8);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(content.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(path.length, 22);
    const local = Buffer.concat([Buffer.from('PK\u0003\u0004'), common, path, content]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE((0o100_644 << 16) >>> 0, 6);
    tail.writeUInt32LE(at, 10);
    directory.push(Buffer.concat([Buffer.from('PK\u0001\u0002\u0014\u0000'), common, tail, path]));
    parts.push(local);
    at += local.length;
  }
  const index = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(files.length, 4);
  end.writeUInt16LE(files.length, 6);
  end.writeUInt32LE(index.length, 8);
  end.writeUInt32LE(at, 12);
  return Buffer.concat([...parts, index, Buffer.from('PK\u0005\u0006'), end]);
}

export interface WheelOptions {
  readonly name: string;
  readonly version: string;
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  readonly requires?: readonly string[];
  readonly tag?: string;
}

export interface Wheel {
  readonly filename: string;
  readonly bytes: Buffer;
  readonly sha256: string;
}

/** PEP 427. */
export function wheelOf({ name, version, files, requires = [], tag = 'py3-none-any' }: WheelOptions): Wheel {
  const folder = `${name.replaceAll('-', '_')}-${version}.dist-info`;
  const metadata = [
    'Metadata-Version: 2.1',
    `Name: ${name}`,
    `Version: ${version}`,
    ...requires.map((need) => `Requires-Dist: ${need}`),
    '',
  ].join('\n');
  const content: [string, Uint8Array][] = [
    ...Object.entries(files).map(([path, text]): [string, Uint8Array] => [path, Buffer.from(text)]),
    [`${folder}/METADATA`, Buffer.from(metadata)],
    [`${folder}/WHEEL`, Buffer.from(`Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: ${tag}\n`)],
  ];
  const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64url');
  const record = [...content.map(([path, bytes]) => `${path},sha256=${hashOf(bytes)},${bytes.length}`), `${folder}/RECORD,,`, ''].join(
    '\n',
  );
  const bytes = zipOf([...content, [`${folder}/RECORD`, Buffer.from(record)]]);
  return {
    filename: `${name.replaceAll('-', '_')}-${version}-${tag}.whl`,
    bytes,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  };
}

/** A simple index below /root/simple/, its files below /files/; `hook` answers first where it wants to. */
export class TestIndex {
  readonly asked: string[] = [];
  readonly projects = new Map<string, { filename: string; url?: string; sha256: string | null; bytes: Buffer }[]>();
  hook: ((request: IncomingMessage, response: ServerResponse) => boolean) | null = null;
  as: 'html' | 'json' = 'html';
  readonly #server: Server = createServer((request, response) => this.#answer(request, response));

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }
  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }
  get url(): string {
    return `${this.origin}/root/simple`;
  }
  add(project: string, file: { filename: string; url?: string; sha256: string | null; bytes: Buffer }): void {
    this.projects.set(project, [...(this.projects.get(project) ?? []), file]);
  }
  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '';
    this.asked.push(path);
    if (this.hook?.(request, response) === true) return;
    const project = /^\/root\/simple\/([^/]+)\/$/.exec(path)?.[1];
    const files = this.projects.get(project ?? '');
    if (files !== undefined) return this.#page(files, response);
    const found = [...this.projects.values()].flat().find(({ filename }) => path === `/files/${filename}`);
    if (found === undefined) response.writeHead(404).end();
    else response.end(found.bytes);
  }
  #page(files: readonly { filename: string; url?: string; sha256: string | null }[], response: ServerResponse): void {
    const urlOf = ({ url, filename }: { url?: string; filename: string }): string => url ?? `../../../files/${filename}`;
    if (this.as === 'json') {
      const list = files.map((file) => ({
        filename: file.filename,
        url: urlOf(file),
        hashes: file.sha256 === null ? {} : { sha256: file.sha256 },
      }));
      response.writeHead(200, { 'Content-Type': 'application/vnd.pypi.simple.v1+json' }).end(JSON.stringify({ files: list }));
      return;
    }
    const anchors = files.map(
      (file) => `<a href="${urlOf(file)}${file.sha256 === null ? '' : `#sha256=${file.sha256}`}">${file.filename}</a>`,
    );
    response.writeHead(200, { 'Content-Type': 'text/html' }).end(`<!DOCTYPE html><html><body>${anchors.join('<br>')}</body></html>`);
  }
  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
