// The blob store on a real disk: what is kept, what is refused, and what is left after a kill.
import { randomBytes } from 'node:crypto';
import { appendFile, chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cidOf, encode, rawCidOf } from '@nunet/shared/encoding.ts';
import { cutFile, MAX_BLOCK_BYTES } from '@nunet/shared/file-dag.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openBlobStore, type BlobStore } from './blobs.ts';

const jobId = cidOf(encode('job'));
const otherJob = cidOf(encode('other job'));
const content = randomBytes(3 * MAX_BLOCK_BYTES + 1_000);
const file = cutFile(content);

let folder: string;
let store: BlobStore;
const openStore = (maxBytes = 2 ** 30): Promise<BlobStore> => openBlobStore({ root: join(folder, 'blobs'), maxBytes });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nunet-blobs-'));
  store = await openStore();
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

/** Puts blocks of `content` by their index. */
async function putBlocks(indexes: readonly number[]): Promise<void> {
  for (const index of indexes) expect(await store.put(jobId, file.cid, file.node.blocks[index] ?? '', file.block(index))).toBe(true);
}
const all = [0, 1, 2, 3];

describe('a file that is taken over', () => {
  const written = async (bytes: Uint8Array): Promise<string> => {
    await mkdir(join(folder, 'work'), { recursive: true });
    const path = join(folder, 'work', 'out.bin');
    await writeFile(path, bytes);
    return path;
  };

  test('is served after it was deleted where it was, also after a restart, and counts as kept', async () => {
    const path = await written(content);
    expect(await store.adoptFile(jobId, path)).toEqual({ cid: file.cid, bytes: content.length });
    expect(await store.adoptFile(jobId, path)).toEqual({ cid: file.cid, bytes: content.length });
    expect(store.usedBytes).toBe(content.length);
    await rm(join(folder, 'work'), { recursive: true });
    await store.close();
    store = await openStore();
    expect(store.usedBytes).toBe(content.length);
    expect(store.files(jobId)).toEqual([{ cid: file.cid, bytes: content.length, imported: false, missingBlocks: 0 }]);
    expect(content.equals(await readFile(await store.pathOf(jobId, file.cid)))).toBe(true);
    expect(await readdir(join(folder, 'blobs', jobId))).toEqual([file.cid]);
  });

  test('cannot be one that lies outside of the folder it must lie in', async () => {
    const path = await written(content);
    await mkdir(join(folder, 'other'));
    await symlink(path, join(folder, 'other', 'link'));
    const taken = store.adoptFile(jobId, join(folder, 'other', 'link'), { within: join(folder, 'other') });
    await expect(taken).rejects.toMatchObject({ code: 'file-outside' });
  });

  test('stays when others of its job are forgotten', async () => {
    await store.putBytes(jobId, randomBytes(1_000));
    await store.adoptFile(jobId, await written(content));
    await store.retain(jobId, new Set([file.cid]));
    expect(store.files(jobId).map(({ cid }) => cid)).toEqual([file.cid]);
    expect(store.usedBytes).toBe(content.length);
    expect(await readdir(join(folder, 'blobs', jobId))).toEqual([file.cid]);
  });
});

