// The peer key file: made once, readable by its owner only.
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadPeerKey } from './identity.ts';

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'nunet-key-'))));
afterEach(() => rm(folder, { recursive: true }));

test('is made with mode 0600 and gives the same peer from then on', async () => {
  const path = join(folder, 'agent', 'peer.key');
  const made = await loadPeerKey(path);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await loadPeerKey(path)).peerId).toBe(made.peerId);
  expect(made.peerId).toMatch(/^12D3Koo/);
});

test('two first starts at once end with one key', async () => {
  const path = join(folder, 'peer.key');
  const keys = await Promise.all([loadPeerKey(path), loadPeerKey(path), loadPeerKey(path)]);
  expect(new Set(keys.map((key) => key.peerId)).size).toBe(1);
});

test('cannot be used while others may read it', async () => {
  const path = join(folder, 'peer.key');
  await loadPeerKey(path);
  await chmod(path, 0o640);
  await expect(loadPeerKey(path)).rejects.toMatchObject({ code: 'key-file-open', message: expect.stringContaining('chmod 600') as string });
});

test('a damaged file is refused, never replaced', async () => {
  const path = join(folder, 'peer.key');
  await writeFile(path, 'nonsense', { mode: 0o600 });
  await expect(loadPeerKey(path)).rejects.toMatchObject({ code: 'key-file-invalid' });
  expect(await readFile(path, 'utf8')).toBe('nonsense');
});
