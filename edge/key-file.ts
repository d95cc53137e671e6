// Secret files of an edge, mode 0600: keys as JSON, one each, and the chain source's project id as text. Encryption at rest is the deployment's matter; the mode is ours.
import { open, readFile, stat } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { hexToBytes } from '@noble/hashes/utils.js';
import { z } from 'zod';
import { NunetError } from '@nunet/shared/errors.ts';
import { hex32, network, type Network } from '@nunet/shared/fields.ts';
import { parse } from '@nunet/shared/encoding.ts';

const oracleFile = z.strictObject({ version: z.literal(1), network, oracleKey: hex32 });
const feeFile = z.strictObject({ version: z.literal(1), network, paymentKey: hex32 });

/** Throws `key-missing`, `key-open` (others may read it). */
export async function readSecret(path: string, what: string, remedy: string): Promise<string> {
  const info = await stat(path).catch((cause: unknown) => {
    throw new NunetError('key-missing', `Cannot open ${what} ${path}: no such file; ${remedy}`, { cause });
  });
  if ((info.mode & 0o077) !== 0) {
    const mode = (info.mode & 0o777).toString(8);
    throw new NunetError('key-open', `Cannot open ${what} ${path}: its mode is ${mode}, so others may read it; run: chmod 600 ${path}`);
  }
  return readFile(path, 'utf8');
}

/** Throws `key-missing`, `key-open`, `key-invalid`. */
async function readKeyFile<T>(path: string, schema: z.ZodType<T>, what: string): Promise<T> {
  const text = await readSecret(path, what, 'make one with "node edge/create-keys.ts"');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // No cause: a parser's message quotes the text, which is a secret.
    throw new NunetError('key-invalid', `Cannot open ${what} ${path}: it is not JSON`);
  }
  try {
    return parse(schema, value, `${what} ${path}`);
  } catch (error) {
    throw new NunetError('key-invalid', (error as Error).message);
  }
}

/** The oracle's Ed25519 secret. */
export async function readOracleKey(path: string): Promise<{ secretKey: Uint8Array; network: Network }> {
  const file = await readKeyFile(path, oracleFile, 'oracle key');
  return { secretKey: hexToBytes(file.oracleKey), network: file.network };
}

/** The fee wallet's Ed25519 payment secret, hex. */
export async function readFeeKey(path: string, of: Network): Promise<string> {
  const file = await readKeyFile(path, feeFile, 'fee key');
  if (file.network !== of)
    throw new NunetError('key-invalid', `Cannot use fee key ${path}: it is for ${file.network}, the oracle key for ${of}`);
  return file.paymentKey;
}

/** The project id that a chain source asks for: whoever has it spends the operator's quota. */
export async function readProjectId(path: string): Promise<string> {
  const id = (await readSecret(path, 'chain project', "put the chain source's project id into it")).trim();
  // It goes into a header; no message tells it.
  if (!/^[\x21-\x7e]{1,200}$/.test(id))
    throw new NunetError('key-invalid', `Cannot use chain project ${path}: it does not hold one word of at most 200 characters`);
  return id;
}

/** Never over an existing file. Throws `key-exists`. */
export async function writeSecret(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'EEXIST') throw cause;
    throw new NunetError('key-exists', `Cannot create key ${path}: the file is there already and a key is never written over`, { cause });
  });
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** As `writeSecret`. Gives the secret, hex. */
export async function createKeyFile(path: string, of: Network, name: 'oracleKey' | 'paymentKey'): Promise<string> {
  const secret = randomBytes(32).toString('hex');
  await writeSecret(path, `${JSON.stringify({ version: 1, network: of, [name]: secret })}\n`);
  return secret;
}