describe('a file that arrives block by block', () => {
  test('is whole once the last block is here, in any order, and is saved at once under its name', async () => {
    await store.begin(jobId, file.nodeBytes, file.cid);
    expect(store.missing(jobId, file.cid)).toEqual(file.node.blocks);
    await putBlocks([3, 0, 2]);
    expect(store.missing(jobId, file.cid)).toEqual([file.node.blocks[1]]);
    await expect(store.saveAs(jobId, file.cid, join(folder, 'out'), 'model.onnx')).rejects.toMatchObject({ code: 'file-incomplete' });
    await putBlocks([1]);
    const saved = await store.saveAs(jobId, file.cid, join(folder, 'out'), 'model.onnx');
    expect(saved).toBe(join(folder, 'out', 'model.onnx'));
    expect(content.equals(await readFile(saved))).toBe(true);
    expect(await readdir(join(folder, 'out'))).toEqual(['model.onnx']);
    expect(content.equals(await readFile(await store.pathOf(jobId, file.cid)))).toBe(true);
  });

  test('gives its node and its blocks back, and nothing of what has not come', async () => {
    await store.begin(jobId, file.nodeBytes, file.cid);
    await putBlocks([1]);
    expect(await store.read(jobId, file.cid)).toEqual(Buffer.from(file.nodeBytes));
    expect(Buffer.from((await store.read(jobId, file.node.blocks[1] ?? '')) ?? [])).toEqual(Buffer.from(file.block(1)));
    expect(await store.read(jobId, file.node.blocks[0] ?? '')).toBeNull();
    expect(await store.read(otherJob, file.node.blocks[1] ?? '')).toBeNull();
  });

  test('an empty file is whole from the start; equal blocks are asked for once', async () => {
    const empty = cutFile(new Uint8Array());
    await store.begin(jobId, empty.nodeBytes, empty.cid);
    expect(await readFile(await store.saveAs(jobId, empty.cid, folder, 'empty'))).toHaveLength(0);
    const zeros = cutFile(new Uint8Array(3 * MAX_BLOCK_BYTES + 5));
    await store.begin(jobId, zeros.nodeBytes, zeros.cid);
    const missing = store.missing(jobId, zeros.cid);
    expect(missing).toHaveLength(2);
    for (const cid of missing)
      expect(await store.put(jobId, zeros.cid, cid, cid === missing[0] ? zeros.block(0) : zeros.block(3))).toBe(true);
    expect((await readFile(await store.pathOf(jobId, zeros.cid))).equals(new Uint8Array(3 * MAX_BLOCK_BYTES + 5))).toBe(true);
  });

  test('goes on after a restart from what had come', async () => {
    await store.begin(jobId, file.nodeBytes, file.cid);
    await putBlocks([0, 2]);
    await store.close();
    store = await openStore();
    expect(store.files(jobId)).toEqual([{ cid: file.cid, bytes: content.length, imported: false, missingBlocks: 2 }]);
    expect(store.missing(jobId, file.cid)).toEqual([file.node.blocks[1], file.node.blocks[3]]);
    await putBlocks([1, 3]);
    expect(content.equals(await readFile(await store.pathOf(jobId, file.cid)))).toBe(true);
  });

  test('blocks that the disk lost are found before the file is used, and wanted again', async () => {
    await store.begin(jobId, file.nodeBytes, file.cid);
    await putBlocks(all);
    const path = await store.pathOf(jobId, file.cid);
    await store.close();
    const bytes = await readFile(path);
    bytes.fill(0, MAX_BLOCK_BYTES, MAX_BLOCK_BYTES + 10);
    await writeFile(path, bytes);
    store = await openStore();
    await expect(store.pathOf(jobId, file.cid)).rejects.toMatchObject({ code: 'file-incomplete' });
    expect(store.missing(jobId, file.cid)).toEqual([file.node.blocks[1]]);
    await putBlocks([1]);
    expect(content.equals(await readFile(await store.pathOf(jobId, file.cid)))).toBe(true);
  });

  test('a mark that a kill cut in half, and a folder that was half made, do no harm', async () => {
    await store.begin(jobId, file.nodeBytes, file.cid);
    await putBlocks([0]);
    await store.close();
    await appendFile(join(folder, 'blobs', jobId, file.cid, 'have'), Uint8Array.of(0, 0));
    await mkdir(join(folder, 'blobs', jobId, 'tmp-0011'), { recursive: true });
    await mkdir(join(folder, 'blobs', otherJob, file.cid), { recursive: true });
    store = await openStore();
    await putBlocks([1]);
    await store.close();
    store = await openStore();
    expect(store.missing(jobId, file.cid)).toEqual([file.node.blocks[2], file.node.blocks[3]]);
    expect(await readdir(join(folder, 'blobs', jobId))).toEqual([file.cid]);
    expect(store.files(otherJob)).toEqual([]);
  });

  test('two fetches of the same file at once do not disturb each other', async () => {
    await Promise.all([store.begin(jobId, file.nodeBytes, file.cid), store.begin(jobId, file.nodeBytes, file.cid)]);
    expect(store.usedBytes).toBe(content.length);
    await Promise.all([putBlocks(all), putBlocks(all.toReversed())]);
    expect(content.equals(await readFile(await store.pathOf(jobId, file.cid)))).toBe(true);
  });
});

