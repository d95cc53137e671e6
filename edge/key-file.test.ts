import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createKeyFile, readFeeKey, readOracleKey, readProjectId } from './key-file.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edge-key-'));
  path = join(folder, 'oracle.json');
});
afterEach(() => rm(folder, { recursive: true, force: true }));
const codeOf = (act: Promise<unknown>): Promise<string> =>
  act.then(
    () => 'opened',
    (error: { code: string }) => error.code,
  );

test('a created key opens again, and its file is for its owner only', async () => {
  const secret = await createKeyFile(path, 'preprod', 'oracleKey');
  const read = await readOracleKey(path);
  expect([Buffer.from(read.secretKey).toString('hex'), read.network]).toEqual([secret, 'preprod']);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('cannot create a key over another', async () => {
  await createKeyFile(path, 'devnet', 'oracleKey');
  const before = await readFile(path, 'utf8');
  expect(await codeOf(createKeyFile(path, 'devnet', 'oracleKey'))).toBe('key-exists');
  expect(await readFile(path, 'utf8')).toBe(before);
});

test('cannot start with a key that others may read, and the message says what to do', async () => {
  await createKeyFile(path, 'devnet', 'oracleKey');
  await chmod(path, 0o640);
  await expect(readOracleKey(path)).rejects.toMatchObject({ code: 'key-open', message: expect.stringContaining('chmod 600') as string });
});

test('cannot use a missing, broken, foreign or mainnet key, and no message tells the secret', async () => {
  expect(await codeOf(readOracleKey(path))).toBe('key-missing');
  const secret = 'ab'.repeat(32);
  for (const text of [
    '{',
    `{"oracleKey":"${secret}"`,
    JSON.stringify({ version: 1, network: 'mainnet', oracleKey: secret }),
    JSON.stringify({ version: 2, network: 'devnet', oracleKey: secret }),
  ]) {
    await writeFile(path, text, { mode: 0o600 });
    const error = await readOracleKey(path).catch((e: Error & { code: string }) => e);
    expect(error).toMatchObject({ code: 'key-invalid' });
    expect(JSON.stringify([(error as Error).message, (error as Error).stack, String((error as Error).cause)])).not.toContain(secret);
  }
  await rm(path);
  await createKeyFile(path, 'preprod', 'paymentKey');
  expect(await codeOf(readFeeKey(path, 'devnet'))).toBe('key-invalid');
  expect(await codeOf(readOracleKey(path))).toBe('key-invalid');
});

test('cannot start with a chain project that others may read, or that is no id; no message tells it', async () => {
  const id = 'preprodAbC123';
  expect(await codeOf(readProjectId(path))).toBe('key-missing');
  await writeFile(path, `${id}\n`, { mode: 0o600 });
  expect(await readProjectId(path)).toBe(id);
  for (const mode of [0o640, 0o604, 0o620]) {
    await chmod(path, mode);
    await expect(readProjectId(path)).rejects.toMatchObject({ code: 'key-open', message: expect.stringContaining('chmod 600') as string });
  }
  await chmod(path, 0o600);
  for (const text of ['', ' \n', `${id}\r\nX-Header: 1`, 'x'.repeat(201)]) {
    await writeFile(path, text);
    const error = await readProjectId(path).catch((e: Error & { code: string }) => e);
    expect(error).toMatchObject({ code: 'key-invalid' });
    expect((error as Error).message).not.toContain(id);
  }
});
