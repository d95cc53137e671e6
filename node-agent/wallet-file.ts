// The wallet file of a headless service provider: one Ed25519 payment key of a test network, in a file that only its owner can read.
// Only `run` and `wallet` import this; an agent's `start` must never hold a wallet key.
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { addressOf } from '@nunet/contracts/address.ts';
import { keyHash, signTransaction } from '@nunet/contracts/sign.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { hex32, network, type Network } from '@nunet/shared/fields.ts';
import { z } from 'zod';

const walletFile = z.strictObject({
  version: z.literal(1),
  network,
  /** 32 bytes hex. */
  paymentKey: hex32,
});

/** A wallet that is open in this process. The key stays behind `sign`. */
export interface Wallet {
  readonly network: Network;
  /** Enterprise address of the payment key. */
  readonly address: string;
  /** Adds this key's witness to a transaction. */
  sign(transactionCbor: string): string;
}

const walletOf = (of: Network, paymentKey: string): Wallet => ({
  network: of,
  address: addressOf({ payment: { kind: 'key', hash: keyHash(paymentKey) } }),
  sign: (cbor) => signTransaction(cbor, [paymentKey]),
});

/** Makes a wallet file, mode 0600; never over an existing file. Throws `wallet-exists`. */
export async function createWalletFile(path: string, of: Network, random: (bytes: number) => Uint8Array = randomBytes): Promise<Wallet> {
  const paymentKey = Buffer.from(random(32)).toString('hex');
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(path, 'wx', 0o600).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'EEXIST') throw cause;
    throw new NunetError('wallet-exists', `Cannot create wallet ${path}: the file is there already and a key is never written over`, {
      cause,
    });
  });
  try {
    await file.writeFile(`${JSON.stringify({ version: 1, network: of, paymentKey }, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  return walletOf(of, paymentKey);
}

/** Opens a wallet file. Throws `wallet-missing`, `wallet-open` (others may read it), `wallet-newer`, `wallet-invalid`, `wallet-mainnet`. */
export async function openWalletFile(path: string): Promise<Wallet> {
  const info = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT') throw cause;
    throw new NunetError(
      'wallet-missing',
      `Cannot open wallet ${path}: no such file; make one with "nunet-agent wallet create --wallet ${path}"`,
      { cause },
    );
  });
  if ((info.mode & 0o077) !== 0) {
    const mode = (info.mode & 0o777).toString(8);
    throw new NunetError(
      'wallet-open',
      `Cannot open wallet ${path}: its mode is ${mode}, so others may read the key; run: chmod 600 ${path}`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new NunetError('wallet-invalid', `Cannot open wallet ${path}: it is not JSON`, { cause });
  }
  const loose = z.looseObject({ version: z.number().optional(), network: z.string().optional() }).safeParse(value);
  if (loose.success && loose.data.network === 'mainnet') {
    throw new NunetError('wallet-mainnet', `Cannot open wallet ${path}: it is for mainnet; this program handles test networks only`);
  }
  if (loose.success && (loose.data.version ?? 1) > 1) {
    throw new NunetError('wallet-newer', `Cannot open wallet ${path}: it is version ${loose.data.version}, this program knows version 1`);
  }
  const parsed = walletFile.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new NunetError(
      'wallet-invalid',
      `Cannot open wallet ${path}: ${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? 'not valid'}`,
    );
  }
  return walletOf(parsed.data.network, parsed.data.paymentKey);
}