describe('a local file', () => {
  test('is taken where it lies, without a copy, and served with the same CID as in memory', async () => {
    const path = join(folder, 'weights.bin');
    await writeFile(path, content);
    expect(await store.importFile(jobId, path)).toEqual({ cid: file.cid, bytes: content.length });
    expect(store.usedBytes).toBe(0);
    expect(await store.pathOf(jobId, file.cid)).toBe(path);
    expect(await store.read(jobId, file.node.blocks[3] ?? '')).toEqual(new Uint8Array(file.block(3)));
    await store.close();
    store = await openStore();
    expect(await store.read(jobId, file.node.blocks[0] ?? '')).toEqual(new Uint8Array(file.block(0)));
  });

  test('cannot be served once it has changed, shrunk or gone', async () => {
    const path = join(folder, 'weights.bin');
    await writeFile(path, content);
    await store.importFile(jobId, path);
    const changed = Buffer.from(content);
    changed[10] = (changed[10] ?? 0) ^ 1;
    await writeFile(path, changed);
    expect(await store.read(jobId, file.node.blocks[0] ?? '')).toBeNull();
    expect(await store.read(jobId, file.node.blocks[1] ?? '')).not.toBeNull();
    await truncate(path, MAX_BLOCK_BYTES);
    expect(await store.read(jobId, file.node.blocks[1] ?? '')).toBeNull();
    await rm(path);
    expect(await store.read(jobId, file.node.blocks[1] ?? '')).toBeNull();
  });

  test('cannot be a link out of the folder that a job may write to', async () => {
    const work = join(folder, 'work');
    await mkdir(work);
    await mkdir(join(folder, 'work-of-another'));
    await writeFile(join(folder, 'work-of-another', 'secret'), 'secret');
    await writeFile(join(work, 'honest'), 'honest');
    await symlink(join(folder, 'work-of-another', 'secret'), join(work, 'link'));
    await expect(store.importFile(jobId, join(work, 'link'), { within: work })).rejects.toMatchObject({ code: 'file-outside' });
    await expect(store.importFile(jobId, join(work, '../work-of-another/secret'), { within: work })).rejects.toMatchObject({
      code: 'file-outside',
    });
    expect((await store.importFile(jobId, join(work, 'honest'), { within: work })).bytes).toBe(6);
  });

  test('that is not there, or a folder, is refused with its name', async () => {
    await expect(store.importFile(jobId, join(folder, 'none'))).rejects.toMatchObject({ code: 'file-missing' });
    await expect(store.importFile(jobId, folder)).rejects.toMatchObject({ code: 'file-missing' });
  });
});

