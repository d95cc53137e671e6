// PayoutFile: the agent's payout statements with their signatures, all of them from the first on, beside its configuration.
import { randomBytes } from 'node:crypto';
import { open, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { NunetError } from '@nunet/shared/errors.ts';
import type { Network } from '@nunet/shared/fields.ts';
import type { PayoutSignature, PayoutStatement } from '@nunet/shared/payout-statement.ts';
import { z } from 'zod';
import { checkPayoutTime, openPayout } from './payout-proof.ts';

const VERSION = 1;
const MAX_STATEMENTS = 1_000;
/** Two signatures of at most 3,000 hex digits each, and keys, for every statement. */
const MAX_FILE_BYTES = 8 * 2 ** 20;

const hex = z
  .string()
  .max(3_000)
  .regex(/^([0-9a-f]{2})+$/);
const payoutFile = z.strictObject({
  version: z.literal(VERSION),
  /** One entry a statement, in order: the signatures hold the text that they sign. */
  statements: z
    .array(
      z
        .array(z.strictObject({ signature: hex, key: hex }))
        .min(1)
        .max(2),
    )
    .max(MAX_STATEMENTS),
});

export const payoutPathOf = (dataPath: string): string => join(dataPath, 'payout.json');

export interface ProvenPayouts {
  proofs: readonly (readonly PayoutSignature[])[];
  /** The last statement; null: none yet. */
  last: PayoutStatement | null;
}

/** Every statement is checked against the one before it. Throws `payout-file-*`, `payout-*`. */
export async function readPayouts(path: string, of: { network: Network; agent: string }): Promise<ProvenPayouts> {
  const info = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (info === null) return { proofs: [], last: null };
  if ((info.mode & 0o022) !== 0) throw new NunetError('payout-file-open', `Cannot use ${path}: others may change it; run chmod 600 on it`);
  if (info.size > MAX_FILE_BYTES) throw new NunetError('payout-file-invalid', `Cannot use ${path}: it is longer than any such file`);
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new NunetError('payout-file-invalid', `Cannot use ${path}: not JSON; restore it from a backup`, { cause });
  }
  const version = z.object({ version: z.int() }).safeParse(value);
  if (version.success && version.data.version > VERSION)
    throw new NunetError('payout-file-newer', `Cannot use ${path}: it is version ${version.data.version}, this program knows ${VERSION}`);
  const parsed = payoutFile.safeParse(value);
  if (!parsed.success)
    throw new NunetError(
      'payout-file-invalid',
      `Cannot use ${path}: ${parsed.error.issues[0]?.message ?? 'not valid'}; restore it from a backup`,
    );
  let last: PayoutStatement | null = null;
  for (const proofs of parsed.data.statements) last = openPayout(proofs, { ...of, before: last });
  return { proofs: parsed.data.statements, last };
}

/** Takes one more statement, for the address that the owner named: checked, then on disk, whole or not at all. Throws `payout-*`. */
export async function takePayout(
  path: string,
  proofs: readonly PayoutSignature[],
  { network, agent, address, now }: { network: Network; agent: string; address: string; now: number },
): Promise<PayoutStatement> {
  const kept = await readPayouts(path, { network, agent });
  const statement = openPayout(proofs, { network, agent, before: kept.last });
  // Anybody can sign a first statement for an address of their own.
  if (statement.address !== address)
    throw new NunetError(
      'payout-other-address',
      `Cannot take the payout statement: it is for ${statement.address}, want one for ${address}`,
    );
  checkPayoutTime(statement, now);
  if (kept.proofs.length >= MAX_STATEMENTS)
    throw new NunetError('payout-file-full', `Cannot take the payout statement: ${path} holds ${MAX_STATEMENTS}, want fewer`);
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(`${JSON.stringify({ version: VERSION, statements: [...kept.proofs, proofs] }, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  return statement;
}

const SOON_MS = 30 * 86_400_000;

/**
 * May an agent work for this address? The words of a warning, or null. Throws `payout-unproven`, `payout-address-differs`,
 * `payout-expired` and what reading throws: pay is never sent where the wallet did not say so.
 */
export function payoutAtStart(
  last: PayoutStatement | null,
  { address, network, now, allowUnproven }: { address: string; network: Network; now: number; allowUnproven: boolean },
): string | null {
  if (last === null) {
    if (network !== 'devnet' && !allowUnproven)
      throw new NunetError(
        'payout-unproven',
        `Cannot start: no wallet has signed that pay may go to ${address}; run "nunet-agent payout prove", or give --payout-unproven`,
      );
    return `No wallet has signed that pay may go to ${address}: "nunet-agent payout prove" shows what to sign.`;
  }
  if (last.address !== address)
    throw new NunetError(
      'payout-address-differs',
      `Cannot start: the configuration pays ${address}, the wallet signed ${last.address}; change it with "nunet-agent payout change"`,
    );
  if (last.expiresAt <= now)
    throw new NunetError(
      'payout-expired',
      `Cannot start: the payout statement was valid until ${new Date(last.expiresAt).toISOString()}; run "nunet-agent payout renew"`,
    );
  return last.expiresAt - now < SOON_MS
    ? `The payout statement is valid until ${new Date(last.expiresAt).toISOString()}: renew it with "nunet-agent payout renew".`
    : null;
}
