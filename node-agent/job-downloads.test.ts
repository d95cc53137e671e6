import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContainerProgram, Download } from '@nunet/shared/container-program.ts';
import type { JobSpec } from '@nunet/shared/job-spec.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testCertificate } from './fetch/test-certificate.ts';
import { downloadBytes, fetchDownloads, PUBLIC_WEB } from './job-downloads.ts';

const { key, cert } = testCertificate(['files.example']);
const files: Record<string, string> = { 'train.py': 'print("hello")', 'data.csv': 'x,y\n1,2\n' };
let reached = 0;
const server = createServer({ key, cert }, ({ url = '' }, response) => {
  reached += 1;
  response.end(files[url.slice(1)] ?? 'unknown');
});
let folder: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  folder = await mkdtemp(join(tmpdir(), 'nunet-downloads-'));
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

const download = (name: string, text = files[name] ?? ''): Download => ({
  name,
  url: `https://files.example/${name}`,
  sha256: createHash('sha256').update(text).digest('hex'),
  bytes: Buffer.byteLength(text),
});
function specWith(downloads: Download[]): JobSpec {
  const program: ContainerProgram = {
    kind: 'container',
    run: { type: 'script', base: 'scikit-learn', script: 'train.py', arguments: [], dependencies: [] },
    environment: {},
    downloads,
    checkpointEveryMs: null,
    resumeFrom: null,
  };
  return { program } as JobSpec;
}
const web = () => ({
  access: { resolve: async () => ['127.0.0.1'], certificates: [cert], tlsPort: (server.address() as AddressInfo).port },
  isAllowedAddress: (address: string) => address === '127.0.0.1',
});
const rest = { hosts: ['files.example'], signal: new AbortController().signal };

test("a job's files land in its own folder, with progress over all of them, and stay there", async () => {
  const spec = specWith([download('train.py'), download('data.csv')]);
  const told: number[] = [];
  const ask = async () => fetchDownloads(spec, join(folder, 'one'), { ...web(), ...rest, onBytes: (done) => told.push(done) });
  const pathOf = await ask();
  expect(await readFile(pathOf('train.py') ?? '', 'utf8')).toBe('print("hello")');
  expect(await readFile(pathOf('data.csv') ?? '', 'utf8')).toBe('x,y\n1,2\n');
  expect(pathOf('other.csv')).toBeNull();
  expect(told.at(-1)).toBe(downloadBytes(spec));
  // After a restart of the agent nothing comes twice.
  const before = reached;
  await ask();
  expect(reached).toBe(before);
});

test('cannot run a script whose content changed between quote and run', async () => {
  const spec = specWith([download('train.py', 'print("HELLO")')]);
  const ask = fetchDownloads(spec, join(folder, 'two'), { ...web(), ...rest, onBytes: () => undefined });
  await expect(ask).rejects.toMatchObject({ code: 'download-changed', message: expect.stringContaining('file train.py') });
});

test('cannot reach inside with the way that agents use', async () => {
  const spec = specWith([{ ...download('train.py'), url: 'https://127.0.0.1/train.py' }]);
  const ask = fetchDownloads(spec, join(folder, 'three'), { ...PUBLIC_WEB, ...rest, hosts: ['*'], onBytes: () => undefined });
  await expect(ask).rejects.toMatchObject({ code: 'download-address' });
});
