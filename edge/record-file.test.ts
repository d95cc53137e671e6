import { mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { signNetworkRecord, type NetworkRecord } from '@nunet/shared/network-record.ts';
import type { Signer } from '@nunet/shared/signature.ts';
import { fixtureRecord, keyOf, T0 } from './fixtures.ts';
import { openRecordFile } from './record-file.ts';

const pin = keyOf(33);
let folder: string;
let path: string;
let log: string[];
let written = 0;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edge-record-'));
  path = join(folder, 'record.cbor');
  log = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(over: Partial<NetworkRecord>, signer: Signer = pin): Promise<void> {
  const record = fixtureRecord([{ key: keyOf(51).publicKey, url: 'http://127.0.0.1:1' }], { k: 1, ...over });
  await writeFile(path, await signNetworkRecord(record, [signer]));
  // Two writes within one tick of the file system's clock must differ.
  written += 1;
  await utimes(path, written, written);
}
const open = () =>
  openRecordFile({
    path,
    folder,
    network: 'devnet',
    pinned: { keys: [pin.publicKey], threshold: 1 },
    now: () => T0,
    log: (line) => log.push(line),
  });

test('a newer record is taken while the edge runs', async () => {
  await write({ sequence: 1 });
  const file = await open();
  await write({ sequence: 2, k: 1, claimWindowMs: 5 });
  await file.refresh();
  expect(file.current()).toMatchObject({ sequence: 2, claimWindowMs: 5 });
  expect(await readFile(join(folder, 'record-sequence'), 'utf8')).toBe('2\n');
});

test.each<[string, () => Promise<void>]>([
  ['an older record', () => write({ sequence: 1 })],
  ['a record of another key', () => write({ sequence: 9 }, keyOf(34))],
  ['an expired record', () => write({ sequence: 9, expiresAt: T0 })],
  ['a record of another network', () => write({ sequence: 9, network: 'preprod' })],
  [
    'nonsense',
    async () => {
      await writeFile(path, 'nonsense');
      await utimes(path, 1e6, 1e6);
    },
  ],
])('cannot be given %s: the one in use stays and the log says why', async (_, spoil) => {
  await write({ sequence: 2 });
  const file = await open();
  await spoil();
  await file.refresh();
  expect(file.current().sequence).toBe(2);
  expect(log.join()).toContain('stays unused');
});

test('cannot be rolled back to an older record by a restart', async () => {
  await write({ sequence: 2 });
  await open();
  await write({ sequence: 1 });
  await expect(open()).rejects.toMatchObject({ code: 'network-record-old' });
  await rm(path);
  await expect(open()).rejects.toMatchObject({ code: 'network-record-missing' });
});