describe('what a stranger sends', () => {
  test('cannot be kept when its hash or length is wrong', async () => {
    await expect(store.begin(jobId, file.nodeBytes, cidOf(encode('x')))).rejects.toMatchObject({ code: 'block-mismatch' });
    await store.begin(jobId, file.nodeBytes, file.cid);
    const wrong = Buffer.from(file.block(0));
    wrong[0] = (wrong[0] ?? 0) ^ 1;
    expect(await store.put(jobId, file.cid, file.node.blocks[0] ?? '', wrong)).toBe(false);
    expect(await store.put(jobId, file.cid, file.node.blocks[0] ?? '', file.block(0).subarray(1))).toBe(false);
    expect(await store.put(jobId, file.cid, rawCidOf(Uint8Array.of(1)), Uint8Array.of(1))).toBe(false);
    expect(store.missing(jobId, file.cid)).toHaveLength(4);
  });

  test('cannot fill the disk: a file above the free room is refused before any of it comes', async () => {
    await store.close();
    store = await openStore(content.length + 100);
    await store.begin(jobId, file.nodeBytes, file.cid);
    const second = cutFile(randomBytes(101));
    await expect(store.begin(otherJob, second.nodeBytes, second.cid)).rejects.toMatchObject({ code: 'store-full' });
    await store.remove(jobId);
    expect(store.usedBytes).toBe(0);
    await store.begin(otherJob, second.nodeBytes, second.cid);
    await store.close();
    store = await openStore(content.length + 100);
    expect(store.usedBytes).toBe(101);
  });

  test.each(['../escape', '/etc/passwd', 'a/b', '..', '.', '', 'a\0b', 'x'.repeat(101), '.hidden'])(
    'cannot be saved as %j',
    async (name) => {
      const { cid } = await store.putBytes(jobId, Uint8Array.of(1));
      await expect(store.saveAs(jobId, cid, join(folder, 'out'), name)).rejects.toMatchObject({ code: 'file-name-invalid' });
      await expect(stat(join(folder, 'out'))).rejects.toMatchObject({ code: 'ENOENT' });
    },
  );

  test('cannot climb out of the store by a job id or CID that is a path', async () => {
    for (const bad of ['../../etc', '..', '/tmp/x', `${file.cid}/../x`]) {
      await expect(store.begin(bad, file.nodeBytes, file.cid)).rejects.toMatchObject({ code: 'cid-invalid' });
      await expect(store.begin(jobId, file.nodeBytes, bad)).rejects.toMatchObject({ code: 'cid-invalid' });
      expect(await store.read(bad, bad)).toBeNull();
    }
  });

  test('cannot write over a file or through a symlink; the same content again is fine', async () => {
    const out = join(folder, 'out');
    await mkdir(out);
    const { cid } = await store.putBytes(jobId, Uint8Array.of(1, 2, 3));
    await writeFile(join(out, 'y.npy'), 'precious');
    await expect(store.saveAs(jobId, cid, out, 'y.npy')).rejects.toMatchObject({ code: 'output-exists' });
    expect(await readFile(join(out, 'y.npy'), 'utf8')).toBe('precious');
    await writeFile(join(folder, 'victim'), 'precious');
    await symlink(join(folder, 'victim'), join(out, 'link'));
    await expect(store.saveAs(jobId, cid, out, 'link')).rejects.toMatchObject({ code: 'output-exists' });
    expect(await readFile(join(folder, 'victim'), 'utf8')).toBe('precious');
    await store.saveAs(jobId, cid, out, 'z.npy');
    await store.saveAs(jobId, cid, out, 'z.npy');
    expect((await readdir(out)).sort()).toEqual(['link', 'y.npy', 'z.npy']);
  });
});

test('removing a job frees its room, leaves imported files and other jobs alone', async () => {
  const path = join(folder, 'weights.bin');
  await writeFile(path, content);
  await store.importFile(jobId, path);
  await store.putBytes(jobId, Uint8Array.of(1));
  const kept = await store.putBytes(otherJob, Uint8Array.of(2));
  await store.remove(jobId);
  expect(store.files(jobId)).toEqual([]);
  expect((await stat(path)).size).toBe(content.length);
  expect(await store.read(otherJob, kept.cid)).not.toBeNull();
  expect(await readdir(join(folder, 'blobs'))).not.toContain(jobId);
});

test('a store of a newer program is refused', async () => {
  await store.close();
  await writeFile(join(folder, 'blobs', 'version'), '2');
  await expect(openStore()).rejects.toMatchObject({ code: 'store-version' });
  await writeFile(join(folder, 'blobs', 'version'), '1');
  store = await openStore();
});

test('its folders and files are its owner’s only', async () => {
  await chmod(folder, 0o755);
  const { cid } = await store.putBytes(jobId, Uint8Array.of(1));
  const blob = join(folder, 'blobs', jobId, cid);
  expect((await stat(join(folder, 'blobs'))).mode & 0o077).toBe(0);
  expect((await stat(blob)).mode & 0o077).toBe(0);
  for (const name of await readdir(blob)) expect((await stat(join(blob, name))).mode & 0o077).toBe(0);
});
