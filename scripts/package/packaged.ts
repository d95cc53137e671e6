// A packaged extension as it is handed to a store: the entries of its zip, and which of them name which others.
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { crc32, inflateRawSync } from 'node:zlib';
import { NunetError } from '@nunet/shared/errors.ts';

export interface PackagedFile {
  path: string;
  bytes: Uint8Array;
  /** Decoded, of what is code, a page, a sheet or JSON; of everything else null. */
  text: string | null;
}

export type Packaged = ReadonlyMap<string, PackagedFile>;

/** A sentence about one packaged file, for whoever broke a rule. */
export interface Finding {
  file: string;
  problem: string;
}

const TEXT = /\.(?:js|html|css|json)$/;

export const packagedFile = (path: string, bytes: Uint8Array): PackagedFile => ({
  path,
  bytes,
  text: TEXT.test(path) ? new TextDecoder('utf-8', { fatal: true }).decode(bytes) : null,
});

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;

/** Entries in the order of the zip. APPNOTE.TXT 4.3.7, 4.3.12, 4.3.16; the zips are ours: one disk, no comment, no encryption, no zip64. */
export function readPackage(path: string): Packaged {
  const zip = readFileSync(path);
  const broken = (what: string): NunetError => new NunetError('package-broken', `Cannot read ${path}: ${what}`);
  const end = zip.length - 22;
  if (end < 0 || zip.readUInt32LE(end) !== END) throw broken('it does not end as a zip without a comment does');
  const files = new Map<string, PackagedFile>();
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    if (zip.readUInt32LE(at) !== ENTRY) throw broken(`no entry at ${at}`);
    const [method, sum, packed] = [zip.readUInt16LE(at + 10), zip.readUInt32LE(at + 16), zip.readUInt32LE(at + 20)];
    const lengths = [28, 30, 32].map((offset) => zip.readUInt16LE(at + offset));
    const name = zip.toString('utf8', at + 46, at + 46 + (lengths[0] ?? 0));
    const local = zip.readUInt32LE(at + 42);
    if (zip.readUInt32LE(local) !== LOCAL) throw broken(`${name} is not where it should be`);
    if (zip.readUInt32LE(local + 10) !== 0) throw broken(`${name} carries a time, so the next build has other bytes`);
    const from = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const stored = zip.subarray(from, from + packed);
    const bytes = method === 0 ? stored : inflateRawSync(stored);
    if (crc32(bytes) !== sum) throw broken(`${name} is damaged`);
    if (files.has(name)) throw broken(`${name} is there twice`);
    files.set(name, packagedFile(name, bytes));
    at += 46 + lengths.reduce((total, length) => total + length, 0);
  }
  return files;
}

/** What is loaded with a file before anything happens: a page's scripts and sheets, a chunk's static imports; not what it may load later. */
export function loadedWith(files: Packaged, start: string): PackagedFile[] {
  const found = new Map<string, PackagedFile>();
  const add = (path: string): void => {
    const file = files.get(path);
    if (file === undefined || found.has(path)) return;
    found.set(path, file);
    if (path.endsWith('.html')) for (const [, name = ''] of file.text?.matchAll(/(?:src|href)="\/([^"]+)"/g) ?? []) add(name);
    if (path.endsWith('.js'))
      for (const [, name = ''] of file.text?.matchAll(/(?:\bfrom|\bimport)\s*["'](\.{1,2}\/[^"']+)["']/g) ?? [])
        add(posix.join(posix.dirname(path), name));
  };
  add(start);
  return [...found.values()];
}
